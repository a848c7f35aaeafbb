package members

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// covered are lines with every datum, for members 900000700 and on.
func covered(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "9000007%02d,ANA,RUIZ,JR,%s,A,2025-01-01,2027-12-31\n", i, born(i))
	}
	return all.String()
}

// born is the birth date of the i-th of many people of one name.
func born(i int) Date { return DateOf(time.Date(1940, 3, 14+3*i, 0, 0, 0, 0, time.UTC)) }

// A datum of which a file has no column stays as it was, whatever the column is called instead.
func TestAbsentColumnClearsNothing(t *testing.T) {
	t.Parallel()
	const line = "900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,2027-12-31"
	for head, fields := range map[string][]int{
		"member_number,first_name,last_name,suffix,birth_date,program,Start,End":                   {0, 1, 2, 3, 4, 5, 6, 7},
		"member_number,first_name,last_name,birth_date":                                            {0, 1, 2, 4},
		"member_number,first_name,last_name,birth_date,program":                                    {0, 1, 2, 4, 5},
		"member_number,first_name,last_name,Suffix 2,birth_date,program,coverage_start":            {0, 1, 2, 3, 4, 5, 6},
		"member_number,first_name,last_name,suffix,birth_date,plan,coverage_start,coverage_end":    {0, 1, 2, 3, 4, 5, 6, 7},
		"member_number,first_name,last_name,suffix,birth_date,program,coverage_begin,coverage_end": {0, 1, 2, 3, 4, 5, 6, 7},
	} {
		f := newFixture(t)
		f.load(t, header+line+"\n"+noah)
		before, err := f.Find(t.Context(), "900000610")
		if err != nil {
			t.Fatal(err)
		}
		row := func(line string) string {
			var out []string
			for _, i := range fields {
				out = append(out, strings.Split(line, ",")[i])
			}
			return strings.Join(out, ",") + "\n"
		}
		report := f.load(t, head+"\n"+row(line)+row(strings.TrimSpace(noah)))
		if report.Unchanged != 2 || len(report.Fields) > 0 {
			t.Errorf("%s: Import = %+v, want nothing changed", head, report)
		}
		report = f.load(t, head+"\n"+row(strings.Replace(line, "ANAK", "ANIKA", 1))+row(strings.TrimSpace(noah)))
		want := before
		want.FirstName = "ANIKA"
		after, err := f.Find(t.Context(), "900000610")
		if diff := cmp.Diff(want, after); err != nil || diff != "" || report.Changed != 1 {
			t.Errorf("%s: %+v, %v, the member (-want +got):\n%s", head, report, err, diff)
		}
	}
}

// Several times of coverage stay several where the file does not speak of them, and a new one does not get a former end.
func TestAbsentColumnsOfCoverage(t *testing.T) {
	t.Parallel()
	const ana = "111111111,ANA,GARCIA,,1984-05-17,"
	f := newFixture(t)
	f.load(t, header+ana+"A,2024-01-01,2024-12-31\n"+ana+"B,2026-06-01,2026-12-31\n")
	const short = "member_number,first_name,last_name,birth_date"
	if report := f.load(t, short+"\n111111111,ANA,GARCIA,1984-05-17\n"); report.Unchanged != 1 {
		t.Errorf("without coverage: %+v, want unchanged", report)
	}
	if report := f.load(t, short+",coverage_start\n111111111,ANA,GARCIA,1984-05-17,2024-01-01\n111111111,ANA,GARCIA,1984-05-17,2026-06-01\n"); report.Unchanged != 1 || len(report.Fields) > 0 {
		t.Errorf("with the starts alone: %+v, want unchanged", report)
	}
	f.load(t, short+",coverage_start\n111111111,ANA,GARCIA,1984-05-17,2027-01-01\n")
	if m, err := f.Find(t.Context(), "111111111"); err != nil || m.CoverageStart != (Date{2027, 1, 1}) || !m.CoverageEnd.IsZero() || m.Program != "B" {
		t.Errorf("a new start: %+v, %v, want an open end", m, err)
	}
}

// The report says which data change, and a file that clears a datum is asked about.
func TestFileThatClearsADatumIsRefused(t *testing.T) {
	t.Parallel()
	for column, field := range map[string]string{"suffix": "JR", "program": "A", "coverage_start": "2025-01-01", "coverage_end": "2027-12-31"} {
		f := newFixture(t)
		f.load(t, header+covered(9)+noah)
		lines := covered(9)
		file := header + strings.NewReplacer(","+field+",", ",,", ","+field+"\n", ",\n").Replace(lines) + noah
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{})
		want := []FieldChange{{column, 9, 9}}
		if e, ok := errors.AsType[*ClearError](err); !ok || !slices.Equal(report.Fields, want) || !strings.Contains(e.Error(), "9 of 9") && !strings.Contains(e.Error(), "9 of 10") {
			t.Errorf("%s: %+v, %v, want *ClearError and %v", column, report, err, want)
		}
		if m, err := f.Find(t.Context(), "900000700"); err != nil || m.Suffix != "JR" || m.CoverageEnd.IsZero() {
			t.Errorf("%s: refused, and the member is %+v, %v", column, m, err)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowDoubtful: true}); err != nil {
			t.Errorf("%s: with the flag: %v", column, err)
		}
	}
	f := newFixture(t)
	f.load(t, header+covered(9)+noah)
	report := f.load(t, header+strings.Replace(covered(9), "RUIZ,JR", "RUIZ,", 1)+strings.Replace(noah, "2025-01-01", "2025-02-01", 1))
	if want := []FieldChange{{"suffix", 1, 1}, {"coverage_start", 1, 0}}; !slices.Equal(report.Fields, want) {
		t.Errorf("fields %+v, want %+v", report.Fields, want)
	}
	// A change file is asked about as well: here no NM107 has the suffix.
	var changes []string
	for i := range 9 {
		changes = append(changes, fmt.Sprintf("INS*Y*18*001*25*A~REF*0F*9000007%02d~NM1*IL*1*RUIZ*ANA~", i))
	}
	_, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", changes...))), ImportOptions{})
	if _, ok := errors.AsType[*ClearError](err); !ok {
		t.Errorf("a change file that clears the suffixes: %v, want *ClearError", err)
	}
}

// A file that takes today's coverage from members who stay on the roster is asked about: an end filled down, or a start to come.
// Putting it right is not.
func TestFileThatEndsCoverageIsRefused(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(string) string{
		"an end filled down": strings.NewReplacer(",2027-12-31", ",2025-12-31").Replace,
		"a start to come":    strings.NewReplacer(",2025-01-01,", ",2027-01-01,").Replace,
	} {
		f := newFixture(t)
		good := header + covered(9) + noah
		f.load(t, good)
		file := broken(good)
		if file == good {
			t.Fatal("nothing is broken")
		}
		_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{})
		if e, ok := errors.AsType[*LapseError](err); !ok || e.Lapsing < 9 || e.Active != 10 {
			t.Errorf("%s: %v, want *LapseError", name, err)
		}
		if m, err := f.Find(t.Context(), "900000700"); err != nil || m.CoverageEnd != (Date{2027, 12, 31}) || m.CoverageStart != (Date{2025, 1, 1}) {
			t.Errorf("%s: refused, and the member is %+v, %v", name, m, err)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true}); err != nil {
			t.Errorf("%s: with the flag: %v", name, err)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(good), ImportOptions{AllowOld: true}); err != nil {
			t.Errorf("%s: put right again: %v", name, err)
		}
	}
}

// A member with several lines counts once, by what the lines come to.
func TestFieldsOfMergedLinesCountOnce(t *testing.T) {
	t.Parallel()
	const ana = "111111111,ANA,GARCIA,,1984-05-17,"
	f := newFixture(t)
	f.load(t, header+ana+"A,2024-01-01,2024-12-31\n"+ana+"B,2026-06-01,2026-12-31\n")
	report := f.load(t, header+ana+"A,2024-01-01,2024-12-31\n"+ana+"B,2026-06-01,2027-12-31\n")
	if want := []FieldChange{{"coverage_end", 1, 0}}; report.Changed != 1 || !slices.Equal(report.Fields, want) {
		t.Errorf("one end moved: %+v, want %+v", report, want)
	}
}

// A name that was damaged on the way takes no good name's place.
func TestDamagedNameDoesNotReplaceAGoodOne(t *testing.T) {
	t.Parallel()
	for _, damaged := range []string{"N??EZ", "NU\xEF\xBF\xBDEZ", "NÃ?Ã?EZ", "N¤EZ", "NÚ�EZ", "GARCÃA", "NU#EZ", "NULL", "n/a", "True", "#N/A"} {
		f := newFixture(t)
		f.load(t, header+"111111111,ANA,NÚÑEZ,JR,1984-05-17,A,,\n"+noah)
		var notes []string
		report, err := f.Import(t.Context(), strings.NewReader(header+"111111111,ANA,"+damaged+",JR,1984-05-17,B,,\n"+noah),
			ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
		if err != nil || report.Changed != 1 || report.Kept != 1 || report.CannotRegister != 0 {
			t.Errorf("%s: %+v, %v, want one changed and its name kept", damaged, report, err)
		}
		if len(notes) != 1 || !strings.HasPrefix(notes[0], "line 2: last_name: ") || !strings.Contains(notes[0], "the former name stays") {
			t.Errorf("%s: notes %q", damaged, notes)
		}
		if m, err := f.Find(t.Context(), "111111111"); err != nil || m.LastName != "NÚÑEZ" || m.Suffix != "JR" || m.Program != "B" {
			t.Errorf("%s: the member is %+v, %v", damaged, m, err)
		}
		// With another birth date it may be anybody.
		if report := f.load(t, header+"111111111,ANA,"+damaged+",JR,1999-05-17,B,,\n"+noah); report.Held != 1 {
			t.Errorf("%s with another birth date: %+v, want it held", damaged, report)
		}
	}
	f := newFixture(t)
	f.load(t, header+anak+noah)
	if report := f.load(t, header+strings.Replace(anak, ",A,", ",#N/A,", 1)+noah); report.Rejected != 1 || len(report.Fields) > 0 {
		t.Errorf("a formula that failed as programme: %+v, want it rejected", report)
	}
	f = newFixture(t)
	f.load(t, header+"111111111,ANA,N??EZ,,1984-05-17,A,,\n")
	if report := f.load(t, header+"111111111,ANA,NÚÑEZ,,1984-05-17,A,,\n"); report.Changed != 1 {
		t.Errorf("a good name for a damaged one: %+v, want it taken", report)
	}
}

// Who got a number does not get what its former owner had.
func TestOtherPersonInheritsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	for name, file := range map[string]string{
		"change file":    file834(set834("2", "INS*Y*18*021*20*A~REF*0F*900000610~NM1*IL*1*PAZ*EVA~DMG*D8*19990101~")),
		"absent columns": "member_number,first_name,last_name,birth_date\n900000610,EVA,PAZ,1999-01-01\n900000611,NOAH,SOTO,1984-03-15\n",
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		held, listed := Report{}, 0
		held, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Held: func(e LineError) { listed = e.Line }})
		if err != nil || held.Held != 1 {
			t.Fatalf("%s: %+v, %v, want one held", name, held, err)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{OtherPerson: []int{listed}, Review: held.Review}); err != nil {
			t.Fatal(err)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.LastName != "PAZ" || m.Suffix != "" || m.Program != "" || !m.CoverageStart.IsZero() {
			t.Errorf("%s: the new member is %+v, %v, want no suffix and no coverage", name, m, err)
		}
	}
}

// A part of a column that is emptied is asked about as a column is: programmes and suffixes are lost as rarely as coverage.
func TestFileThatClearsAPartOfAColumn(t *testing.T) {
	t.Parallel()
	people := func(from, to int, with, without string) string {
		var out strings.Builder
		out.WriteString(header)
		for i := range 200 {
			fields := with
			if i >= from && i < to {
				fields = without
			}
			fmt.Fprintf(&out, "9%08d,ANA,RUIZ,%s\n", i, strings.Replace(fields, "BORN", Date{1930 + i%80, 1 + i/80, 3}.String(), 1))
		}
		return out.String()
	}
	const with = "JR,BORN,A,2025-01-01,2027-12-31"
	for name, test := range map[string]struct {
		lost   int
		row    string
		column string // "" for none
	}{
		"a block of programmes": {11, "JR,BORN,,2025-01-01,2027-12-31", "program"},
		"a few programmes":      {10, "JR,BORN,,2025-01-01,2027-12-31", ""},
		"a block of suffixes":   {11, ",BORN,A,2025-01-01,2027-12-31", "suffix"},
		"a few suffixes":        {10, ",BORN,A,2025-01-01,2027-12-31", ""},
		"open ends":             {80, "JR,BORN,A,2025-01-01,", ""},
	} {
		f := newFixture(t)
		f.load(t, people(0, 0, with, ""))
		file := people(40, 40+test.lost, with, test.row)
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{})
		if e, ok := errors.AsType[*ClearError](err); ok != (test.column != "") || ok && (e.Column != test.column || e.Known != 200) || !ok && (err != nil || report.Changed != test.lost) {
			t.Errorf("%s: %+v, %v, want it refused for %q", name, report, err, test.column)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowDoubtful: true}); err != nil {
			t.Errorf("%s: with the flag: %v", name, err)
		}
	}
	// HD without HD04 in a full 834.
	f := newFixture(t)
	var loops []string
	for i := range 40 {
		loops = append(loops, fmt.Sprintf("INS*Y*18*030**A~REF*0F*9000007%02d~NM1*IL*1*PAZ*ANA~DMG*D8*19%d0314~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~", i, 10+i))
	}
	f.load(t, file834(set834("4", loops...)))
	for i := range 6 {
		loops[i] = strings.Replace(loops[i], "*HUSKY A", "", 1)
	}
	_, err := f.Import(t.Context(), strings.NewReader(next(1, file834(set834("4", loops...)))), ImportOptions{})
	if e, ok := errors.AsType[*ClearError](err); !ok || e.Column != "program" {
		t.Errorf("HD without HD04: %v, want *ClearError", err)
	}
}
