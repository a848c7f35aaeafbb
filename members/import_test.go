package members

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

func TestImportAppliesDifferences(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const ana, eva, leo = "111111111,ANA,GARCIA,,1984-05-17,A,,\n", "222222222,EVA,LOPEZ,,1985-05-17,B,,\n", "333333333,LEO,SOTO,II,1986-05-17,,,\n"
	if got, want := counts(f.load(t, header+ana+eva+leo)), [5]int{3, 0, 0, 0, 0}; got != want {
		t.Errorf("first import: added, changed, ended, unchanged, rejected = %v, want %v", got, want)
	}
	before, err := f.Find(t.Context(), "222222222")
	if err != nil {
		t.Fatal(err)
	}

	// EVA marries, LEO leaves, MIA comes. One of three ends, which needs to be allowed.
	second := header + ana + "222222222,EVA,GREEN,,1985-05-17,B,,\n" + "444444444,MIA,RUIZ,,1990-01-01,,,\n"
	if _, err := f.Import(t.Context(), strings.NewReader(second), ImportOptions{}); err == nil {
		t.Error("a file that ends a third of the members was applied")
	} else if shrink, ok := errors.AsType[*ShrinkError](err); !ok || *shrink != (ShrinkError{Ending: 1, Active: 3}) {
		t.Errorf("a file that ends a third of the members: %v, want *ShrinkError", err)
	}
	if _, err := f.Find(t.Context(), "444444444"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a member of the refused file: %v, want ErrUnknown", err)
	}
	report, err := f.Import(t.Context(), strings.NewReader(second), ImportOptions{AllowShrink: true})
	if got, want := counts(report), [5]int{1, 1, 1, 1, 0}; err != nil || got != want {
		t.Errorf("second import = %v, %v, want %v", got, err, want)
	}
	after, err := f.Find(t.Context(), "222222222")
	if err != nil || after.LastName != "GREEN" || after.ID != before.ID {
		t.Errorf("changed member = %+v, %v, want last name GREEN under the same id %s", after, err, before.ID)
	}
	if gone, err := f.Find(t.Context(), "333333333"); err != nil || !gone.Ended || gone.Suffix != "II" {
		t.Errorf("member who left = %+v, %v, want Ended, with the data kept", gone, err)
	}

	// The first file came back: refused as old, then allowed; LEO continues, MIA ends.
	if _, err := f.Import(t.Context(), strings.NewReader(header+ana+eva+leo), ImportOptions{AllowShrink: true}); !errors.Is(err, ErrOldFile) {
		t.Errorf("applying the first file again = %v, want ErrOldFile", err)
	}
	report, err = f.Import(t.Context(), strings.NewReader(header+ana+eva+leo), ImportOptions{AllowShrink: true, AllowOld: true})
	if got, want := counts(report), [5]int{0, 2, 1, 1, 0}; err != nil || got != want {
		t.Errorf("the first file, allowed = %v, %v, want %v", got, err, want)
	}
	if back, err := f.Find(t.Context(), "333333333"); err != nil || back.Ended {
		t.Errorf("member who came back = %+v, %v, want not Ended", back, err)
	}
	if n := f.count(t, `SELECT count(*) FROM audit_events WHERE kind = 'roster.imported'`); n != 3 {
		t.Errorf("%d audit events of imports, want 3", n)
	}
	if n := f.count(t, `SELECT count(*) FROM audit_events WHERE kind = 'roster.refused'`); n != 2 {
		t.Errorf("%d audit events of refusals, want 2", n)
	}
}

func TestSameFileAgainDoesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file := header + "111111111,ANA,GARCIA,,1984-05-17,A,,\n"
	first := f.load(t, file)
	again := f.load(t, file)
	if !again.Repeated || again.ID != first.ID || !again.AppliedAt.Equal(first.AppliedAt) {
		t.Errorf("second import of one file = %+v, want a repetition of %+v", again, first)
	}
	if n := f.count(t, `SELECT count(*) FROM roster_imports`); n != 1 {
		t.Errorf("%d imports on record, want 1", n)
	}
	if other := f.load(t, strings.Replace(file, "ANA", "EVA", 1)); other.Repeated || other.Changed != 1 {
		t.Errorf("another file of the same size = %+v, want one change", other)
	}
}

func TestFaultyLinesStopNothingElse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+"111111111,ANA,GARCIA,,1984-05-17,A,,\n222222222,EVA,LOPEZ,,1985-05-17,B,,\n")
	var faults []string
	report, err := f.Import(t.Context(), strings.NewReader(header+
		"111111111,ANA,GARCIA,,1984-05-17,A,,\n"+
		"222222222,EVA,LOPEZ,,31.12.1985,B,,\n"+ // stays as before
		"33333333,LEO,SOTO,,1986-05-17,,,\n"+
		"\n"+
		"444444444,MIA,RUIZ,,1990-01-01,,,\n"+
		"555555555,\"MIA\n"),
		ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
	if got, want := counts(report), [5]int{1, 0, 0, 1, 3}; err != nil || got != want {
		t.Errorf("import with faulty lines = %v, %v, want %v", got, err, want)
	}
	want := []string{
		"line 3: birth_date: has dots, as dates with the day first have: export it as 2006-01-02, or set the dates to day-first",
		"line 4: member_number: does not have the form of a member number: leading zeros are missing (1), which spreadsheets drop; export the column as text",
		"line 7: a quotation mark is not closed on its line",
	}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if eva, err := f.Find(t.Context(), "222222222"); err != nil || eva.Ended {
		t.Errorf("member whose line is at fault = %+v, %v, want as before", eva, err)
	}
}

// Spreadsheets write a header that was wrapped within its cell over several lines.
func TestWrappedHeader(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	report, err := f.Import(t.Context(), strings.NewReader("Members of HUSKY\n\"Member\nNumber\",\"First\nName\",Last Name,\"Birth\n\nDate\"\n111111111,ANA,GARCIA,1984-05-17\n"), ImportOptions{})
	if err != nil || report.Added != 1 || report.Rejected != 0 {
		t.Errorf("import = %+v, %v, want one member", report, err)
	}
}

// A sex in the suffix column would become a part of the last name, and dropping it would drop a known JR.
func TestSexIsNoSuffix(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	try := func(file string, want ...string) {
		var faults []string
		if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }}); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, faults); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
	}
	for _, sex := range []string{"f", "M", "2", "Hombre"} {
		line := ": suffix: " + suffixSex
		try(header+strings.Replace(anak, "JR", sex, 1)+noah+"333333333,LEO,SOTO,"+sex+",1986-05-17,,,\n444444444,IAN,SOTO,V,1986-05-18,,,\n", "line 2"+line, "line 4"+line)
		try(file834(set834("2", strings.Replace(insAnak, "*JR", "*"+sex, 1), insNoah)), "segment 7"+line)
	}
	for number, want := range map[string]string{"900000610": "RUIZ/JR", "444444444": "SOTO/V"} {
		if m, err := f.Find(t.Context(), number); err != nil || m.Ended || m.LastName+"/"+m.Suffix != want {
			t.Errorf("%s is %+v, %v, want %s", number, m, err, want)
		}
	}
	if _, err := f.Find(t.Context(), "333333333"); err == nil {
		t.Error("a line with a sex for a suffix was added")
	}
}

func TestColumnsAndSeparatorAreConfigurable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file := "Born;Card;Given;Family;Ignored\n05/17/1984;111111111;ANA;\"GARCIA; LOPEZ\";x\n"
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{
		Separator: ';',
		Columns:   map[string]string{"birth_date": "born", "member_number": "CARD", "first_name": "Given", "last_name": "Family"},
	})
	if err != nil || report.Added != 1 {
		t.Fatalf("Import = %+v, %v, want one member added", report, err)
	}
	if m, err := f.Find(t.Context(), "111111111"); err != nil || m.LastName != "GARCIA; LOPEZ" {
		t.Errorf("member = %+v, %v, want last name GARCIA; LOPEZ", m, err)
	}
}

func TestBadFilesChangeNothing(t *testing.T) {
	t.Parallel()
	const ana, eva = "111111111,ANA,GARCIA,,1984-05-17,A,,\n", "222222222,EVA,LOPEZ,,1985-05-17,B,,\n"
	f := newFixture(t)
	f.load(t, header+ana+eva)
	for name, test := range map[string]struct{ file, says string }{
		"empty":             {"", "empty"},
		"header alone":      {header, "no valid line"},
		"only faulty lines": {header + "x,y\n", "no valid line"},
		"missing column":    {"member_number,first_name,last_name\n1,2,3\n", "lacks birth_date"},
		"other separator":   {strings.ReplaceAll(header+ana, ",", "%"), "separator"},
		"double column":     {"suffix,suffix," + header + ana, "twice"},
		"old spreadsheet":   {"\xD0\xCF\x11\xE0abc\n", "spreadsheet"},
		"half of UTF-16":    {"\xff\xfem\x00e\x00\n\x00", "lacks"},
		"gzip":              {"\x1f\x8b\x08\x00abc\n", "gzip"},
		"spreadsheet":       {"PK\x03\x04abc\n", "spreadsheet"},
		"X12":               {"ISA*00*          *00*~", "segment 1: an interchange has to begin with ISA"},
		"cut off":           {header + ana + eva[:len(eva)-4], "line 3: 6 fields, but the header has 8, and the line has no end"},
		"binary":            {"\x00\x01\x02\n", "the file is damaged, or no text: NUL bytes"},
		"long line":         {header + ana + strings.Repeat("x", maxLine) + "\n", "line 3: longer than"},
	} {
		_, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{AllowShrink: true})
		if _, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: Import = %v, want a *FileError with %q", name, err, test.says)
		}
	}
	if n := f.count(t, `SELECT count(*) FROM members WHERE ended_at IS NULL`); n != 2 {
		t.Errorf("after the bad files %d members are active, want 2 as before", n)
	}
	if n := f.count(t, `SELECT count(*) FROM roster_imports`); n != 1 {
		t.Errorf("after the bad files %d imports are on record, want 1", n)
	}
}

// Ten gigabytes without a line end: the reader gives up after one buffer.
func TestEndlessLineIsGivenUpEarly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	endless := &endlessFile{size: 10 << 30}
	_, err := f.Import(t.Context(), endless, ImportOptions{})
	if _, ok := errors.AsType[*FileError](err); !ok {
		t.Errorf("Import(10 GB of one line) = %v, want a *FileError", err)
	}
	if endless.read > 1<<20 {
		t.Errorf("%d bytes of it were read, want at most 1 MiB", endless.read)
	}
}

type endlessFile struct{ size, read int64 }

func (e *endlessFile) Read(p []byte) (int, error) {
	e.read += int64(len(p))
	return copy(p, bytes.Repeat([]byte("x"), len(p))), nil
}

func (e *endlessFile) Seek(_ int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return e.size, nil
	}
	return 0, nil
}

func TestReadErrorChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	broken := errors.New("disk is broken")
	file := struct {
		io.Reader
		io.Seeker
	}{io.MultiReader(strings.NewReader(header+"111111111,ANA,GARCIA,,1984-05-17,A,,\n"), failingReader{broken}), strings.NewReader("")}
	if _, err := f.Import(t.Context(), file, ImportOptions{}); !errors.Is(err, broken) {
		t.Errorf("Import from a broken disk = %v, want that error", err)
	}
	if n := f.count(t, `SELECT count(*) FROM members`); n != 0 {
		t.Errorf("%d members after a failed import, want 0", n)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func TestTwoImportsAtOnce(t *testing.T) {
	t.Parallel()
	f := fixtureOn(t, postgrestest.NewPool(t, 2))
	file := header + "111111111,ANA,GARCIA,,1984-05-17,A,,\n"
	_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Progress: func(phase Phase, done, _ int64) {
		if phase != PhaseApplying || done != 1 {
			return
		}
		if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{}); !errors.Is(err, ErrImportRunning) {
			t.Errorf("a second import during the first = %v, want ErrImportRunning", err)
		}
	}})
	if err != nil {
		t.Errorf("the first import: %v", err)
	}
}

// More lines than a chunk, with every kind of name that Sample makes: each member must match what its card says.
func TestSampleRosterImportsWholeAndMatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var file, again bytes.Buffer
	const n = 2*chunkEntries + 100
	if err := Sample(&file, n, 7); err != nil {
		t.Fatal(err)
	}
	if err := Sample(&again, n, 7); err != nil || !bytes.Equal(file.Bytes(), again.Bytes()) {
		t.Errorf("the same seed gave another sample, %v", err)
	}
	report, err := f.Import(t.Context(), bytes.NewReader(file.Bytes()), ImportOptions{
		Rejected: func(e LineError) { t.Errorf("rejected: %v", e) },
	})
	if err != nil || report.Added != n {
		t.Fatalf("Import = %+v, %v, want %d added", report, err, n)
	}
	for i, line := range strings.Split(file.String(), "\n")[1:n] {
		if i%500 != 0 {
			continue
		}
		field := strings.Split(line, ",")
		born, _ := parseISO(field[4])
		if _, err := f.Match(t.Context(), Claim{strings.ToLower(field[1]), field[2], field[3], born, field[0]}); err != nil {
			t.Errorf("card %q: Match: %v", line, err)
		}
	}
	changed := strings.Replace(file.String(), ",A,", ",B,", 10)
	if got, want := counts(f.load(t, changed)), [5]int{0, 10, 0, n - 10, 0}; got != want {
		t.Errorf("ten lines changed: %v, want %v", got, want)
	}
}

// S-47: after the index key moved on, members are found under both versions, and the next import moves them.
func TestIndexKeyRotation(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	kek, err := seal.ParseKEK(seal.GenerateKEK())
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := seal.Load(t.Context(), db, kek)
	if err != nil {
		t.Fatal(err)
	}
	f := fixtureOn(t, db)
	f.deps.Keyring = keyring
	f.load(t, header+"111111111,ANA,GARCIA,,1984-05-17,A,,\n")
	before, err := f.Find(t.Context(), "111111111")
	if err != nil {
		t.Fatal(err)
	}
	if err := keyring.AddVersion(t.Context(), seal.Index); err != nil {
		t.Fatal(err)
	}
	if err := keyring.Promote(t.Context(), seal.Index); err != nil {
		t.Fatal(err)
	}
	if found, err := f.Find(t.Context(), "111111111"); err != nil || found.ID != before.ID {
		t.Errorf("after the rotation Find = %+v, %v, want %s", found, err, before.ID)
	}
	if got, want := counts(f.load(t, header+"111111111,ANA,GARCIA,,1984-05-17,A,,\n222222222,EVA,LOPEZ,,1985-05-17,B,,\n")), [5]int{1, 1, 0, 0, 0}; got != want {
		t.Errorf("import after the rotation: %v, want %v", got, want)
	}
	var stored []byte
	if err := db.From(t.Context()).QueryRow(t.Context(), `SELECT number_mac FROM members WHERE id = $1`, before.ID).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if want := f.numberMACs("111111111")[0]; !bytes.Equal(stored, want) {
		t.Errorf("after the import the member is stored under the digest %x, want the current %x", stored, want)
	}
}
