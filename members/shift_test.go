package members

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A few lines with what the row beside had, or with both names new, are held: nobody's account may show another person's data.
func TestShiftedRowsAreHeld(t *testing.T) {
	t.Parallel()
	const n = 100
	type person struct{ first, last, born string }
	letter := func(i int) string { return string(rune('A'+i/26)) + string(rune('A'+i%26)) }
	people := func() (all []person) {
		for i := range n {
			all = append(all, person{"N" + letter(i), "SOTO" + letter(i), fmt.Sprintf("%d-03-14", 1900+i)})
		}
		all[91].last = all[90].last
		return all
	}
	file := func(all []person) string {
		var lines strings.Builder
		for i, p := range all {
			fmt.Fprintf(&lines, "%09d,%s,%s,,%s,A,,\n", i, p.first, p.last, p.born)
		}
		return header + lines.String()
	}
	for name, test := range map[string]struct {
		change  func(is, was []person)
		held    int
		says    string
		changed int
	}{
		"names one row down":      {func(is, was []person) { copyPeople(is[10:14], was[9:13], true, true, false) }, 4, "row above or below", 0},
		"names one row up":        {func(is, was []person) { copyPeople(is[10:14], was[11:15], true, true, false) }, 4, "row above or below", 0},
		"first names down":        {func(is, was []person) { copyPeople(is[10:14], was[9:13], true, false, false) }, 4, "row above or below", 0},
		"last names down":         {func(is, was []person) { copyPeople(is[10:14], was[9:13], false, true, false) }, 4, "row above or below", 0},
		"birth dates down":        {func(is, was []person) { copyPeople(is[10:14], was[9:13], false, false, true) }, 4, "row above or below", 0},
		"two birth dates swapped": {func(is, was []person) { is[10].born, is[11].born = was[11].born, was[10].born }, 2, "row above or below", 0},
		"a first name pasted":     {func(is, was []person) { is[10].first = was[11].first }, 1, "row above or below", 0},
		"a twin's birth date":     {func(is, was []person) { is[90].born = was[91].born }, 0, "", 1},
		"a stranger's birth date": {func(is, was []person) { is[10].born = was[9].born }, 1, "row above or below", 0},
		"that of the row below":   {func(is, was []person) { is[10].born = was[11].born }, 1, "row above or below", 0},
		"birth dates filled down": {func(is, was []person) {
			is[11].born, is[12].born, is[13].born = was[10].born, was[10].born, was[10].born
		}, 3, "filled down", 0},
		"last name filled down": {func(is, was []person) {
			is[11].last, is[12].last, is[13].last = was[10].last, was[10].last, was[10].last
		}, 3, "filled down", 0},
		"last name filled up": {func(is, was []person) {
			is[11].last, is[12].last, is[13].last = was[14].last, was[14].last, was[14].last
		}, 3, "filled down", 0},
		"names swapped": {func(is, was []person) {
			for i := 20; i < 24; i++ {
				is[i].first, is[i].last = was[i].last, was[i].first
			}
		}, 4, "the other way round", 0},
		"both names new":                    {func(is, _ []person) { is[20].first, is[20].last = "EVA", "PAZ" }, 1, "another first and another last name", 0},
		"married to the row above":          {func(is, was []person) { is[20].last = was[19].last }, 0, "", 1},
		"a mother and her child marry into": {func(is, was []person) { is[20].last, is[21].last = was[19].last, was[19].last }, 0, "", 2},
		"names and dates put right":         {func(is, _ []person) { is[20].first, is[30].last, is[40].born = "EVA", "PAZ", "1990-01-01" }, 0, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.load(t, file(people()))
			is := people()
			test.change(is, people())
			var held []LineError
			var changed []string
			o := ImportOptions{Held: func(e LineError) { held = append(held, e) }, Changing: func(e LineError) { changed = append(changed, e.Error()) }}
			dry := o
			dry.DryRun, dry.AllowDoubtful = true, true
			if report, err := f.Import(t.Context(), strings.NewReader(file(is)), dry); err != nil || report.Held != 0 || report.Changed != test.held+test.changed || len(changed) != report.Changed {
				t.Errorf("with AllowDoubtful: %+v, %v, changed %q", report, err, changed)
			}
			if len(changed) > 0 && (!strings.HasPrefix(changed[0], "line ") || !strings.Contains(changed[0], ": changes ")) {
				t.Errorf("changed lines %q", changed)
			}
			held, changed = nil, nil
			report, err := f.Import(t.Context(), strings.NewReader(file(is)), o)
			if err != nil || report.Held != test.held || report.Changed != test.changed || len(changed) != test.changed || len(held) != test.held {
				t.Fatalf("Import = %+v, %v, held %v, changed %q, want %d held", report, err, held, changed, test.held)
			}
			if test.held == 0 {
				return
			}
			var lines []int
			for _, e := range held {
				lines = append(lines, e.Line)
				if !strings.Contains(e.Problem, test.says) {
					t.Errorf("%s, want %q", e.Error(), test.says)
				}
			}
			slices.Sort(lines)
			if m, err := f.Find(t.Context(), fmt.Sprintf("%09d", lines[0]-2)); err != nil || m.FirstName != people()[lines[0]-2].first || m.BirthDate.String() != people()[lines[0]-2].born {
				t.Errorf("a held member = %+v, %v, want as before", m, err)
			}
			again, err := f.Import(t.Context(), strings.NewReader(file(is)), ImportOptions{})
			if err != nil || !again.Repeated || again.Held != test.held || again.Review != report.Review {
				t.Errorf("again: %+v, %v, want the same list", again, err)
			}
			decided, err := f.Import(t.Context(), strings.NewReader(file(is)), ImportOptions{SamePerson: lines, Review: report.Review})
			if err != nil || decided.Held != 0 || decided.Changed != test.held {
				t.Errorf("decided: %+v, %v", decided, err)
			}
		})
	}
}

func copyPeople[P ~struct{ first, last, born string }](to, from []P, first, last, born bool) {
	for i := range to {
		a, b := struct{ first, last, born string }(to[i]), struct{ first, last, born string }(from[i])
		if first {
			a.first = b.first
		}
		if last {
			a.last = b.last
		}
		if born {
			a.born = b.born
		}
		to[i] = P(a)
	}
}
