package members

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// B4: one roster, written by as many programs.
func TestFilesAsTheyCome(t *testing.T) {
	t.Parallel()
	const head, line = "member_number,first_name,last_name,birth_date,coverage_start,coverage_end", "004123789,JOSÉ,MUÑOZ ÿ,1984-03-14,2025-01-01,"
	semicolons := strings.ReplaceAll(head+"\n"+line+"\n", ",", ";")
	for name, test := range map[string]struct{ file, format string }{
		"as documented":          {head + "\n" + line + "\n", `CSV, UTF-8, separated by ','`},
		"no end of the last":     {head + "\n" + line, `CSV, UTF-8, separated by ','`},
		"CRLF":                   {head + "\r\n" + line + "\r\n", `CSV, UTF-8, separated by ','`},
		"byte order mark":        {"\xEF\xBB\xBF" + head + "\n" + line + "\n", `CSV, UTF-8, separated by ','`},
		"two marks":              {"\xEF\xBB\xBF\xEF\xBB\xBF" + head + "\n" + line + "\n", `CSV, UTF-8, separated by ','`},
		"two marks, UTF-16":      {inUTF16("\uFEFF"+head+"\n"+line+"\n", false), `CSV, UTF-16, separated by ','`},
		"Windows-1252":           {head + "\n" + strings.NewReplacer("É", "\xC9", "Ñ", "\xD1", "ÿ", "\xFF").Replace(line) + "\n", `CSV, Windows-1252, separated by ','`},
		"UTF-16 little":          {inUTF16(head+"\r\n"+line+"\r\n", false), `CSV, UTF-16, separated by ','`},
		"UTF-16 big, no end":     {inUTF16(head+"\n"+line, true), `CSV, UTF-16, separated by ','`},
		"end mark":               {head + "\r\n" + line + "\r\n\x1a", `CSV, UTF-8, separated by ','`},
		"end mark on the line":   {head + "\n" + line + "\x1a", `CSV, UTF-8, separated by ','`},
		"semicolons":             {semicolons, `CSV, UTF-8, separated by ';'`},
		"sep line":               {"sep=;\r\n" + semicolons, `CSV, UTF-8, separated by ';'`},
		"sep line quoted, UTF16": {inUTF16("\"SEP=;\"\r\n"+semicolons, false), `CSV, UTF-16, separated by ';'`},
		"tabs":                   {strings.ReplaceAll(head+"\n"+line+"\n", ",", "\t"), `CSV, UTF-8, separated by tabs`},
		"bars":                   {strings.ReplaceAll(head+"\n"+line+"\n", ",", "|"), `CSV, UTF-8, separated by '|'`},
		"text formula":           {head + "\n" + strings.Replace(line, "004123789", `="004123789"`, 1) + "\n", `CSV, UTF-8, separated by ','`},
		"text formula in quotes": {head + "\n" + strings.Replace(line, "004123789", `"=""004123789"""`, 1) + "\n", `CSV, UTF-8, separated by ','`},
	} {
		f := newFixture(t)
		report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{Rejected: func(e LineError) { t.Errorf("%s: %v", name, e) }})
		if err != nil || report.Added != 1 || report.Format != test.format {
			t.Errorf("%s: Import = %+v, %v, want one added from %s", name, report, err, test.format)
			continue
		}
		m, err := f.Find(t.Context(), "004123789")
		if err != nil || m.FirstName != "JOSÉ" || m.LastName != "MUÑOZ ÿ" || m.BirthDate != (Date{1984, 3, 14}) || m.CoverageStart != (Date{2025, 1, 1}) {
			t.Errorf("%s: the member is %+v, %v", name, m, err)
		}
	}
}

// Rows of nothing but separators, as spreadsheets leave them behind, are not lines of an unknown member.
func TestBlankRowsAreNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var all strings.Builder
	for i := range 40 {
		fmt.Fprintf(&all, "9000007%02d,ANA,RUIZ,,%s,A,,\n", i, born(i))
	}
	f.load(t, header+anak+all.String())
	if report := f.load(t, header+all.String()+",,,,,,,\n\"\", ,,,\"\",,,\n,,\n"); report.Rejected != 0 || report.Ended != 1 {
		t.Errorf("Import = %+v, want one ended and nothing rejected", report)
	}
}

func inUTF16(s string, isBig bool) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\uFEFF" + s)) {
		low, high := byte(unit), byte(unit>>8)
		if isBig {
			low, high = high, low
		}
		out = append(out, low, high)
	}
	return string(out)
}

// A character that is wrong in its own file is lost; its line is not read as if it were another character set.
func TestOneBrokenCharacterDoesNotChangeTheCharset(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	report := f.load(t, header+"111111111,JOSÉ,GARCIA,,1984-05-17,A,,\n222222222,ZO\xC3,LOPEZ,,1985-05-17,B,,\n")
	if report.Added != 2 || report.CannotRegister != 1 {
		t.Errorf("Import = %+v, want two added, one of whom cannot register", report)
	}
}

func TestDatesAsPrograms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Date{
		"3/14/1984": {1984, 3, 14}, "03/14/1984": {1984, 3, 14}, "1984/03/14": {1984, 3, 14}, "1984/3/4": {1984, 3, 4},
		"1984-03-14 00:00:00": {1984, 3, 14}, "1984-03-14T00:00:00Z": {1984, 3, 14}, "1984-03-14 00:00:00.000": {1984, 3, 14},
		"3/14/1984 12:00:00 AM": {1984, 3, 14}, "19840314": {1984, 3, 14}, "19840314 00:00": {1984, 3, 14},
		"3-14-1984": {1984, 3, 14}, "1984-3-4": {1984, 3, 4}, "1984.03.04": {1984, 3, 4},
		"14/3/1984": {}, "3/14/84": {}, "14.03.1984": {}, "1984-03-14 or so": {}, "1984//3": {}, "003/14/1984": {}, "NULL": {},
	} {
		if got, problem := (&dateReader{}).read(text); (problem == "") != (want != Date{}) || got != want {
			t.Errorf("read(%q) = %v, %q, want %v", text, got, problem, want)
		}
	}
	for text, isOpen := range map[string]bool{
		"": true, "NULL": true, "null": true, "99991231": true, "12/31/9999": true, "9999-12-31 00:00:00": true, "00000000": true,
		"0000-00-00": true, "2999-12-31": true, "0001-01-01": true, "1/1/1753": true, "2027-01-01": false,
	} {
		if got, problem := (&dateReader{}).bound(text); problem != "" || got.IsZero() != isOpen {
			t.Errorf("bound(%q) = %v, %q, want an open end: %v", text, got, problem, isOpen)
		}
	}
	if _, problem := (&dateReader{}).bound("soon"); problem == "" {
		t.Error(`bound("soon") is a date`)
	}
}

// Several lines of one member become one; which of them are contrary is named, and their member stays as before.
func TestSeveralLinesOfOneMember(t *testing.T) {
	t.Parallel()
	const ana, eva = "111111111,ANA,GARCIA,,1984-05-17,", "222222222,EVA,LOPEZ,,1985-05-17,B,,\n"
	for name, test := range map[string]struct {
		lines  string
		counts [5]int
		merged int
		start  Date
		end    Date
		faults []string
	}{
		"identical":            {ana + "A,2024-01-01,\n" + eva + ana + "A,2024-01-01,\n", [5]int{1, 0, 0, 1, 0}, 1, Date{2024, 1, 1}, Date{}, nil},
		"spelled differently":  {ana + "A,2024-01-01,\n" + eva + "111-111-111,Ana,García,,5/17/1984,A,20240101,\n", [5]int{1, 0, 0, 1, 0}, 1, Date{2024, 1, 1}, Date{}, nil},
		"one after the other":  {ana + "A,2025-01-01,\n" + eva + ana + "A,2024-01-01,2024-12-31\n", [5]int{1, 0, 0, 1, 0}, 1, Date{2024, 1, 1}, Date{}, nil},
		"with a gap, now":      {ana + "A,2026-06-01,\n" + eva + ana + "A,2024-01-01,2024-12-31\n", [5]int{1, 0, 0, 1, 0}, 1, Date{2026, 6, 1}, Date{}, nil},
		"with a gap, later":    {ana + "A,2024-01-01,2026-12-31\n" + ana + "B,2027-06-01,\n" + eva, [5]int{1, 0, 0, 1, 0}, 1, Date{2024, 1, 1}, Date{2026, 12, 31}, nil},
		"another name":         {ana + "A,,\n" + eva + "111111111,LEO,GARCIA,,1984-05-17,A,,\n", [5]int{0, 0, 0, 1, 2}, 0, Date{}, Date{}, []string{"line 2: first_name: contradicts line 4, which has the same member number", "line 4: first_name: contradicts line 2, which has the same member number"}},
		"another birth date":   {ana + "A,,\n" + eva + "111111111,ANA,GARCIA,,1984-05-18,A,,\n", [5]int{0, 0, 0, 1, 2}, 0, Date{}, Date{}, []string{"line 2: birth_date: contradicts line 4, which has the same member number", "line 4: birth_date: contradicts line 2, which has the same member number"}},
		"two programs one day": {ana + "A,2024-01-01,\n" + eva + ana + "B,2025-01-01,\n", [5]int{0, 0, 0, 1, 2}, 0, Date{}, Date{}, []string{"line 2: program: contradicts line 4, which has the same member number", "line 4: program: contradicts line 2, which has the same member number"}},
	} {
		f := newFixture(t)
		f.load(t, header+eva)
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(header+test.lines), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if got := counts(report); err != nil || got != test.counts || report.Merged != test.merged {
			t.Errorf("%s: Import = %v, %d merged, %v, want %v, %d merged", name, got, report.Merged, err, test.counts, test.merged)
		}
		if diff := cmp.Diff(test.faults, faults); diff != "" {
			t.Errorf("%s: faults (-want +got):\n%s", name, diff)
		}
		m, err := f.Find(t.Context(), "111111111")
		if isKept := err == nil; isKept != (test.counts[0] == 1) || m.CoverageStart != test.start || m.CoverageEnd != test.end {
			t.Errorf("%s: the member is %+v, %v, want coverage from %v to %v", name, m, err, test.start, test.end)
		}
		if again := f.load(t, header+test.lines+"\n"); again.Changed+again.Added > 0 {
			t.Errorf("%s: the same lines again = %+v, want nothing changed", name, again)
		}
	}
}

// One of several lines with a fault leaves out the others too: without it they would take a time of coverage away. A relative
// whom the line names is governed by their own lines.
func TestFaultInOneOfSeveralLines(t *testing.T) {
	t.Parallel()
	const head = "member_number,first_name,last_name,birth_date,program,coverage_start,coverage_end,head_of_household\n"
	const ana, eva = "111111111,ANA,GARCIA,1984-05-17,A,", "222222222,EVA,LOPEZ,1985-05-17,B,"
	const first, second = "2024-01-01,2024-12-31,222222222\n", "2026-06-01,2026-12-31,222222222\n"
	for name, test := range map[string]struct {
		lines  string
		counts [5]int
		faults []string
	}{
		"a known member's":  {ana + first + ana + "2026-06-01,soon,222222222\n" + eva + second, [5]int{0, 0, 0, 1, 2}, []string{"line 3: coverage_end: is not a date (2006-01-02, 01/02/2006 or 20060102)", "line 2: line 3 has the same member number, and a fault"}},
		"of three":          {ana + "2026-06-01,soon,222222222\n" + eva + first + ana + first + ana + second, [5]int{0, 1, 0, 0, 3}, []string{"line 2: coverage_end: is not a date (2006-01-02, 01/02/2006 or 20060102)", "line 4: line 2 has the same member number, and a fault", "line 5: line 2 has the same member number, and a fault"}},
		"each with a fault": {ana + "2024-01-01,soon,\n" + ana + "2026-06-01,soon,\n" + eva + second, [5]int{0, 0, 0, 1, 2}, []string{"line 2: coverage_end: is not a date (2006-01-02, 01/02/2006 or 20060102)", "line 3: coverage_end: is not a date (2006-01-02, 01/02/2006 or 20060102)"}},
		"a relative's":      {strings.Replace(ana, "ANA", "", 1) + second + strings.Replace(eva, "EVA", "EVITA", 1) + second, [5]int{0, 1, 0, 0, 1}, []string{"line 2: first_name: has no letters"}},
		"a new member's":    {ana + first + ana + second + eva + second + "333333333,LEO,SOTO,1986-05-17,A," + first + "333333333,LEO,SOTO,1986-05-17,A,x,\n", [5]int{0, 0, 0, 2, 2}, []string{"line 6: 7 fields, but the header has 8", "line 5: line 6 has the same member number, and a fault"}},
	} {
		f := newFixture(t)
		f.load(t, head+ana+first+ana+second+eva+second)
		before, err := f.Find(t.Context(), "111111111")
		if err != nil {
			t.Fatal(err)
		}
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(head+test.lines), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if got := counts(report); err != nil || got != test.counts || report.Merged > 1 {
			t.Errorf("%s: Import = %v, %+v, %v, want %v", name, got, report, err, test.counts)
		}
		if diff := cmp.Diff(test.faults, faults); diff != "" {
			t.Errorf("%s: faults (-want +got):\n%s", name, diff)
		}
		after, err := f.Find(t.Context(), "111111111")
		if diff := cmp.Diff(before, after); err != nil || diff != "" {
			t.Errorf("%s: %v, the member (-want +got):\n%s", name, err, diff)
		}
	}
}

// More members with several lines than are merged at once.
func TestManyMembersWithSeveralLines(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var lines []string
	const n = repeatPage
	for i := range n {
		lines = append(lines, fmt.Sprintf("%09d,ANA,GARCIA,,%s,A,2024-01-01,2024-12-31\n", i, born(i)))
	}
	for i := range n {
		lines = append(lines, fmt.Sprintf("%09d,ANA,GARCIA,,%s,A,2025-01-01,\n", i, born(i)))
	}
	if report := f.load(t, header+strings.Join(lines, "")); report.Added != n || report.Merged != n {
		t.Errorf("Import = %+v, want %d added and merged", report, n)
	}
	slices.Reverse(lines)
	if report := f.load(t, header+strings.Join(lines, "")); report.Unchanged != n {
		t.Errorf("the lines in reverse = %+v, want %d unchanged", report, n)
	}
}

func TestDryRunChangesNothingAndProgressMovesInEveryPhase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	seen := map[Phase]int64{}
	options := ImportOptions{AllowShrink: true, DryRun: true, Progress: func(phase Phase, done, total int64) {
		if done < seen[phase] || done > total {
			t.Errorf("%s: %d of %d after %d", phase, done, total, seen[phase])
		}
		seen[phase] = max(seen[phase], done)
	}}
	file := header + strings.Replace(anak, "RUIZ", "SOTO", 1) + "900000612,EVA,PAZ,,1990-01-01,B,,\n"
	report, err := f.Import(t.Context(), strings.NewReader(file), options)
	if got, want := counts(report), [5]int{1, 1, 1, 0, 0}; err != nil || got != want || !report.DryRun {
		t.Errorf("dry run = %+v, %v, want %v", report, err, want)
	}
	if n := f.count(t, `SELECT count(*) FROM roster_imports`); n != 1 {
		t.Errorf("%d imports on record after a dry run, want 1", n)
	}
	if m, err := f.Find(t.Context(), "900000611"); err != nil || m.Ended {
		t.Errorf("a member whom the dry run would end = %+v, %v", m, err)
	}
	options.DryRun = false
	clear(seen)
	if report, err = f.Import(t.Context(), strings.NewReader(file), options); err != nil || report.Repeated || report.Added != 1 {
		t.Errorf("the file after its dry run = %+v, %v, want it applied", report, err)
	}
	clear(seen)
	f.Import(t.Context(), strings.NewReader(file), options)
	if seen[PhaseComparing] != int64(len(file)) {
		t.Errorf("comparing came to %d of %d bytes", seen[PhaseComparing], len(file))
	}
}
