package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Lines of reports for people that can carry no member are skipped and named, and members who are absent end as ever.
func TestLinesOfNobodyAreSkipped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+covered(40)+anak)
	for line, why := range map[string]string{
		header[:len(header)-1]: skippedHeader,
		"Member Number,First Name,Last Name,Suffix,Birth Date,Program,Coverage Start,Coverage End": skippedHeader,
		`"Total: 1,234"`:                 skippedTotal,
		"Total: 1,234":                   skippedTotal,
		",,,,,,Total,1234":               skippedTotal,
		"TOTAL HUSKY A,,,,,,,40":         skippedTotal,
		"Grand total of members = 41":    skippedTotal,
		"Total de registros: 41,,,,,,,":  skippedTotal,
		"Subtotal,,41,,,,,":              skippedTotal,
		"41 records in file":             skippedTotal,
		"Number of records: 41":          skippedTotal,
		"Página 2 de 17":                 skippedTotal,
		"- Page 2 -":                     skippedTotal,
		"Printed on 11/28/2026 10:15 AM": skippedTotal,
		"*** End of report ***":          skippedTotal,
		"HUSKY A,,,,,,,":                 skippedTitle,
		"New Haven County":               skippedTitle,
		"Roster of November 2026,,,,,,,": skippedTitle,
	} {
		var notes, faults []string
		report, err := f.Import(t.Context(), strings.NewReader(header+covered(20)+line+"\n"+strings.TrimPrefix(covered(40), covered(20))), ImportOptions{
			DryRun: true, AllowDoubtful: true, Note: func(e LineError) { notes = append(notes, e.Error()) }, Rejected: func(e LineError) { faults = append(faults, e.Error()) },
		})
		if got, want := counts(report), [5]int{0, 0, 1, 40, 0}; err != nil || got != want || report.Skipped != 1 || len(faults) > 0 {
			t.Errorf("%s: Import = %+v, %v, faults %q, want one ended and one line skipped", line, report, err, faults)
		}
		if want := "line 22: skipped: " + why; len(notes) == 0 || notes[0] != want || len(notes) > 1 && !strings.HasPrefix(notes[1], "line 22: says that there are ") {
			t.Errorf("%s: notes %q, want %q", line, notes, want)
		}
	}
}

// What may be left of a member's line is not skipped: nobody who is absent ends beside it.
func TestLinesThatMayBeSomebodysAreNotSkipped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+covered(40)+anak)
	for _, head := range []string{header, "last_name,first_name,member_number,suffix,birth_date,program,coverage_start,coverage_end\n"} {
		for _, line := range []string{
			"610,AL,PAGE,,,,,", "PAGE,AL,610,,,,,", "PAGE,AL,,,,,,", "COUNT,AL,610,,,,,", ",ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,", "ANAK RUIZ JR 1984-03-14 A",
			"610 ANAK RUIZ", "Total,ANAK,610,,,,,", "Total ANAK 610", "610", "ANAK,RUIZ", "TOTAL,,610,,1984-03-14,A,2025-01-01,", "Total: 900-000-61O", "2026,,,,,,,", `"ANAK`, "MEMBER 610 RUIZ",
		} {
			var sorted strings.Builder
			for n := range 40 {
				if head == header {
					fmt.Fprintf(&sorted, "9000007%02d,ANA,RUIZ,,%s,A,2025-01-01,\n", n, born(n))
				} else {
					fmt.Fprintf(&sorted, "RUIZ,ANA,9000007%02d,,%s,A,2025-01-01,\n", n, born(n))
				}
			}
			report, err := f.Import(t.Context(), strings.NewReader(head+line+"\n"+sorted.String()), ImportOptions{AllowDoubtful: true, DryRun: true})
			if _, ok := errors.AsType[*UnreadableError](err); !ok || report.Skipped != 0 || report.Rejected != 1 {
				t.Errorf("%s%s: Import = %+v, %v, want *UnreadableError", head, line, report, err)
			}
		}
	}
	// a few letters at the end of a file may be what is left of a line
	for _, end := range []string{"RUIZ\n", "RUIZ\n,,,,,,,\n\"\",\n\x1a", "RUIZ"} {
		if report, err := f.Import(t.Context(), strings.NewReader(header+covered(40)+end), ImportOptions{DryRun: true}); err == nil || report.Skipped > 0 {
			t.Errorf("%q at the end: Import = %+v, %v, want the file refused", end, report, err)
		}
	}
}

// A file made of several, whose columns are in different places, would give members each other's data.
func TestAnotherHeaderRefusesTheFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file := header + anak + "member_number,last_name,first_name,suffix,birth_date,program,coverage_start,coverage_end\n900000611,SOTO,NOAH,,1984-03-15,A,2025-01-01,\n"
	_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{})
	if e, ok := errors.AsType[*FileError](err); !ok || e.Line != 3 || e.Problem != otherHeaderProblem {
		t.Errorf("Import = %v, want *FileError of line 3", err)
	}
}
