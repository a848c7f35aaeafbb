package members

import (
	"errors"
	"fmt"
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

// A dependent without the subscriber in the file is left out, for nobody to decide, and neither renames, nor ends, nor gives another
// birth date to the subscriber. One of the same name is held, since the birth date may have been put right.
func TestDependentAloneChangesNothing(t *testing.T) {
	t.Parallel()
	for name, loop := range map[string]string{
		"another person":           insBea,
		"without a birth date":     "INS*N*19*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*BEA~",
		"ended":                    "INS*N*19*024*07*A~REF*0F*900000610~NM1*IL*1*RUIZ*BEA~",
		"a son whose suffix is ''": "INS*N*19*024*07*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK~DMG*D8*20150607*M~",
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		var left []string
		file := file834(set834("2", loop, strings.Replace(insNoah, "*030*", "*001*", 1)))
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Rejected: func(e LineError) { left = append(left, e.Error()) }})
		if err != nil || report.Held != 0 || report.Review != "" || report.Rejected != 1 || len(left) != 1 ||
			!strings.HasPrefix(left[0], "segment 7: member_number: the loop is a dependent's (INS*N)") || strings.Contains(left[0], "held") {
			t.Errorf("%s: Import = %+v, %v, left out %q", name, report, err, left)
		}
		for _, decided := range []ImportOptions{{SamePerson: []int{7}}, {OtherPerson: []int{7}}} {
			if _, err := f.Import(t.Context(), strings.NewReader(file), decided); !isReview(err) {
				t.Errorf("%s, decided: %v", name, err)
			}
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.FirstName != "ANAK" || m.BirthDate != (Date{1984, 3, 14}) || m.Ended {
			t.Errorf("%s: the subscriber is %+v, %v", name, m, err)
		}
	}
	son := "INS*N*19*030*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*20150607*M~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~"
	for _, code := range []string{"2", "4"} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		var held []string
		file := file834(set834(code, son, insNoah))
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Held: func(e LineError) { held = append(held, e.Error()) }})
		if err != nil || report.Held != 1 || len(held) != 1 || !strings.Contains(held[0], "the subscriber's child of the same name, under the subscriber's number, or a birth date put right?") {
			t.Errorf("BGN08 %s, a son of the same name: Import = %+v, %v, held %q", code, report, err, held)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.BirthDate != (Date{1984, 3, 14}) {
			t.Errorf("BGN08 %s, a son of the same name: the subscriber is %+v, %v", code, m, err)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{OtherPerson: []int{7}, Review: report.Review}); !isReview(err) {
			t.Errorf("BGN08 %s, a son of the same name, as another person: %v, want *ReviewError", code, err)
		}
		if report, err = f.Import(t.Context(), strings.NewReader(file), ImportOptions{SamePerson: []int{7}, Review: report.Review}); err != nil || report.Changed != 1 {
			t.Errorf("BGN08 %s, a birth date put right: %+v, %v", code, report, err)
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
}

// Wherever the dependent stands, the subscriber's change is taken and the dependent left out with the reason.
func TestDependentAnywhereLeavesTheSubscriber(t *testing.T) {
	t.Parallel()
	const changed = "INS*Y*18*030**A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK*M**JR~DMG*D8*19840314*M~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~DTP*349*D8*20270630~"
	faulty := strings.Replace(insBea, "20150607", "20151607", 1)
	nameless := strings.Replace(insBea, "NM1*IL*1*RUIZ*BEA~DMG*D8*20150607*F~", "", 1)
	copied := "INS*N*19*030**A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK*M**JR~DMG*D8*19840314*M~HD*030**HMO*HUSKY D~DTP*348*D8*20250201~"
	for name, loops := range map[string][]string{
		"before":                    {insBea, changed, insNoah},
		"at the end":                {changed, insNoah, insBea},
		"at the start":              {insBea, insNoah, changed},
		"twins on both sides":       {insBea, insNoah, changed, insNoah, strings.Replace(insBea, "BEA", "EVA", 1)},
		"with a fault":              {changed, insNoah, faulty},
		"without a name":            {nameless, insNoah, changed},
		"without a birth date":      {changed, insNoah, strings.Replace(insBea, "DMG*D8*20150607*F~", "", 1)},
		"as a copy, with coverage":  {changed, copied, insNoah},
		"as a copy, elsewhere":      {copied, insNoah, changed},
		"of the name of the parent": {strings.Replace(insBea, "BEA", "ANAK***JR", 1), insNoah, changed},
	} {
		for _, code := range []string{"4", "2"} {
			if code == "2" && strings.Contains(name, "copy") {
				continue // a change file completes what is known
			}
			for what, roster := range map[string]string{"known": header + "900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n" + "900000611,NOAH,SOTO,,1984-03-15,B,2025-01-01,\n", "new": ""} {
				f := newFixture(t)
				if roster != "" {
					f.load(t, roster)
				}
				var held, left []string
				report, err := f.Import(t.Context(), strings.NewReader(file834(set834(code, loops...))), ImportOptions{
					Held:     func(e LineError) { held = append(held, e.Error()) },
					Rejected: func(e LineError) { left = append(left, e.Error()) },
				})
				if err != nil || len(held) > 0 || report.Held > 0 || len(left) != strings.Count(strings.Join(loops, ""), "INS*N") || report.Rejected != len(left) {
					t.Errorf("%s, %s, BGN08 %s: %+v, %v, held %q, left out %q", name, what, code, report, err, held, left)
				}
				if m, err := f.Find(t.Context(), "900000610"); err != nil || m.FirstName != "ANAK" || m.CoverageEnd != (Date{2027, 6, 30}) || m.Ended || m.Program != "A" {
					t.Errorf("%s, %s, BGN08 %s: the subscriber is %+v, %v", name, what, code, m, err)
				}
			}
		}
	}
}

// However many dependents are apart from their subscribers, whose lines are the same as before, no column has slipped.
func TestManyDependentsApart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var subscribers, children []string
	for i := range 20 {
		number := fmt.Sprintf("9000007%02d", i)
		subscribers = append(subscribers, strings.NewReplacer("900000610", number, "19840314", strings.ReplaceAll(born(i).String(), "-", "")).Replace(insAnak))
		children = append(children, strings.Replace(insBea, "900000610", number, 1))
	}
	f.load(t, file834(set834("4", subscribers...)))
	for _, code := range []string{"4", "2"} {
		for _, name := range []string{"RUIZ*BEA", "RUIZ*ANAK***JR"} {
			report, err := f.Import(t.Context(), strings.NewReader(strings.ReplaceAll(file834(set834(code, slices.Concat(subscribers, children)...)), "RUIZ*BEA", name)), ImportOptions{})
			if err != nil || report.Unchanged != 20 || report.Rejected != 20 || report.Held != 0 {
				t.Errorf("BGN08 %s, %s: %+v, %v, want 20 unchanged, 20 left out", code, name, report, err)
			}
		}
	}
}

// Children under a number that nobody has are none of them its owner.
func TestDependentsOfNobodyAreLeftOut(t *testing.T) {
	t.Parallel()
	child := func(name, born string) string {
		return "INS*N*19*021**A~REF*0F*900000617~NM1*IL*1*VEGA*" + name + "~DMG*D8*" + born + "*F~HD*021**HMO*HUSKY A~DTP*348*D8*20250101~"
	}
	for name, test := range map[string]struct {
		loops []string
		added int
	}{
		"two":               {[]string{child("UNA", "20150101"), child("DOS", "20170101")}, 0},
		"twins":             {[]string{child("UNA", "20150101"), insNoah, child("DOS", "20150101")}, 0},
		"three":             {[]string{child("UNA", "20150101"), child("DOS", "20170101"), insNoah, child("TRES", "20190101")}, 0},
		"a parent who ends": {[]string{child("UNA", "20150101"), "INS*Y*18*024**A~REF*0F*900000617~"}, 0},
		"one, twice":        {[]string{child("UNA", "20150101"), insNoah, child("UNA", "20150101")}, 1},
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", append(test.loops, strings.Replace(insNoah, "*030*", "*001*", 1))...))), ImportOptions{})
		if err != nil || report.Added != test.added || report.Held > 0 {
			t.Errorf("%s: %+v, %v, want %d added", name, report, err, test.added)
		}
		if _, err := f.Find(t.Context(), "900000617"); (err == nil) != (test.added == 1) {
			t.Errorf("%s: the number's owner: %v", name, err)
		}
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
