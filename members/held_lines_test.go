package members

import (
	"fmt"
	"strings"
	"testing"
)

// A line that is listed as held counts as held and is on the list, also beside the line of the number's own member; whose line it is does
// not end by it, whatever else is wrong in it.
func TestRosterHeldBesideTheOwnLine(t *testing.T) {
	t.Parallel()
	const (
		ana  = "900000631,ANA,SOTO,,1984-05-17,A,2024-01-01,\n"
		eva  = "900000632,EVA,SOTO,,1984-05-17,A,2024-01-01,\n"
		leo  = "900000633,LEO,SOTO,,1950-02-03,A,2024-01-01,\n"
		leo2 = "900000634,LEO,SOTO,,1983-11-30,B,2025-02-01,\n"
	)
	rest := ""
	for i := range 60 {
		rest += fmt.Sprintf("9100000%02d,NOA,RIVAS%c%c,,%d-01-02,A,2024-01-01,\n", i, 'A'+i/26, 'A'+i%26, 1930+i)
	}
	all := header + ana + eva + leo + leo2 + rest
	for name, test := range map[string]struct {
		was, is string
		held    int
	}{
		"a twin":                        {eva, "900000631,EVA,SOTO,,1984-05-17,A,2024-01-01,\n", 1},
		"a twin, another birth date":    {eva, "900000631,EVA,SOTO,,2001-01-01,A,2024-01-01,\n", 1},
		"of the same name":              {leo2, "900000633,LEO,SOTO,,1983-11-30,B,2025-02-01,\n", 1},
		"of the same name, a wrong day": {leo2, "900000633,LEO,SOTO,,2001-01-01,B,2025-02-01,\n", 1},
		"a birth date that is none":     {eva, "900000631,EVA,SOTO,,2001-21-01,A,2024-01-01,\n", 0},
	} {
		f := newFixture(t)
		f.load(t, all)
		var held, faults, notes []string
		var lines []int
		o := ImportOptions{
			Held:     func(e LineError) { held, lines = append(held, e.Error()), append(lines, e.Line) },
			Rejected: func(e LineError) { faults = append(faults, e.Error()) },
			Note:     func(e LineError) { notes = append(notes, e.Error()) },
		}
		file := strings.Replace(all, test.was, test.is, 1)
		report, err := f.Import(t.Context(), strings.NewReader(file), o)
		if err != nil || report.Held != test.held || len(held) != test.held || report.Rejected != 2-test.held || report.Ended != 0 || report.Changed != 0 || (report.Review != "") != (test.held > 0) {
			t.Errorf("%s: %+v, %v, held %q, faults %q, notes %q", name, report, err, held, faults, notes)
			continue
		}
		if m, err := f.Find(t.Context(), test.was[:9]); err != nil || m.Ended {
			t.Errorf("%s: %+v, %v, want the member to stay", name, m, err)
		}
		if test.held == 0 {
			continue
		}
		for _, o := range []ImportOptions{{SamePerson: lines, Review: report.Review}, {OtherPerson: lines, Review: report.Review}} {
			if decided, err := f.Import(t.Context(), strings.NewReader(file), o); !isReview(err) || !strings.Contains(err.Error(), "leave one of the two out") {
				t.Errorf("%s, decided: %+v, %v", name, decided, err)
			}
		}
	}
}

// Lines of one programme that overlap and are not the same contradict each other: an older one never undoes an end.
func TestRosterOverlappingSpansAreNamed(t *testing.T) {
	t.Parallel()
	line := func(start, end string) string { return "900000631,ANA,SOTO,,1984-05-17,A," + start + "," + end + "\n" }
	for name, test := range map[string]struct {
		lines  []string
		column string // of the contradiction, "" for none
	}{
		"an end, and the line of before":     {[]string{line("2024-01-01", "2026-10-31"), line("2024-01-01", "")}, "coverage_end"},
		"in the other order":                 {[]string{line("2024-01-01", ""), line("2024-01-01", "2026-10-31")}, "coverage_end"},
		"an end within":                      {[]string{line("2023-01-01", ""), line("2024-01-01", "2026-10-31")}, "coverage_end"},
		"two ends":                           {[]string{line("2024-01-01", "2026-12-31"), line("2024-06-01", "2026-10-31")}, "coverage_end"},
		"an older begin":                     {[]string{line("2024-01-01", ""), line("2023-01-01", "")}, "coverage_start"},
		"without dates":                      {[]string{line("2024-01-01", "2026-10-31"), line("", "")}, "coverage_end"},
		"behind another span":                {[]string{line("2020-01-01", "2020-12-31"), line("2024-01-01", "2026-10-31"), line("2024-01-01", "")}, "coverage_end"},
		"the same twice":                     {[]string{line("2024-01-01", "2026-10-31"), line("2024-01-01", "2026-10-31")}, ""},
		"the day after":                      {[]string{line("2024-01-01", "2026-10-31"), line("2026-11-01", "")}, ""},
		"the same three times, and a former": {[]string{line("2024-01-01", ""), line("2022-01-01", "2022-12-31"), line("2024-01-01", ""), line("2024-01-01", "")}, ""},
	} {
		f := newFixture(t)
		f.load(t, header+line("2024-01-01", "")+noah)
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(header+strings.Join(test.lines, "")+noah), ImportOptions{AllowShrink: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		isNamed := test.column != ""
		if err != nil || (report.Rejected == len(test.lines)) != isNamed || !isNamed && report.Merged != len(test.lines)-1 {
			t.Errorf("%s: %+v, %v, %q", name, report, err, faults)
			continue
		}
		for _, fault := range faults {
			if !strings.Contains(fault, test.column+": contradicts line ") {
				t.Errorf("%s: %s", name, fault)
			}
		}
		if m, err := f.Find(t.Context(), "900000631"); isNamed && (err != nil || !m.CoverageEnd.IsZero() || m.CoverageStart != Date{2024, 1, 1}) {
			t.Errorf("%s: %+v, %v, want the member as before", name, m, err)
		}
	}
}
