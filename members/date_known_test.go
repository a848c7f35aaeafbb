package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Dates that can all be read both ways are asked about if the roster has them the other way round.
func TestRosterContradictsTheOrderOfDates(t *testing.T) {
	t.Parallel()
	const n = 12
	// Each member is born, begins and ends on the first days of months.
	file := func(born, start, end func(i int) string) string {
		var lines strings.Builder
		for i := range n {
			fmt.Fprintf(&lines, "%09d,N%s,SOTO,,%s,A,%s,%s\n", i, strings.Repeat("A", i), born(i), start(i), end(i))
		}
		return header + lines.String()
	}
	as := func(format string, year int) func(int) string {
		return func(i int) string {
			month := 2 + i%11
			return strings.NewReplacer("Y", fmt.Sprint(year), "M", fmt.Sprintf("%02d", month), "D", "01").Replace(format)
		}
	}
	iso, day, month := "Y-M-D", "D/M/Y", "M/D/Y"
	for name, test := range map[string]struct {
		born, start, end string
		column           string // that is asked about
	}{
		"start":                  {iso, day, iso, "coverage_start"},
		"end":                    {iso, iso, day, "coverage_end"},
		"birth date":             {day, iso, iso, "birth_date"},
		"start, with dashes":     {iso, "D-M-Y", iso, "coverage_start"},
		"with a time of day":     {iso, "D/M/Y 00:00", iso, "coverage_start"},
		"month first":            {month, month, month, ""},
		"start with month first": {iso, month, iso, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.load(t, file(as(iso, 1984), as(iso, 2024), as(iso, 2027)))
			said := file(as(test.born, 1984), as(test.start, 2024), as(test.end, 2027))
			_, err := f.Import(t.Context(), strings.NewReader(said), ImportOptions{AllowDoubtful: true, AllowShrink: true})
			e, ok := errors.AsType[*DateOrderError](err)
			if test.column == "" {
				if err != nil {
					t.Errorf("%v, want it applied", err)
				}
				return
			}
			if !ok || e.Column != test.column || e.Either != n || e.OtherWay != n || e.AsRead != 0 || e.IsMixed() || !strings.Contains(e.Error(), "with the day first 12 known members keep") {
				t.Errorf("%v, want *DateOrderError of %s", err, test.column)
			}
			if report, err := f.Import(t.Context(), strings.NewReader(said), ImportOptions{Dates: MonthFirst, DryRun: true, AllowDoubtful: true, AllowShrink: true}); err != nil || report.Changed == 0 {
				t.Errorf("month first: %+v, %v, want the dates changed as told", report, err)
			}
			if report, err := f.Import(t.Context(), strings.NewReader(said), ImportOptions{Dates: DayFirst}); err != nil || report.Unchanged != n {
				t.Errorf("day first: %+v, %v, want nothing changed", report, err)
			}
		})
	}

	// One date that is certain, or a roster that has neither reading, leaves nothing to ask.
	f := newFixture(t)
	f.load(t, file(as(iso, 1984), as(iso, 2024), as(iso, 2027)))
	certain := strings.Replace(file(as(iso, 1984), as(day, 2024), as(iso, 2027)), "01/02/2024", "01/31/2024", 1)
	for name, said := range map[string]string{"certain": certain, "other years": file(as(iso, 1984), as(day, 2025), as(iso, 2027))} {
		if _, err := f.Import(t.Context(), strings.NewReader(said), ImportOptions{DryRun: true}); err != nil {
			t.Errorf("%s: %v, want it taken with the month first", name, err)
		}
	}
}
