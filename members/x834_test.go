package members

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// set834 is a transaction set of members, each given as its segments; action is BGN08.
func set834(action string, members ...string) string { return setNumbered("0001", action, members...) }

func setNumbered(control, action string, members ...string) string {
	segments := []string{"ST*834*" + control + "*005010X220A1", "BGN*00*X*20261124*0000****" + action, "N1*P5*STATE*FI*0", "N1*IN*PLAN*FI*0"}
	for _, m := range members {
		segments = append(segments, strings.Split(strings.TrimSuffix(m, "~"), "~")...)
	}
	return strings.Join(append(segments, fmt.Sprintf("SE*%d*%s", len(segments)+1, control)), "~\n") + "~\n"
}

// file834 puts sets into their envelopes.
func file834(sets ...string) string {
	return fmt.Sprintf("ISA*00*%10s*00*%10s*ZZ*%-15s*ZZ*%-15s*261124*0000*^*00501*000000007*0*P*:~\nGS*BE*A*B*20261124*0000*42*X*005010X220A1~\n%sGE*%d*42~\nIEA*1*7~\n",
		"", "", "A", "B", strings.Join(sets, ""), len(sets))
}

// next is a file's interchange with the nth control number after its own.
func next(n int, file string) string {
	return strings.NewReplacer("000000007", fmt.Sprintf("%09d", 7+n), "IEA*1*7", fmt.Sprintf("IEA*1*%d", 7+n)).Replace(file)
}

const (
	insAnak = "INS*Y*18*030**A~REF*0F*900000610~REF*1L*GROUP~DTP*356*D8*20250101~NM1*IL*1*RUIZ*ANAK*M**JR~DMG*D8*19840314*M~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~"
	insNoah = "INS*Y*18*030**A~REF*0F*900000611~NM1*IL*1*SOTO*NOAH~N3*1 STREET~DMG*D8*19840315*M~HD*030**HMO*HUSKY B~DTP*348*D8*20250101~DTP*349*D8*99991231~"
)

func TestFull834IsTheWholeRoster(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file := file834(set834("4", insAnak, insNoah))
	report := f.load(t, file)
	if got, want := counts(report), [5]int{2, 0, 0, 0, 0}; got != want || report.Format != "X12 834 005010X220A1, full file" {
		t.Errorf("Import = %v, %q, want %v", got, report.Format, want)
	}
	m, err := f.Match(t.Context(), Claim{"Anak", "Ruiz", "JR", Date{1984, 3, 14}, "900000610"})
	want := Member{ID: m.ID, FirstName: "ANAK", LastName: "RUIZ", Suffix: "JR", BirthDate: Date{1984, 3, 14}, MemberNumber: "900000610", Program: "A", CoverageStart: Date{2025, 1, 1}, ChangedAt: now}
	if diff := cmp.Diff(want, m); err != nil || diff != "" {
		t.Errorf("Match: %v (-want +got):\n%s", err, diff)
	}
	if again := f.load(t, file); !again.Repeated {
		t.Errorf("the same file again = %+v, want nothing done", again)
	}
	// The same people from a CSV file are the same.
	if csv := f.load(t, header+"900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n"+"900000611,NOAH,SOTO,,1984-03-15,B,2025-01-01,\n"); csv.Unchanged != 2 {
		t.Errorf("the same people as CSV = %+v, want both unchanged", csv)
	}
	// NOAH is absent: guarded like any file.
	_, err = f.Import(t.Context(), strings.NewReader(file834(set834("RX", insAnak))), ImportOptions{})
	if _, ok := errors.AsType[*ShrinkError](err); !ok {
		t.Errorf("half of the members absent: %v, want *ShrinkError", err)
	}
	report, err = f.Import(t.Context(), strings.NewReader(file834(set834("RX", insAnak))), ImportOptions{AllowShrink: true})
	if got, want := counts(report), [5]int{0, 0, 1, 1, 0}; err != nil || got != want {
		t.Errorf("half of the members absent, allowed: %v, %v, want %v", got, err, want)
	}
}

func TestChange834EndsOnlyWhomItSays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+"900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n900000611,NOAH,SOTO,,1984-03-15,B,2025-01-01,\n900000612,EVA,PAZ,,1990-01-01,,,\n900000613,LEO,SOL,,1991-01-01,C,2024-01-01,\n")
	change := func(members ...string) (Report, []string) {
		t.Helper()
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", members...))), ImportOptions{AllowShrink: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if err != nil {
			t.Fatal(err)
		}
		return report, faults
	}
	member := func(number string) Member {
		m, err := f.Find(t.Context(), number)
		if err != nil {
			t.Errorf("member %s: %v", number, err)
		}
		return m
	}
	report, faults := change(
		"INS*Y*18*024*07*A~REF*0F*900000610~DTP*357*D8*20261101~NM1*IL*1*RUIZ*ANAK***JR~",                                                      // ended
		"INS*Y*18*024*07*A~REF*0F*900000611~DTP*357*D8*20261231~NM1*IL*1*SOTO*NOAH~",                                                           // will end
		"INS*Y*18*001*25*A~REF*0F*900000612~NM1*IL*1*PAZ VEGA*EVA~",                                                                            // another name, all else as before
		"INS*Y*18*021*20*A~REF*0F*900000614~NM1*IL*1*NUEVA*MIA~DMG*D8*20010203~HD*021**HMO*HUSKYD~DTP*348*RD8*20261101-20271031~",              // new
		"INS*Y*18*001*25*A~REF*0F*900000613~NM1*IL*1*SOL*LEO~HD*024**HMO*HUSKY C~DTP*349*D8*20261031~HD*021**HMO*HUSKY A~DTP*348*D8*20261101~", // another program
		"INS*Y*18*024*07*A~REF*0F*900000699~NM1*IL*1*NADIE*NADA~",                                                                              // of nobody
		"INS*Y*18*001*07*A~REF*0F*900000698~NM1*IL*1*NADIE*NADA~",
	)
	if got, want := counts(report), [5]int{1, 3, 1, 0, 2}; got != want || report.Format != "X12 834 005010X220A1, change file" {
		t.Errorf("change = %v, %q, want %v", got, report.Format, want)
	}
	if len(faults) != 2 || !strings.HasPrefix(faults[0], "segment ") || !strings.Contains(faults[0], "nobody on the roster") || !strings.Contains(faults[1], "incomplete") {
		t.Errorf("faults %q", faults)
	}
	if m := member("900000610"); !m.Ended {
		t.Errorf("ended: %+v", m)
	}
	if m := member("900000611"); m.Ended || m.CoverageStart != (Date{2025, 1, 1}) {
		t.Errorf("to end on a day to come: %+v", m)
	}
	if m := member("900000612"); m.LastName != "PAZ VEGA" || m.BirthDate != (Date{1990, 1, 1}) || m.Ended {
		t.Errorf("another name: %+v", m)
	}
	if m := member("900000613"); m.Program != "A" || m.CoverageStart != (Date{2026, 11, 1}) || m.Ended {
		t.Errorf("another program: %+v", m)
	}
	if m := member("900000614"); m.Program != "D" || m.CoverageEnd != (Date{2027, 10, 31}) {
		t.Errorf("new: %+v", m)
	}
	later := fixtureOn(t, f.db)
	later.deps.Keyring, later.deps.Now = f.deps.Keyring, func() time.Time { return time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC) }
	if m, err := later.Find(t.Context(), "900000611"); err != nil || !m.Ended || !m.ChangedAt.After(now) {
		t.Errorf("after the day: %+v, %v, want ended since", m, err)
	}

	// Two entries of one member in their order; a change does not bring back who ended, a reinstatement does.
	report, _ = change(
		"INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***SR~",
		"INS*Y*18*024*07*A~REF*0F*900000612~NM1*IL*1*PAZ VEGA*EVA~",
		"INS*Y*18*025*41*A~REF*0F*900000612~NM1*IL*1*PAZ VEGA*EVA~DMG*D8*19900101~HD*025**HMO*HUSKY B~DTP*348*D8*20261124~",
	)
	if got, want := counts(report), [5]int{0, 2, 1, 0, 0}; got != want {
		t.Errorf("second change = %v, want %v", got, want)
	}
	if m := member("900000610"); !m.Ended || m.Suffix != "SR" {
		t.Errorf("changed after the end: %+v, want still ended", m)
	}
	if m := member("900000612"); m.Ended || m.Program != "B" {
		t.Errorf("reinstated: %+v", m)
	}
}

// B2 and B3 hold for every format.
func TestChange834HoldsOtherPeople(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	report := f.load(t, file834(set834("2",
		"INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*PAZ*EVA~DMG*D8*19990101~",
		"INS*Y*18*021*25*A~REF*0F*900000615~NM1*IL*1*PE?A*EVA~DMG*D8*19990101~")))
	if report.Held != 1 || report.CannotRegister != 1 || report.Added != 1 {
		t.Errorf("Import = %+v, want one held, one who cannot register", report)
	}
	if m, err := f.Find(t.Context(), "900000610"); err != nil || m.FirstName != "ANAK" {
		t.Errorf("held: %+v, %v, want as before", m, err)
	}
}

// Whatever the file is written with, and wherever the number is.
func TestWaysToWrite834(t *testing.T) {
	t.Parallel()
	plain := file834(setNumbered("0001", "4", insAnak), setNumbered("0002", "4", insNoah))
	for name, file := range map[string]string{
		"as usual":              plain,
		"one line":              strings.ReplaceAll(plain, "\n", ""),
		"CRLF":                  strings.ReplaceAll(plain, "\n", "\r\n"),
		"line end terminates":   strings.ReplaceAll(plain, "~\n", "\n"),
		"bars and brackets":     strings.NewReplacer("*", "|", "~", "!", "^", "{", ":", ">").Replace(plain),
		"controls":              strings.NewReplacer("*", "\x1d", "~\n", "\x1c", ":", "\x1f").Replace(plain),
		"two interchanges":      file834(set834("4", insAnak)) + next(1, file834(set834("4", insNoah))),
		"UTF-16":                inUTF16(plain, false),
		"end mark":              plain + "\x1a",
		"filled up with zeros":  plain + strings.Repeat("\x00", 512),
		"byte order mark":       "\xEF\xBB\xBF" + plain,
		"version 4010 controls": strings.Replace(plain, "*^*", "*U*", 1),
		"several coverages":     file834(set834("4", insAnak+"HD*030**DEN*DENTAL~DTP*348*D8*20240101~LX*1~NM1*P3*1*DOC*TOR~", insNoah)),
		"corrected name":        file834(set834("4", strings.Replace(insAnak, "NM1*IL*1*RUIZ*ANAK*M**JR~DMG*D8*19840314*M~", "NM1*74*1*RUIZ*ANAK*M**JR~DMG*D8*19840314*M~NM1*70*1*RUIS*ANNA~DMG*D8*19850101~", 1), insNoah)),
	} {
		f := newFixture(t)
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Rejected: func(e LineError) { t.Errorf("%s: %v", name, e) }})
		if err != nil || report.Added != 2 {
			t.Errorf("%s: Import = %+v, %v, want two added", name, report, err)
			continue
		}
		if m, err := f.Match(t.Context(), Claim{"Anak", "Ruiz", "JR", Date{1984, 3, 14}, "900000610"}); err != nil || m.Program != "A" || m.CoverageStart != (Date{2025, 1, 1}) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	f := newFixture(t)
	member := strings.ReplaceAll(insAnak, "REF*0F*900000610", "REF*0F*FAMILY~REF*23*900-000-610")
	if report, err := f.Import(t.Context(), strings.NewReader(file834(set834("4", member))), ImportOptions{MemberRef: "23"}); err != nil || report.Added != 1 {
		t.Errorf("number in REF 23: %+v, %v, want one added", report, err)
	}
}

func TestBadEnvelopesChangeNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	good := file834(set834("4", insAnak, insNoah))
	for name, test := range map[string]struct{ old, new, says string }{
		"count of segments":    {"SE*21*", "SE*20*", "SE does not count"},
		"control of the set":   {"*0001~\nGE", "*0002~\nGE", "SE has another control number"},
		"count of sets":        {"GE*1*", "GE*2*", "GE does not count"},
		"control of the group": {"GE*1*42", "GE*1*43", "GE has another control number"},
		"count of groups":      {"IEA*1*", "IEA*0*", "IEA does not count"},
		"control of all":       {"IEA*1*7", "IEA*1*8", "IEA has another control number"},
		"cut off in a set":     {"SE*21*0001~\nGE*1*42~\nIEA*1*7~\n", "", "the file ends inside ST"},
		"cut off in a segment": {"IEA*1*7~\n", "IEA*1*7", "cut off"},
		"no trailer":           {"IEA*1*7~\n", "", "the file ends inside ISA"},
		"another version":      {"X*005010X220A1", "X*004010X095A1", "not of version"},
		"another set":          {"ST*834", "ST*820", "not an 834"},
		"another group":        {"GS*BE", "GS*HC", "not BE"},
		"action":               {"****4", "****1", "BGN08"},
		"loose segment":        {"GE*1*42~", "GE*1*42~\nN1*X~", "outside"},
		"delimiters":           {"*:~\nGS", "*~~\nGS", "delimiter"},
		"short ISA":            {"*00501*", "*0501*", "ISA"},
		"text behind":          {"IEA*1*7~\n", "IEA*1*7~\nmore", "ISA"},
	} {
		file := strings.Replace(good, test.old, test.new, 1)
		if file == good {
			t.Fatalf("%s: nothing replaced in\n%s", name, good)
		}
		_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true})
		if _, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "segment ") {
			t.Errorf("%s: Import = %v, want a *FileError with a segment and %q", name, err, test.says)
		}
	}
	mixed := file834(setNumbered("0001", "4", insAnak), setNumbered("0002", "2", insNoah))
	if _, err := f.Import(t.Context(), strings.NewReader(mixed), ImportOptions{}); err == nil || !strings.Contains(err.Error(), "full and change") {
		t.Errorf("full and change sets in one file: %v", err)
	}
	if n := f.count(t, `SELECT count(*) FROM roster_imports`); n != 1 {
		t.Errorf("%d imports on record, want 1", n)
	}
}

// Faults of one member name their segment, and the member continues.
func TestFaultyLoopsOf834(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ old, new, fault string }{
		"birth date":   {"19840314", "19841314", "segment 12: birth_date: is not a date in the form D8"},
		"date format":  {"DMG*D8", "DMG*RD8", "segment 12: birth_date: is not a date in the form D8"},
		"coverage":     {"DTP*348*D8*20250101", "DTP*348*D8*2025", "segment 14: coverage_start: is not a date in the form D8"},
		"no name":      {"RUIZ*ANAK", "*ANAK", "segment 7: last_name: has no letters"},
		"maintenance":  {"INS*Y*18*030", "INS*Y*18*003", "segment 7: INS03 is none of 001, 021, 024, 025, 030"},
		"two numbers":  {"REF*1L*GROUP", "REF*0F*900000619", "segment 7: member_number: there are two REF 0F with different numbers"},
		"eligibility":  {"DTP*356*D8*20250101", "DTP*356*RD8*20250101-20241231", "segment 7: coverage_end: is before coverage_start (DTP 357, 356)"},
		"two programs": {"HD*030**HMO*HUSKY A~\n", "HD*030**HMO*HUSKY A~\nDTP*348*D8*20240101~\nHD*030**HMO*HUSKY C~\n", "segment 7: program: two programs claim one day"},
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		file := strings.Replace(file834(set834("4", insAnak, insNoah)), test.old, test.new, 1)
		if name == "two programs" {
			file = strings.Replace(file, "SE*21*", "SE*23*", 1)
		}
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if err != nil || report.Rejected != 1 || report.Ended != 0 {
			t.Errorf("%s: Import = %+v, %v, want one rejected and nobody ended", name, report, err)
		}
		if len(faults) != 1 || faults[0] != test.fault {
			t.Errorf("%s: faults %q, want %q", name, faults, test.fault)
		}
	}
	f := newFixture(t)
	f.load(t, header+anak+noah)
	_, err := f.Import(t.Context(), strings.NewReader(file834(set834("4", strings.Replace(insAnak, "900000610", "90000O610", 1), insNoah))), ImportOptions{})
	if _, ok := errors.AsType[*UnreadableError](err); !ok {
		t.Errorf("a number that cannot be read: %v, want *UnreadableError", err)
	}
}

func TestSample834HoldsTheSamePeople(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var csv, x12 bytes.Buffer
	const n = sampleSet + 100
	if err := errors.Join(Sample(&csv, n, 7), Sample834(&x12, n, 7)); err != nil {
		t.Fatal(err)
	}
	if report := f.load(t, x12.String()); report.Added != n || report.Rejected+report.CannotRegister > 0 {
		t.Errorf("the 834 sample = %+v, want %d added", report, n)
	}
	if report := f.load(t, csv.String()); report.Unchanged != n {
		t.Errorf("the CSV sample after it = %+v, want %d unchanged", report, n)
	}
}

func FuzzRead834(f *testing.F) {
	f.Add(file834(set834("4", insAnak, insNoah)))
	f.Add(file834(set834("2", strings.Replace(insAnak, "030", "024", 1), "INS*Y~HD*002~DTP*349*RD8*20250101-~")))
	f.Add(strings.NewReplacer("*", "|", "~\n", "!").Replace(file834(set834("RX", insAnak))))
	f.Add("ISA")
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, file string) {
		text, decoder, err := openText(strings.NewReader(file), "")
		if err != nil {
			return
		}
		source := new834(text, decoder, ImportOptions{}, DefaultNumberFormat, DateOf(at))
		for last := 0; ; {
			e, err := source.next()
			if err != nil {
				return
			}
			if e.position <= last {
				t.Errorf("segment %d after %d", e.position, last)
			}
			last = e.position
			if e.fault == nil && len(e.notes) == 0 && !e.partial {
				checkRegisters(t, e.rec, at)
			}
			if e.partial && e.fault == nil {
				old := record{FirstName: "A", LastName: "B", BirthDate: Date{1990, 1, 1}, CoverageStart: Date{2020, 1, 1}}
				rec := old.overlaid(e.rec, e.covered, e.verb)
				rec.setCovers(rec.covers())
			}
		}
	})
}

// rewritten copies a file line by line with replacements, and returns where it is.
func rewritten(t *testing.T, path string, oldnew ...string) string {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w, replacer := bufio.NewWriter(out), strings.NewReplacer(oldnew...)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		replacer.WriteString(w, lines.Text()+"\n")
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Name()
}
