package members

import (
	"strings"
	"testing"
)

// A name that lost its letters with accents, or has letters that only look right, takes no good name's place.
func TestLettersLostOrOfAnotherScript(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		was, is string
		isKept  bool
	}{
		{"PEÑA OTERO", "PEA OTERO", true},
		{"PEÑA OTERO", "PE A OTERO", true},
		{"PEÑA OTERO", "PENYA OTERO", true},
		{"Peña Otero", "PEA OTERO", true},
		{"RÍOS", "ROS", true},
		{"PEÑA OTERO", "PENA OTERO", false}, // the same
		{"PEÑA OTERO", "PEREA OTERO", false},
		{"PEÑA OTERO", "OTERO", false},
		{"PENA", "PEA", false},              // a correction
		{"MORA VIDAL", "MОRA VIDAL", true},  // Cyrillic О
		{"MORA VIDAL", "MORΑ VIDAL", true},  // Greek Α
		{"SOTO", "ЅОТО", true},              // Cyrillic alone
		{"SOTO", "сото", true},              // the same
		{"ORTEGA", "ОРТЕГА", true},          // written in Cyrillic
		{"КУЗНЕЦОВА", "КУЗНЕЦОВ", false},    // of one script
		{"КУЗНЕЦОВА", "KUZNETSOVA", false},  // as on a card
		{"NUʻU", "NUʻUANU", false},          // an apostrophe
		{"MᎪRA", "MORA", false},             // put right
		{"МORA VIDAL", "МORА VIDAL", false}, // was wrong before, and is
	} {
		line := "900000650,PAULA," + test.was + ",,1984-05-17,A,2025-01-01,\n"
		f := newFixture(t)
		f.load(t, header+anak+line)
		var notes []string
		report, err := f.Import(t.Context(), strings.NewReader(header+anak+strings.Replace(line, test.was, test.is, 1)),
			ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
		if err != nil {
			t.Fatal(err)
		}
		m, err := f.Find(t.Context(), "900000650")
		if want := map[bool]string{true: test.was, false: test.is}[test.isKept]; err != nil || m.LastName != want || (report.Kept == 1) != test.isKept {
			t.Errorf("%s for %s: %s, %v, %+v, want %s", test.is, test.was, m.LastName, err, report, want)
		}
		if test.isKept && (len(notes) != 1 || !strings.HasPrefix(notes[0], "line 3: last_name: ") || !strings.HasSuffix(notes[0], ": the former name stays")) {
			t.Errorf("%s for %s: noted %q", test.is, test.was, notes)
		}
	}
	// Both names of a member, in a change file.
	f := newFixture(t)
	f.load(t, header+"900000650,INÉS,PEÑA PAZ,,1984-05-17,A,2025-01-01,\n")
	report := f.load(t, file834(set834("2", "INS*Y*18*001*25*A~REF*0F*900000650~NM1*IL*1*PEA PAZ*INS~DMG*D8*19840517~")))
	if m, err := f.Find(t.Context(), "900000650"); err != nil || m.FirstName != "INÉS" || m.LastName != "PEÑA PAZ" || report.Kept != 2 || report.Held != 0 {
		t.Errorf("both names without their accents: %+v, %v, %+v, want them kept", m, err, report)
	}
	// Of a new member nothing better is known.
	f = newFixture(t)
	report = f.load(t, header+"900000650,PAULA,MОRA,,1984-05-17,A,2025-01-01,\n"+"900000651,SOFÍA,ЅОТО,,1984-05-17,A,2025-01-01,\n"+"900000652,ОЛЬГА,КУЗНЕЦОВА,,1984-05-17,A,2025-01-01,\n")
	if report.Added != 3 || report.CannotRegister != 2 {
		t.Errorf("new members: %+v, want two who cannot register", report)
	}
}
