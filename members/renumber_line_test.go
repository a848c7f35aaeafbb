package members

import (
	"strings"
	"testing"
)

// twins share last name and birth date: one with the other's number looks like a first name that was put right.
const (
	twinAna = "900000620,ANA,PAZ,,1990-01-01,A,2025-01-01,\n"
	twinEva = "900000621,EVA,PAZ,,1990-01-01,A,2025-01-01,\n"
)

// Whatever else is the matter with the line that has a wrong number, its member does not end.
func TestWrongNumberAndMoreEndsNobody(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines       string
		held        int
		wasRejected int
	}{
		"a twin's number, whose line is missing": {strings.Replace(twinAna, "900000620", "900000621", 1), 1, 0},
		"a twin's number, in two lines":          {strings.Repeat(strings.Replace(twinAna, "900000620", "900000621", 1), 2), 1, 0},
		"and a program that is none":             {twinEva + "900000602,ANA,PAZ,,1990-01-01,E,2025-01-01,\n", 0, 1},
		"and coverage that is no date":           {twinEva + "900000602,ANA,PAZ,,1990-01-01,A,soon,\n", 0, 1},
		"another member's, and a program":        {"900000621,ANA,PAZ,,1990-01-01,E,2025-01-01,\n", 0, 1},
	} {
		f := newFixture(t)
		f.load(t, header+noah+twinAna+twinEva)
		var said []string
		collect := func(e LineError) { said = append(said, e.Error()) }
		report, err := f.Import(t.Context(), strings.NewReader(header+noah+test.lines), ImportOptions{Held: collect, Note: collect})
		if err != nil || report.Ended != 0 || report.Held != test.held || report.Rejected != test.wasRejected || report.Changed+report.Added != 0 {
			t.Errorf("%s: Import = %+v, %v, want nobody ended, added or changed", name, report, err)
		}
		var absent []string
		for _, line := range said {
			if strings.Contains(line, "who is not in the file") {
				absent = append(absent, line)
			}
		}
		if len(absent) != 1 {
			t.Errorf("%s: said %q, want the member remarked on", name, said)
		}
		for number, first := range map[string]string{"900000620": "ANA", "900000621": "EVA"} {
			if m, err := f.Find(t.Context(), number); err != nil || m.Ended || m.FirstName != first {
				t.Errorf("%s: %s is %+v, %v, want %s as before", name, number, m, err, first)
			}
		}
	}
}

// The twin's line is decided on like any other: it may be right, or the number may have gone to the sister.
func TestTwinsLineIsDecided(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+noah+twinAna+twinEva)
	file := header + noah + strings.Replace(twinAna, "900000620", "900000621", 1)
	held := f.load(t, file)
	dry, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true, OtherPerson: []int{3}, Review: held.Review, DryRun: true})
	if err != nil || dry.Added != 0 || dry.Ended != 0 || dry.Changed != 1 {
		t.Errorf("another person: %+v, %v, want the sister's row changed", dry, err)
	}
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true, SamePerson: []int{3}, Review: held.Review})
	if m, findErr := f.Find(t.Context(), "900000621"); err != nil || findErr != nil || report.Changed != 1 || report.Ended != 1 || m.FirstName != "ANA" {
		t.Errorf("the same person: %+v, %v; the member is %+v, %v", report, err, m, findErr)
	}
	// One held for another name and birth date, and decided, changes nothing about the list's name.
	f = newFixture(t)
	f.load(t, header+anak+noah)
	file = header + strings.Replace(anak, "900000610", "900000611", 1)
	held = f.load(t, file)
	report, err = f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true, SamePerson: []int{2}, Review: held.Review})
	if err != nil || report.Changed != 1 || report.Ended != 1 {
		t.Errorf("a number with an absent member's data, decided: %+v, %v", report, err)
	}
}
