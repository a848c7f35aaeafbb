package members

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const insBea = "INS*N*19*030**A~REF*0F*900000610~REF*1L*GROUP~NM1*IL*1*RUIZ*BEA~DMG*D8*20150607*F~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~"

// A dependent under the subscriber's number is left out or held, with the segment, why and what to do, and the subscriber is taken.
func TestDependentUnderTheSubscribersNumber(t *testing.T) {
	t.Parallel()
	const apart = "segment 15: member_number: the loop is a dependent's (INS*N) and its REF 0F the subscriber's number, so the dependent is left out: "
	withOwn := strings.Replace(insBea, "REF*1L*GROUP", "REF*23*900000619", 1)
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"behind the subscriber": {file834(set834("4", insAnak, insBea, insNoah)),
			[]string{apart + "ask the sender for a number of each person, and name its REF with --member-ref"}},
		"with a number of its own": {file834(set834("4", insAnak, withOwn, insNoah)),
			[]string{apart + "if the number in REF 23 is the dependent's own, import with --member-ref=23"}},
		"in a change file": {file834(set834("2", insAnak, insBea, insNoah)),
			[]string{apart + "ask the sender for a number of each person, and name its REF with --member-ref"}},
		"without a birth date": {file834(set834("2", insAnak, strings.Replace(insBea, "DMG*D8*20150607*F~", "", 1), insNoah)),
			[]string{apart + "ask the sender for a number of each person, and name its REF with --member-ref"}},
	} {
		f := newFixture(t)
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if err != nil || report.Added != 2 || report.Rejected != 1 || !slices.Equal(faults, test.want) {
			t.Errorf("%s: Import = %+v, %v\n%q\nwant two added, one left out with\n%q", name, report, err, faults, test.want)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.FirstName != "ANAK" || m.Ended {
			t.Errorf("%s: the subscriber is %+v, %v", name, m, err)
		}
	}
	// By the right REF everybody is taken.
	f := newFixture(t)
	own := file834(set834("4", strings.ReplaceAll(insAnak, "REF*1L*GROUP", "REF*23*900000610"), withOwn))
	if report, err := f.Import(t.Context(), strings.NewReader(own), ImportOptions{MemberRef: "23"}); err != nil || report.Added != 2 {
		t.Errorf("numbers in REF 23: %+v, %v, want two added", report, err)
	}
}

// A dependent without the subscriber in the file neither renames, nor ends, nor gives another birth date to the subscriber.
func TestDependentAloneChangesNothing(t *testing.T) {
	t.Parallel()
	for name, loop := range map[string]string{
		"another person":           insBea,
		"without a birth date":     "INS*N*19*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*BEA~",
		"ended":                    "INS*N*19*024*07*A~REF*0F*900000610~NM1*IL*1*RUIZ*BEA~",
		"a son of the same name":   "INS*N*19*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*20150607*M~",
		"a son whose suffix is ''": "INS*N*19*024*07*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK~DMG*D8*20150607*M~",
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		var held []string
		report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", loop))), ImportOptions{Held: func(e LineError) { held = append(held, e.Error()) }})
		if err != nil || report.Held != 1 || len(held) != 1 || !strings.HasPrefix(held[0], "segment 7: member_number: ") || !strings.Contains(held[0], "It is a dependent's loop (INS*N)") {
			t.Errorf("%s: Import = %+v, %v, held %q", name, report, err, held)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.FirstName != "ANAK" || m.BirthDate != (Date{1984, 3, 14}) || m.Ended {
			t.Errorf("%s: the subscriber is %+v, %v", name, m, err)
		}
	}
	f := newFixture(t)
	f.load(t, header+anak+noah)
	var nameless []string
	report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", "INS*N*19*024*07*A~REF*0F*900000610~"))), ImportOptions{Rejected: func(e LineError) { nameless = append(nameless, e.Error()) }})
	if m, _ := f.Find(t.Context(), "900000610"); err == nil && report.Ended > 0 || m.Ended || len(nameless) != 1 || !strings.HasPrefix(nameless[0], "segment 7: first_name: a dependent (INS*N) without a name") {
		t.Errorf("without a name: %+v, %v, %q", report, err, nameless)
	}
	// One who has a number of their own is corrected and ended like anybody.
	f = newFixture(t)
	f.load(t, header+anak+noah)
	own := file834(set834("2", "INS*N*19*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAKIN***JR~DMG*D8*19840314*M~", "INS*N*19*024*07*A~REF*0F*900000611~DTP*357*D8*20261101~NM1*IL*1*SOTO*NOAH~"))
	report, err = f.Import(t.Context(), strings.NewReader(own), ImportOptions{AllowShrink: true})
	if err != nil || report.Changed != 1 || report.Ended != 1 || report.Held != 0 {
		t.Errorf("dependents with their own numbers: %+v, %v", report, err)
	}
	// Apart from each other in a full file: left out together, with the hint.
	f = newFixture(t)
	var faults []string
	report, err = f.Import(t.Context(), strings.NewReader(file834(set834("4", insAnak, insNoah, insBea))), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
	if err != nil || report.Rejected != 2 || len(faults) != 2 || !strings.Contains(faults[0], "REF 0F of a dependent (INS*N) is the subscriber's number") {
		t.Errorf("apart: %+v, %v, %q", report, err, faults)
	}
}

func TestTestFileIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := file834(set834("4", insAnak, insNoah))
	for _, mark := range []string{"T", "I", "t", " "} {
		file := strings.Replace(good, "*0*P*:", "*0*"+mark+"*:", 1)
		for name, test := range map[string]struct{ file, at string }{"alone": {file, "segment 1: "}, "behind another": {good + file, "segment 26: "}} {
			_, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{})
			if _, ok := errors.AsType[*FileError](err); !ok || !strings.HasPrefix(err.Error(), test.at+"ISA15 is ") || !strings.Contains(err.Error(), "--allow-test") {
				t.Errorf("ISA15=%s %s: %v", mark, name, err)
			}
		}
	}
	if n := f.count(t, `SELECT count(*) FROM members`); n != 0 {
		t.Errorf("%d members of a test file", n)
	}
	report, err := f.Import(t.Context(), strings.NewReader(strings.Replace(good, "*0*P*:", "*0*T*:", 1)), ImportOptions{AllowTest: true})
	if err != nil || report.Added != 2 {
		t.Errorf("a test file that is wanted: %+v, %v", report, err)
	}
}
