package members

import (
	"fmt"
	"strings"
	"testing"
)

// A column of names that was cut at one width changes nobody, whether a name loses one letter there or more.
func TestNamesCutAtOneWidth(t *testing.T) {
	t.Parallel()
	firsts := []string{"ANA", "JUAN CARLOS", "MARÍA JOSÉ", "ANNE MARIE", "LUIS", "BEGOÑA"}
	lasts := []string{"ZARZAMÓN", "VALDEMORANTA", "OLIVARZO VALDEMORANTA", "ZARZAMÓN ZARZAMÓN", "OLIVARZO ASHBOUR PAZ", "OLIVARZO-ZARZAMÓN", "ASHBOURNEY-PAZ VALDEMORANTA"}
	type name struct{ first, last string }
	roster := func(change func(i int, n *name)) string {
		var out strings.Builder
		out.WriteString(header)
		for i := range 600 {
			n := name{"ANA", "PAZ"}
			if i%40 < 6 {
				n = name{firsts[i%40], lasts[i/40%7]}
			}
			if change != nil {
				change(i, &n)
			}
			fmt.Fprintf(&out, "9%08d,%s,%s,,%s,A,,\n", i, n.first, n.last, Date{1930 + i%80, 1 + i/80, 3})
		}
		return out.String()
	}
	left := func(s string, n int) string { return strings.TrimSpace(string([]rune(s)[:min(n, len([]rune(s)))])) }
	for title, test := range map[string]struct {
		change  func(i int, n *name)
		changed int // of those who are taken
	}{
		"first names, where each loses a letter": {func(_ int, n *name) { n.first = left(n.first, 10) }, 0},
		"last names, one letter or several":      {func(_ int, n *name) { n.last = left(n.last, 16) }, 0},
		"last names, where few are so long":      {func(_ int, n *name) { n.last = left(n.last, 20) }, 0},
		"two that lose a letter": {func(i int, n *name) {
			if i == 1 || i == 41 {
				n.first = "JUAN CARLO"
			}
		}, 2},
		"longer names beside": {func(i int, n *name) {
			if i%280 == 1 {
				n.last = "ZARZAMÓ"
			}
		}, 3},
	} {
		f := newFixture(t)
		f.load(t, roster(nil))
		report, err := f.Import(t.Context(), strings.NewReader(roster(test.change)), ImportOptions{})
		if err != nil || report.Changed != test.changed || report.Held > 0 || test.changed == 0 && report.Kept == 0 {
			t.Errorf("%s: %+v, %v, want %d changed, the others kept", title, report, err, test.changed)
		}
	}
}
