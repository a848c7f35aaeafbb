package members

import (
	"strings"
	"testing"
)

// What stands behind an accented capital as a blank, a dash, an apostrophe or by itself is no half of a letter, in the file or on the form.
func TestRosterNamesWithOddBlanksStay(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"JOSÉ\u00a0LUIS":   "JOSÉ LUIS",
		"RENÉ\u00a0PAUL":   "RENÉ PAUL",
		"JOSÉ–LUIS":        "JOSÉ–LUIS",
		"JOSÉ’LUIS":        "JOSÉ’LUIS",
		"JOSÉ\u00adLUIS":   "JOSÉLUIS",
		"JOSÉ´":            "JOSÉ´",
		"LÆ’ANGE":          "LÆ’ANGE",
		"PEÃ‘A":            "PEÑA",
		"PEÃƒâ€˜A":         "PEÑA",
		"JOSÃ‰Â\u00a0LUIS": "JOSÉ LUIS",
		"Oâ€™BRIEN":        "O’BRIEN",
		"Å\u00a0IMIÄ‡":     "ŠIMIć",
	} {
		if got := readName(said); got != want {
			t.Errorf("readName(%q) = %q, want %q", said, got, want)
		}
	}
	f := newFixture(t)
	f.load(t, header+"700000001,JOSÉ LUIS,RIVERA,,1988-05-17,A,,\n"+noah)
	if r := f.load(t, header+"700000001,JOSÉ\u00a0LUIS,RIVERA,,1988-05-17,A,,\n"+noah); r.Changed != 0 {
		t.Errorf("with a no-break space: %+v, want nothing changed", r)
	}
	for _, typed := range []string{"JOSÉ\u00a0LUIS", "JOSÉ–LUIS", "José Luis"} {
		card := Card{BirthMonth: "5", BirthDay: "17", BirthYear: "1988", FirstName: typed, LastName: "Rivera", CardID: "700000001"}
		claim, problems := card.Parse(now, f.ParseMemberNumber)
		if _, err := f.Match(t.Context(), claim); err != nil || len(problems) > 0 {
			t.Errorf("%q typed: %v, %v", typed, problems, err)
		}
	}
}

// A programme without its letter takes no programme away.
func TestRosterProgramWithoutItsLetter(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"HUSKY", "husky ", "HUSKY  "} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(header+strings.Replace(anak, ",A,", ","+said+",", 1)+noah), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if err != nil || report.Rejected != 1 || len(faults) != 1 || !strings.HasPrefix(faults[0], "line 2: program: ") {
			t.Errorf("%q: %+v, %v, %q, want one line named", said, report, err, faults)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.Program != "A" {
			t.Errorf("%q: %+v, %v, want programme A", said, m, err)
		}
	}
	f := newFixture(t)
	f.load(t, file834(set834("4", insAnak, insNoah)))
	file := file834(set834("4", strings.Replace(insAnak, "HUSKY A", "HUSKY", 1), insNoah))
	before, _ := f.Find(t.Context(), "900000610")
	if report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{}); err != nil || report.Rejected != 1 {
		t.Errorf("834: %+v, %v, want one loop left out", report, err)
	}
	if m, _ := f.Find(t.Context(), "900000610"); m.Program != before.Program || m.Program == "" {
		t.Errorf("834: programme %q, want %q", m.Program, before.Program)
	}
}

// A remark in a name cell replaces no name.
func TestRosterRemarkIsNoName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const ana = "700000014,ANA,SOTO,,1984-05-17,A,2024-01-01,\n"
	f.load(t, header+ana+noah)
	try := func(first, last string) (Report, []string) {
		var notes []string
		line := strings.Replace(ana, "ANA,SOTO", first+","+last, 1)
		report, err := f.Import(t.Context(), strings.NewReader(header+line+noah), ImportOptions{DryRun: true, Note: func(e LineError) { notes = append(notes, e.Error()) }})
		if err != nil {
			t.Errorf("%s %s: %v", first, last, err)
		}
		return report, notes
	}
	for _, remark := range []string{
		"DELETE", "Deleted", "ANA DELETE", "DELETE ANA", "ANA-DELETE", "EVA DELETE", "VOID", "TERMED", "XXXX", "TEST", "TBD", "PENDING", "SEE NOTES", "FALLECIDA", "BORRAR",
		"REMOVED", "INACTIVE", "CLOSED", "DUP", "DO NOT USE", "SAME AS ABOVE",
		"Same", "ditto", "igual", "None", "RIP", "BAJA", "ANA RIP", "ANA aka ANITA", "ERROR", "NaN", "NaT", "null", "undefined", "N/D", "S/N", "no aplica", "mismo", "HUSKY A",
	} {
		if report, notes := try(remark, "SOTO"); report.Changed != 0 || report.Unchanged != 2 || len(notes) != 1 || !strings.HasPrefix(notes[0], "line 2: first_name: ") || !strings.HasSuffix(notes[0], "the former name stays") {
			t.Errorf("first name %s: %+v, %q", remark, report, notes)
		}
	}
	for _, remark := range []string{
		"SOTO DELETE", "SOTO TERMED", "SOTO FALLECIDA", "SOTO DUP", "SOTO MOVED", "SOTO SEE NOTE", "SOTO DECEASED", "SAME AS ABOVE", "IDEM", "SOTO BORRAR", "SOTO INACTIVE",
		"LUNA DO NOT USE", "VOID SOTO",
		"SOTO f/k/a PEREZ", "SOTO FKA PEREZ", "SOTO A.K.A. PEREZ", "SOTO aka PEREZ", "SOTO Q.E.P.D.", "SOTO EPD", "SOTO R.I.P.", "SOTO RIP", "SOTO BAJA", "SOTO DADA DE BAJA", "SOTO TERM",
		"SOTO HOLD", "SOTO DECD", "SOTO-DUPE", "SOTO ENDED", "SOTO EXPIRED", "SOTO REVISAR", "SOTO CORREGIR", "SOTO CERRADO", "SOTO CANCELADO", "SOTO REPETIDO", "ERROR", "nan", "SAME", "TERM",
	} {
		if report, notes := try("ANA", remark); report.Changed != 0 || len(notes) != 1 || !strings.HasPrefix(notes[0], "line 2: last_name: ") || !strings.HasSuffix(notes[0], "the former name stays") {
			t.Errorf("last name %s: %+v, %q", remark, report, notes)
		}
	}
	for _, name := range []string{"INFANT", "BABY", "BEBE", "TESTA", "DUPONT", "TWIN A", "SAMER", "RIPLEY", "AKA", "FAKA", "NAN"} {
		if report, notes := try(name, "SOTO"); report.Changed != 1 || len(notes) != 0 {
			t.Errorf("first name %s: %+v, %q, want it taken", name, report, notes)
		}
	}
}

// Some such words are names: who has always had one, or is new with it, keeps it. Of several new ones at once each is named.
func TestRemarkThatIsAName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const sam, baja, last = "700000014,ANA,SAME,,1984-05-17,A,2024-01-01,\n", "700000015,EVA,SOTO BAJA,,1985-05-17,A,2024-01-01,\n", "700000016,NOA,HOLD,,1986-05-17,A,2024-01-01,\n"
	if r := f.load(t, header+sam+baja+noah); r.CannotRegister != 0 {
		t.Errorf("two who are called so: %+v", r)
	}
	if r := f.load(t, header+strings.Replace(sam, "2024", "2025", 1)+strings.Replace(baja, "2024", "2025", 1)+noah+last); r.Changed != 2 || r.Added != 1 || r.Kept != 0 || r.CannotRegister != 0 {
		t.Errorf("changed otherwise: %+v", r)
	}
	married := header + sam + strings.Replace(baja, "SOTO BAJA", "TERM", 1) + noah + last
	if r := f.load(t, married); r.Kept != 1 {
		t.Errorf("another name: %+v, want the former name kept", r)
	}
	if _, err := f.Import(t.Context(), strings.NewReader(married), ImportOptions{AllowDoubtful: true}); err != nil {
		t.Error(err)
	}
	if m, err := f.Find(t.Context(), "700000015"); err != nil || m.LastName != "TERM" {
		t.Errorf("allowed: %+v, %v", m, err)
	}
	three := "700000021,ANA,DITTO,,1974-05-17,A,2024-01-01,\n700000022,EVA,ditto,,1975-06-18,A,2024-01-01,\n700000023,NOA,Ditto,,1976-07-19,A,2024-01-01,\n"
	if r := f.load(t, married+three); r.Added != 3 || r.CannotRegister != 3 {
		t.Errorf("three new ones: %+v, want each named", r)
	}
}
