package members

import (
	"strings"
	"testing"
)

// Programs write the whole name into one field. The known member keeps theirs, and a new one can register with the card.
func TestWholeNameInOneField(t *testing.T) {
	t.Parallel()
	ins := func(last, first string) string {
		return "INS*Y*18*021*25*A~REF*0F*900000650~NM1*IL*1*" + last + "*" + first + "~DMG*D8*19840517~HD*021**HMO*HUSKY A~DTP*348*D8*20250101~"
	}
	line := func(last, first string) string {
		return `900000650,"` + first + `","` + last + `",,1984-05-17,A,2025-01-01,` + "\n"
	}
	const paula = "900000650,PAULA,LUNA BAEZ,,1984-05-17,A,2025-01-01,\n"
	for name, test := range map[string]struct {
		last, first string
		suffix      string
		ofNew       bool // it is certain of somebody who is not known, too
	}{
		"comma and first name":       {"LUNA BAEZ, PAULA", "PAULA", "", true},
		"without a blank":            {"Luna Báez,Paula", "PAULA", "", true},
		"with a middle name":         {"LUNA BAEZ, PAULA M", "PAULA", "", true},
		"with a suffix":              {"LUNA BAEZ, PAULA JR", "PAULA", "JR", true},
		"in both fields":             {"LUNA BAEZ, PAULA", "LUNA BAEZ, PAULA", "", true},
		"in the first name":          {"LUNA BAEZ", "LUNA BAEZ, PAULA", "", true},
		"in the last name, no comma": {"LUNA BAEZ PAULA", "PAULA", "", false},
		"the other way round":        {"PAULA LUNA BAEZ", "PAULA", "", false},
		"in the first one, no comma": {"LUNA BAEZ", "PAULA LUNA BAEZ", "", false},
	} {
		for kind, file := range map[string]string{
			"CSV": header + anak + line(test.last, test.first), "full": file834(set834("4", insAnak, ins(test.last, test.first))), "change": file834(set834("2", ins(test.last, test.first))),
		} {
			for _, isKnown := range []bool{true, false} {
				if !isKnown && !test.ofNew {
					continue
				}
				f := newFixture(t)
				f.load(t, header+anak)
				if isKnown {
					f = newFixture(t)
					f.load(t, header+anak+paula)
				}
				var notes []string
				if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }}); err != nil {
					t.Fatalf("%s, %s: %v", name, kind, err)
				}
				m, err := f.Match(t.Context(), Claim{"Paula", "Luna Báez", test.suffix, Date{1984, 5, 17}, "900000650"})
				if err != nil || m.LastName != "LUNA BAEZ" && m.LastName != "Luna Báez" || !strings.Contains(strings.Join(notes, "\n"), "first and last name") {
					t.Errorf("%s, %s, known %t: the card of Paula: %+v, %v, noted %q", name, kind, isKnown, m, err, notes)
				}
			}
		}
	}
	for _, name := range [][2]string{{"MARTIN DEL CAMPO", "MARTIN"}, {"RUIZ, JR", "ANA"}, {"DE LA ROSA", "ROSA"}, {"GARCIA, LOPEZ", "ANA"}} {
		f := newFixture(t)
		if report := f.load(t, header+anak+line(name[0], name[1])); report.CannotRegister != 0 {
			t.Errorf("%v: %+v", name, report)
		}
		if m, err := f.Find(t.Context(), "900000650"); err != nil || m.LastName != name[0] || m.FirstName != name[1] {
			t.Errorf("%v: %+v, %v, want the name as it is", name, m, err)
		}
	}
}

// A known name that is cut off or written twice is kept.
func TestNameCutOffOrTwice(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		was, is string
		isKept  bool
	}{
		{"LUNA FERNANDEZ", "LUNA FERNA", true},
		{"Luna Fernández", "LUNA FERNÁ", true},
		{"QUARRYMAN-ELLISON", "QUARRYMAN-ELL", true},
		{"LUNA BAEZ", "LUNA BAEZ LUNA BAEZ", true},
		{"LUNA FERNANDEZ", "LUNA", false},       // a surname less
		{"MONTENEGRO PAZ", "MONTENEGRO", false}, // the same, as long
		{"MONTENEGROS", "MONTENEGRO", false},    // a correction
		{"LUNA BAEZ", "SRA. LUNA BAEZ", true},
		{"LUNA BAEZ", "Luna Báez MD", true},
		{"LUNA BAEZ", "LUNA BAEZ DECEASED", true},
		{"LUNA BAEZ", "DO NOT USE", true},
		{"LUNA BAEZ", "L.", true},
		{"LUNA BAEZ", "X", true},
		{"LUNA BAEZ", "LUNA BAEZ SR", false}, // a suffix
		{"LUNA BAEZ", "DE LUNA BAEZ", false},
		{"LUNA", "LUNA LUNA", false}, // two surnames
		{"LUNA FERNANDEZ", "LUNA FERNANDEZ P", false},
	} {
		line := "900000650,PAULA," + test.was + ",,1984-05-17,A,2025-01-01,\n"
		f := newFixture(t)
		f.load(t, header+anak+line)
		report := f.load(t, header+anak+strings.Replace(line, test.was, test.is, 1))
		m, err := f.Find(t.Context(), "900000650")
		if want := map[bool]string{true: test.was, false: test.is}[test.isKept]; err != nil || m.LastName != want || (report.Kept == 1) != test.isKept {
			t.Errorf("%s for %s: %s, %v, %+v, want %s", test.is, test.was, m.LastName, err, report, want)
		}
	} // A suffix that is none is no end of a last name that is known without it.
	line := "900000650,PAULA,LUNA BAEZ,,1984-05-17,A,2025-01-01,\n"
	f := newFixture(t)
	f.load(t, header+anak+line)
	report := f.load(t, header+anak+strings.Replace(line, ",,", ",MD,", 1))
	if m, err := f.Find(t.Context(), "900000650"); err != nil || m.LastName != "LUNA BAEZ" || m.Suffix != "" || report.Kept != 1 {
		t.Errorf("suffix MD: %+v, %v, %+v", m, err, report)
	}
}
