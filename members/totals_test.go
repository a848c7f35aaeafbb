package members

import (
	"errors"
	"strings"
	"testing"
)

// A total that the rows contradict is named; a file with fewer rows than it says is refused until somebody looks.
func TestTotalsAreCompared(t *testing.T) {
	t.Parallel()
	rows := strings.SplitAfter(strings.TrimSuffix(covered(40), "\n"), "\n")
	all, some := covered(40), strings.Join(rows[:39], "")
	const twice = "900000700,ANA,RUIZ,JR,1940-03-14,A,2020-01-01,2020-12-31\n"
	for name, test := range map[string]struct {
		file  string
		short bool
		notes int // besides that of skipping
	}{
		"right":                       {all + "Total,40\n", false, 0},
		"a row is missing":            {some + "Total,40\n", true, 1},
		"in one cell":                 {some + "\"Total: 40\"\n", true, 1},
		"in a column of its own":      {some + ",,,,,,Total,40.0\n", true, 1},
		"totals":                      {some + "Totals,40,,,,,,\n", true, 1},
		"suma":                        {some + "Suma,40\n", true, 1},
		"record count":                {some + "Record count,43\n", true, 1},
		"records, counted":            {some + "Number of records: 43\n", true, 1},
		"trailer":                     {some + "TRAILER,43,20261130\n", true, 1},
		"trailer, with both ends":     {all + "TRAILER,42,20261130\n", false, 1},
		"no line end":                 {some + "Total,40", true, 1},
		"something below":             {some + "Total,40\nPage 2 of 2\n*** End of report ***\n", true, 1},
		"thousands":                   {some + "\"Total: 1,493\"\n", true, 1},
		"thousands in two cells":      {some + "Total,1,493\n", true, 1},
		"thousands, in Spanish":       {some + "\"Total: 1.493\"\n", true, 1},
		"a row too many":              {all + "Total,39\n", false, 1},
		"members with two rows":       {all + twice + "Total members,40\n", false, 0},
		"above the rows":              {"Total,40,,,,,,\n" + all, false, 0},
		"above, and one is missing":   {"Total,40,,,,,,\n" + some, true, 1},
		"of groups":                   {strings.Join(rows[:10], "") + "Total HUSKY A,10\n" + strings.Join(rows[10:], "") + "\nTotal HUSKY B,30\nTotal,40\n", false, 0},
		"of groups, one is missing":   {strings.Join(rows[:10], "") + "Total HUSKY A,10\n" + strings.Join(rows[11:], "") + "\nTotal HUSKY B,30\n", true, 1},
		"of pages":                    {strings.Join(rows[:25], "") + "Total of page 1: 25\nPage 1 of 2\n" + header + strings.Join(rows[25:], "") + "\nTotal of page 2: 15\n", false, 0},
		"a line with a fault counts":  {some + strings.Replace(rows[39], born(39).String(), "1984-03-99", 1) + "\nTotal,40\n", false, 0},
		"a money column beside":       {all + ",,,,Total,,40,\"30,221.50\"\n", false, 0},
		"no number at all":            {all + "Total,,,,,,,\n", false, 0},
		"a page is no count":          {some + "Page 40 of 40\n", false, 0},
		"a count in front of a group": {"10 records,,,,,,,\n" + strings.Join(rows[:10], "") + "30 records,,,,,,,\n" + strings.Join(rows[10:], "") + "\n", false, 0},
	} {
		f := newFixture(t)
		f.load(t, header+all)
		var notes []string
		note := func(e LineError) {
			if !strings.Contains(e.Problem, "skipped") {
				notes = append(notes, e.Error())
			}
		}
		report, err := f.Import(t.Context(), strings.NewReader(header+test.file), ImportOptions{DryRun: true, Note: note})
		short, isShort := errors.AsType[*ShortError](err)
		if isShort != test.short || !isShort && err != nil || len(notes) != test.notes || isShort && (short.Line == 0 || short.Rows >= short.Total) {
			t.Errorf("%s: %+v, %v, notes %q", name, report, err, notes)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(header+test.file), ImportOptions{DryRun: true, AllowDoubtful: true}); err != nil {
			t.Errorf("%s, meant: %v", name, err)
		}
	}
}
