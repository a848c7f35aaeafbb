package members

import (
	"errors"
	"strings"
	"testing"
)

// What a full disk or a crash leaves: zeros where text was. Nobody can tell whose lines they were.
func TestZerosRefuseTheFile(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"for the last member":        header + anak + strings.Repeat("\x00", len(noah)),
		"behind a cut line":          header + anak + strings.TrimSuffix(noah, "\n") + strings.Repeat("\x00", 4096),
		"more than a line may have":  header + anak + strings.Repeat("\x00", 2*maxLine),
		"within a line":              header + anak + strings.Replace(noah, "SOTO", "S\x00TO", 1),
		"in UTF-16":                  inUTF16(header+anak+"\x00\x00\x00\x00", false),
		"above the header":           "\x00" + header + anak + noah,
		"behind a byte order mark":   markUTF8 + header + anak + "\x00\x00",
		"in an old Macintosh's file": strings.ReplaceAll(header+anak, "\n", "\r") + "\x00\x00",
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true})
		if e, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(e.Error(), "the file is damaged, or no text: NUL bytes") || e.Line == 0 {
			t.Errorf("%s: Import = %+v, %v, want the file refused as damaged", name, report, err)
		}
	}
}

// A last line without an end, all of whose fields are there, may have lost a part of its last one.
func TestLastLineThatMayBeCut(t *testing.T) {
	t.Parallel()
	const head = "member_number,birth_date,first_name,last_name,coverage_start,coverage_end\n"
	const ana = "900000610,1984-03-14,ANA,RUIZ,2025-01-01,2026-12-31\n"
	const leo = "900000611,1984-03-15,LEO,SOTO,2025-01-01,2026-12-31\n"
	const byName = "member_number,birth_date,first_name,last_name\n"
	for name, test := range map[string]struct {
		file   string
		counts [5]int // added, changed, ended, unchanged, rejected
		ends   string // coverage of LEO
	}{
		"whole":                   {head + ana + strings.TrimSuffix(leo, "\n"), [5]int{0, 0, 0, 2, 0}, "2026-12-31"},
		"cut at the last field":   {head + ana + strings.TrimSuffix(leo, "2026-12-31\n"), [5]int{0, 0, 0, 1, 1}, "2026-12-31"},
		"cut within a name":       {byName + "900000610,1984-03-14,ANA,RUIZ\n900000611,1984-03-15,LEO,SOT", [5]int{0, 0, 0, 1, 1}, "2026-12-31"},
		"UTF-16":                  {inUTF16(head+ana+strings.TrimSuffix(leo, "2026-12-31\n"), false), [5]int{0, 0, 0, 1, 1}, "2026-12-31"},
		"changed, with its end":   {head + ana + strings.Replace(leo, "2026-12-31", "2027-12-31", 1), [5]int{0, 1, 0, 1, 0}, "2027-12-31"},
		"changed, with end mark":  {head + ana + strings.Replace(leo, "2026-12-31\n", "2027-12-31\x1a", 1), [5]int{0, 1, 0, 1, 0}, "2027-12-31"},
		"of a new member":         {head + ana + leo + "900000612,1984-03-16,EVA,PAZ,2025-01-01,2026-12-31", [5]int{1, 0, 0, 2, 0}, "2026-12-31"},
		"second of the same, cut": {head + ana + leo + "900000611,1984-03-15,LEO,SOTO,2027-06-01,", [5]int{0, 0, 0, 1, 1}, "2026-12-31"},
		"second of the same":      {head + ana + leo + strings.TrimSuffix(leo, "\n"), [5]int{0, 0, 0, 2, 0}, "2026-12-31"},
	} {
		f := newFixture(t)
		f.load(t, head+ana+leo)
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{AllowDoubtful: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if got := counts(report); err != nil || got != test.counts {
			t.Errorf("%s: %v, %v, want %v", name, got, err, test.counts)
		}
		if len(faults) != test.counts[4] || len(faults) > 0 && !strings.Contains(faults[0], "may be cut") {
			t.Errorf("%s: faults %q", name, faults)
		}
		if test.counts[4] > 0 && len(report.Fields) > 0 {
			t.Errorf("%s: changes of data %+v, want none", name, report.Fields)
		}
		if m, err := f.Find(t.Context(), "900000611"); err != nil || m.Ended || m.LastName != "SOTO" || m.CoverageEnd.String() != test.ends {
			t.Errorf("%s: the member is %+v, %v", name, m, err)
		}
	}
}

// Behind the cut other lines may be missing: it takes a flag to end those whose they would be.
func TestCutFileEndsNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+covered(40)+anak+noah)
	file := header + covered(40) + strings.TrimSuffix(anak, "2025-01-01,\n") + ","
	const another = "900000610,ANAK,RUIZ,JR,1984-03-14,"
	for name, file := range map[string]string{
		"alone":                        file,
		"contrary to another line":     header + covered(40) + another + "B,2026-01-01,\n" + another + "A,2025-01-01,",
		"beside a line with a fault":   header + covered(40) + another + "B,soon,\n" + another + "A,2024-01-01,",
		"beside the lines of a change": header + covered(40) + another + "A,2020-01-01,2020-12-31\n" + another + "A,2025-01-01,",
	} {
		_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{})
		if e, ok := errors.AsType[*UnreadableError](err); !ok || *e != (UnreadableError{Absent: 1, IsCut: true}) || !strings.Contains(e.Error(), "cut") {
			t.Errorf("%s: Import = %v, want *UnreadableError of a cut file with one member absent", name, err)
		}
	}
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowUnreadable: true})
	if got, want := counts(report), [5]int{0, 0, 1, 40, 1}; err != nil || got != want {
		t.Errorf("with the flag: %v, %v, want %v", got, err, want)
	}
	if m, err := f.Find(t.Context(), "900000610"); err != nil || m.Ended || m.CoverageStart.IsZero() {
		t.Errorf("the member of the cut line is %+v, %v, want as before", m, err)
	}
}

// A last line without an end of a new member counts when all fields are there, and is named unless the last of them is whole
// for certain. Where it most likely lacks a part, it is left out.
func TestLastLineOfANewMember(t *testing.T) {
	t.Parallel()
	const known = "900000610,1984-03-14,ANA,RUIZ"
	const head = "member_number,birth_date,first_name,last_name"
	for name, test := range map[string]struct {
		head, known, line string
		counts            [5]int // added, changed, ended, unchanged, rejected
		says              string // of the line, "" for nothing
	}{
		"a name":                 {head, known, "900000612,1984-03-16,EVA,PAZ", [5]int{1, 0, 0, 1, 0}, "is the last and has no end"},
		"a name, in UTF-16":      {head, known, "900000612,1984-03-16,EVA,MUÑOZ", [5]int{1, 0, 0, 1, 0}, "is the last and has no end"},
		"a quoted name":          {head, known, `900000612,1984-03-16,EVA,"PAZ"`, [5]int{1, 0, 0, 1, 0}, ""},
		"a name with its end":    {head, known, "900000612,1984-03-16,EVA,PAZ\n", [5]int{1, 0, 0, 1, 0}, ""},
		"a column that is none":  {head + ",phone", known + ",1", "900000612,1984-03-16,EVA,PAZ,86", [5]int{1, 0, 0, 1, 0}, ""},
		"an open end":            {head + ",coverage_end", known + ",", "900000612,1984-03-16,EVA,PAZ,", [5]int{1, 0, 0, 1, 0}, "is the last and has no end"},
		"an end":                 {head + ",coverage_end", known + ",", "900000612,1984-03-16,EVA,PAZ,2026-12-31", [5]int{1, 0, 0, 1, 0}, ""},
		"an end with slashes":    {head + ",coverage_end", known + ",", "900000612,1984-03-16,EVA,PAZ,1/2/2027", [5]int{1, 0, 0, 1, 0}, ""},
		"an end that is cut":     {head + ",coverage_end", known + ",", "900000612,1984-03-16,EVA,PAZ,2026-12-3", [5]int{0, 0, 0, 1, 1}, "is cut, most likely"},
		"a birth date":           {"member_number,first_name,last_name,birth_date", "900000610,ANA,RUIZ,1984-03-14", "900000612,EVA,PAZ,1984-03-16", [5]int{1, 0, 0, 1, 0}, ""},
		"a birth date that is":   {"member_number,first_name,last_name,birth_date", "900000610,ANA,RUIZ,1984-03-14", "900000612,EVA,PAZ,1984-03-1", [5]int{0, 0, 0, 1, 1}, "is cut, most likely"},
		"a program":              {head + ",program", known + ",A", "900000612,1984-03-16,EVA,PAZ,HUSKY B", [5]int{1, 0, 0, 1, 0}, ""},
		"a program that is cut":  {head + ",program", known + ",A", "900000612,1984-03-16,EVA,PAZ,HUSKY", [5]int{0, 0, 0, 1, 1}, "is cut, most likely"},
		"a field too few":        {head, known, "900000612,1984-03-16,EVA", [5]int{}, "refused"},
		"a birth date of 9 more": {"member_number,first_name,last_name,birth_date", "900000610,ANA,RUIZ,3/14/1984", "900000612,EVA,PAZ,3/16/198", [5]int{}, "refused"},
	} {
		f := newFixture(t)
		f.load(t, test.head+"\n"+test.known+"\n")
		file := test.head + "\n" + test.known + "\n" + test.line
		if strings.HasSuffix(name, "UTF-16") {
			file = inUTF16(file, false)
		}
		var said []string
		collect := func(e LineError) { said = append(said, e.Error()) }
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Rejected: collect, Note: collect})
		if test.says == "refused" {
			if e, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(e.Problem, "cut off") {
				t.Errorf("%s: Import = %+v, %v, want the file refused as cut off", name, report, err)
			}
			continue
		}
		if got := counts(report); err != nil || got != test.counts {
			t.Errorf("%s: %v, %v, want %v", name, got, err, test.counts)
		}
		if len(said) > 1 || (len(said) == 1) != (test.says != "") || test.says != "" && !strings.HasPrefix(said[0], "line 3: "+test.says) {
			t.Errorf("%s: said %q, want %q", name, said, test.says)
		}
	}
	f := newFixture(t)
	f.load(t, header+covered(40)+anak)
	_, err := f.Import(t.Context(), strings.NewReader(header+covered(40)+"900000612,EVA,PAZ,,1990-01-01,A,2025-01-01,2026-12-3"), ImportOptions{})
	if e, ok := errors.AsType[*UnreadableError](err); !ok || !e.IsCut {
		t.Errorf("a cut line of a new member, somebody absent: Import = %v, want *UnreadableError of a cut file", err)
	}
}
