package members

import (
	"fmt"
	"strings"
	"testing"
)

// A new number with the name and birth date of a known member waits for a decision, since a second row would open a second account.
func TestNamesakeUnderANewNumber(t *testing.T) {
	t.Parallel()
	const (
		ends  = "INS*Y*18*024*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK~DMG*D8*19840314~HD*024**HMO*HUSKY A~DTP*349*D8*20261120~"
		anew  = "INS*Y*18*021*25*A~REF*0F*900000700~NM1*IL*1*Ruiz*Ának~DMG*D8*19840314~HD*021**HMO*HUSKY A~DTP*348*D8*20261121~"
		prior = "INS*Y*18*021*25*A~REF*0F*900000700~REF*Q4*900000610~NM1*IL*1*RUIZ*ANAK~DMG*D8*19840314~HD*021**HMO*HUSKY A~DTP*348*D8*20261121~"
		weds  = "INS*Y*18*021*25*A~REF*0F*900000700~REF*Q4*900000610~NM1*IL*1*SOL*ANAK~DMG*D8*19840314~HD*021**HMO*HUSKY A~DTP*348*D8*20261121~"
		line  = "900000700,ANAK,RUIZ,,1984-03-14,A,2026-11-21,\n"
	)
	two := header + anak + noah
	for name, test := range map[string]struct {
		hasEnded bool
		file     string
		says     string
		isRefuse bool // as the same person
	}{
		"a change file":                      {false, file834(set834("2", anew)), "of a member who is on the roster: held", false},
		"behind the end":                     {false, file834(set834("2", ends, anew)), "of a member who is on the roster: held", false},
		"before the end":                     {false, file834(set834("2", anew, ends)), "of a member who is on the roster: held", false},
		"with the former number":             {false, file834(set834("2", ends, prior)), "REF Q4 names as the former number that of a member who is on the roster, who has this name and birth date: held", false},
		"with the former number and a name":  {false, file834(set834("2", ends, weds)), "REF Q4 names as the former number that of a member who is on the roster: held", false},
		"a change file, ended before":        {true, file834(set834("2", anew)), "of a member who has ended: held", false},
		"a full file, ended before":          {true, header + noah + line, "of a member who has ended: held", false},
		"a full 834, ended before":           {true, file834(set834("4", insNoah, anew)), "of a member who has ended: held", false},
		"a full file, in two lines":          {true, header + noah + line + "900000700,ANAK,RUIZ,,1984-03-14,B,2025-01-01,2025-12-31\n", "of a member who has ended: held", false},
		"a full file, in it as well":         {false, two + line, "of a member who is in the file under another number: held", true},
		"a full file, named, in it as well":  {false, file834(set834("4", insAnak, insNoah, weds)), "REF Q4 names as the former number that of a member who is in the file under another number: held", true},
		"a full file, not in it any more":    {false, header + noah + line, "of a member who is not in the file", false},
		"a full file, not in it, first line": {false, header + line + noah, "of a member who is not in the file", false},
	} {
		for _, same := range []bool{true, false} {
			f := newFixture(t)
			f.load(t, two)
			hers, err := f.Find(t.Context(), "900000610")
			if err != nil {
				t.Fatal(err)
			}
			if test.hasEnded {
				if _, err := f.Import(t.Context(), strings.NewReader(header+noah), ImportOptions{AllowShrink: true}); err != nil {
					t.Fatal(err)
				}
			}
			var lines []int
			var says []string
			read := func(o ImportOptions) (Report, error) {
				lines, says, o.AllowShrink = nil, nil, true
				o.Held = func(e LineError) { lines, says = append(lines, e.Line), append(says, e.Problem) }
				return f.Import(t.Context(), strings.NewReader(test.file), o)
			}
			report, err := read(ImportOptions{DryRun: same}) // it is decided after a dry run, or after the file was applied without the line
			if err != nil || report.Added != 0 || report.Held != 1 || len(says) != 1 || !strings.Contains(says[0], test.says) {
				t.Errorf("%s: %+v, %v, held %q", name, report, err, says)
				continue
			}
			if n := f.count(t, `SELECT count(*) FROM members`); n != 2 {
				t.Errorf("%s: %d rows, want 2", name, n)
			}
			o := ImportOptions{OtherPerson: lines, Review: report.Review}
			if same {
				o = ImportOptions{SamePerson: lines, Review: report.Review}
			}
			report, err = read(o)
			if same && test.isRefuse {
				if !isReview(err) {
					t.Errorf("%s: as the same person: %+v, %v, want it refused", name, report, err)
				}
				continue
			}
			if err != nil || report.Held != 0 || (report.Added == 0) != same || same && report.Ended != 0 {
				t.Errorf("%s, same %t: %+v, %v", name, same, report, err)
			}
			m, err := f.Find(t.Context(), "900000700")
			if err != nil || (m.ID == hers.ID) != same || m.Ended || m.Program != "A" {
				t.Errorf("%s, same %t: %+v, %v", name, same, m, err)
			}
			if n := f.count(t, `SELECT count(*) FROM members`); (n == 2) != same {
				t.Errorf("%s, same %t: %d rows", name, same, n)
			}
		}
	}
}

// A former number that is another person's is told; the line adds somebody.
func TestFormerNumberOfAnotherPerson(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	var notes []string
	file := file834(set834("2", "INS*Y*18*021*25*A~REF*0F*900000700~REF*Q4*900000610~NM1*IL*1*SOL*LEO~DMG*D8*19900101~HD*021**HMO*HUSKY A~DTP*348*D8*20261101~"))
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
	if err != nil || report.Added != 1 || len(notes) != 1 || !strings.Contains(notes[0], "REF Q4 names") {
		t.Errorf("%+v, %v, noted %q", report, err, notes)
	}
}

// Two people may have one name and birth date: those who are known, and those whom one file adds, are left alone.
func TestPeopleOfOneName(t *testing.T) {
	t.Parallel()
	const one, two = "900000640,LUZ,PAZ,,1984-05-17,A,,\n", "900000641,LUZ,PAZ,,1984-05-17,A,,\n"
	f := newFixture(t)
	if report := f.load(t, header+one+two+anak); report.Added != 3 || report.Held != 0 {
		t.Errorf("both new, on an empty roster: %+v", report)
	}
	if report := f.load(t, header+one+strings.Replace(two, ",A,", ",B,", 1)+anak); report.Changed != 1 || report.Held != 0 {
		t.Errorf("a change of one of them: %+v", report)
	}
	f = newFixture(t)
	f.load(t, header+anak)
	if report := f.load(t, header+anak+one+two); report.Added != 2 || report.Held != 0 {
		t.Errorf("both new, in a full file: %+v", report)
	}
	f = newFixtureOfChunks(t)
	f.load(t, header+anak)
	ins := func(number string) string {
		return "INS*Y*18*021*25*A~REF*0F*" + number + "~NM1*IL*1*PAZ*LUZ~DMG*D8*19840517~HD*021**HMO*HUSKY A~DTP*348*D8*20250101~"
	}
	loops := []string{ins("900000640")}
	for i := range fewEntries { // the other one comes when the first is on the roster
		loops = append(loops, strings.NewReplacer("LUZ", "EVA", "19840517", strings.ReplaceAll(born(i).String(), "-", "")).Replace(ins(fmt.Sprint(800000000+i))))
	}
	if report := f.load(t, file834(set834("2", append(loops, ins("900000641"))...))); report.Added != fewEntries+2 || report.Held != 0 {
		t.Errorf("both new, in a change file: %+v", report)
	}
	if report := f.load(t, file834(set834("2", ins("900000642")))); report.Added != 0 || report.Held != 1 {
		t.Errorf("a third one in a later file: %+v, want it held", report)
	}
}
