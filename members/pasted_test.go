package members

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Rows that were pasted over others are told by their number, which is that of the members who are missing.
func TestThousandsOfRowsPastedOverOthers(t *testing.T) {
	t.Parallel()
	const n = 1500
	var roster strings.Builder
	if err := Sample(&roster, n, 5); err != nil {
		t.Fatal(err)
	}
	known := strings.SplitAfter(strings.TrimSuffix(roster.String(), "\n"), "\n")
	head, known := known[0], known[1:]
	known[n-1] += "\n"
	over := func(to, from, count int) []string {
		rows := slices.Clone(known)
		copy(rows[to:to+count], known[from:from+count])
		return rows
	}
	random := rand.New(rand.NewPCG(1, 2))
	scattered := slices.Clone(known)
	for _, i := range random.Perm(n / 2)[:30] {
		scattered[i+n/2] = known[random.IntN(n/2)]
	}
	fresh := over(900, 200, 10)
	fresh[900] = "999999998,NUEVO,SOLO,,1990-01-01,A,2026-11-01,\n"
	filled := slices.Clone(known)
	for i := range 12 {
		filled[701+i] = known[700]
	}
	joined := slices.Clone(known[:n-20])
	for i := range 12 {
		joined = append(joined, joined[i*3])
	}
	for name, test := range map[string]struct {
		rows         []string
		again, ended int // of the report, 0 if nothing is told
		held         bool
	}{
		"a block":                         {over(900, 200, 60), 60, 60, true},
		"a block below":                   {over(200, 900, 60), 60, 60, true},
		"five rows":                       {over(900, 200, 5), 5, 5, true},
		"a block, and others left":        {over(900, 200, 40)[:n-15], 40, 55, true},
		"a block, partly over new ones":   {fresh, 9, 10, true},
		"scattered":                       {scattered, 30, 30, true},
		"filled down":                     {filled, 12, 12, true},
		"one row":                         {over(900, 200, 1), 1, 1, false},
		"two rows":                        {over(900, 200, 2), 2, 2, false},
		"a page twice, nobody is missing": {append(slices.Clone(known), known[200:260]...), 0, 0, false},
		"some leave":                      {known[:n-30], 0, 0, false},
		"rows joined twice, some leave":   {joined, 0, 0, false},
	} {
		f := newFixture(t)
		f.load(t, roster.String())
		file := head + strings.Join(test.rows, "")
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{DryRun: true})
		_, isHeld := errors.AsType[*PastedError](err)
		if isHeld != test.held || !isHeld && err != nil || report.PastedRows != test.again || report.PastedOver != test.ended {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowDoubtful: true}); err != nil {
			t.Errorf("%s, meant: %v", name, err)
		}
	}
}
