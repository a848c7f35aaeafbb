package members

import (
	"fmt"
	"strings"
	"testing"

	"huskyidp/internal/seal"
)

// A suffix that a file has in another place than its own is taken from there, and the printed card keeps working; where it cannot be told,
// the former name stays and the line is named.
func TestSuffixInAnotherPlace(t *testing.T) {
	t.Parallel()
	type person struct{ first, last, suffix string }
	csv := func(p person) string {
		return header + fmt.Sprintf("900000610,%q,%q,%s,1984-03-14,A,,\n", p.first, p.last, p.suffix) + noah
	}
	x12 := func(nm1 string) string {
		return file834(set834("4", "INS*Y*18*030**A~REF*0F*900000610~NM1*IL*1*"+nm1+"~DMG*D8*19840314~HD*030**HMO*HUSKY A~", insNoah))
	}
	james, plain := person{"JAMES", "SOTO", "JR"}, person{"JAMES", "SOTO", ""}
	for name, test := range map[string]struct {
		was  person
		file string
		card person
		note string // "" for none
	}{
		"first name":                       {james, csv(person{"JAMES JR", "SOTO", ""}), james, ""},
		"first name, with a dot":           {james, csv(person{"JAMES, Jr.", "SOTO", ""}), james, ""},
		"first name, and where it belongs": {james, csv(person{"JAMES JR", "SOTO", "JR"}), james, ""},
		"first name, above":                {james, csv(person{"JR JAMES", "SOTO", ""}), james, ""},
		"first name, senior":               {person{"JAMES", "SOTO", "SR"}, csv(person{"JAMES SR", "SOTO", ""}), person{"JAMES", "SOTO", "SR"}, ""},
		"two first names":                  {person{"JOSÉ LUIS", "SOTO", "III"}, csv(person{"JOSÉ LUIS III", "SOTO", ""}), person{"JOSÉ LUIS", "SOTO", "III"}, ""},
		"first name, as an ordinal":        {person{"JAMES", "SOTO", "II"}, csv(person{"JAMES 2nd", "SOTO", ""}), person{"JAMES", "SOTO", "II"}, ""},
		"first name, another one":          {james, csv(person{"JAMES III", "SOTO", "JR"}), james, "first_name: is or has a suffix"},
		"first name, nothing else":         {james, csv(person{"JR", "SOTO", ""}), james, "first_name: is or has a suffix"},
		"last name, above":                 {james, csv(person{"JAMES", "JR SOTO", ""}), james, ""},
		"last name, hyphen":                {james, csv(person{"JAMES", "SOTO-JR", ""}), james, ""},
		"last name, in the middle":         {person{"JAMES", "SOTO PEREZ", "JR"}, csv(person{"JAMES", "SOTO JR PEREZ", ""}), person{"JAMES", "SOTO PEREZ", "JR"}, ""},
		"last name, another one":           {james, csv(person{"JAMES", "SOTO-III", "JR"}), james, "last_name: is or has a suffix"},
		"last name, nothing else":          {james, csv(person{"JAMES", "JR", ""}), james, "last_name: is or has a suffix"},
		"last name, señor":                 {plain, csv(person{"JAMES", "SR SOTO", ""}), plain, "last_name: is the known one with a title"},
		"NM105":                            {james, x12("SOTO*JAMES*JR"), james, ""},
		"NM105, with the middle name":      {james, x12("SOTO*JAMES*M JR"), james, ""},
		"NM106":                            {james, x12("SOTO*JAMES*M*JR"), james, ""},
		"NM106, señor":                     {plain, x12("SOTO*JAMES*M*SR"), plain, ""},
		"NM108":                            {james, x12("SOTO*JAMES****JR"), james, ""},
		"NM104":                            {james, x12("SOTO*JAMES JR"), james, ""},
		"an initial":                       {plain, x12("SOTO*JAMES*V"), plain, ""},
		"an initial in the first name":     {person{"JAMES V", "SOTO", ""}, csv(person{"JAMES V", "SOTO", ""}), person{"JAMES V", "SOTO", ""}, ""},
		"initials":                         {person{"J. R.", "SOTO", ""}, csv(person{"J. R.", "SOTO", ""}), person{"J. R.", "SOTO", ""}, ""},
		"a name":                           {person{"LUIS JUNIOR", "SOTO", ""}, csv(person{"LUIS JUNIOR", "SOTO", ""}), person{"LUIS JUNIOR", "SOTO", ""}, ""},
	} {
		f := newFixture(t)
		f.load(t, csv(test.was))
		var notes []string
		report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
		if said := strings.Join(notes, " "); err != nil || report.Rejected+report.Held > 0 || test.note == "" && said != "" || !strings.Contains(said, test.note) {
			t.Errorf("%s: %+v, %v, notes %q, want %q", name, report, err, notes, test.note)
		}
		if _, err := f.Match(t.Context(), Claim{test.card.first, test.card.last, test.card.suffix, Date{1984, 3, 14}, "900000610"}); err != nil {
			m, _ := f.Find(t.Context(), "900000610")
			t.Errorf("%s: the card %v is refused: %v; the member is %q", name, test.card, err, m.Name())
		}
	}
}

// Of people whom nobody knows, too.
func TestSuffixInAnotherPlaceOfANewMember(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var notes []string
	_, err := f.Import(t.Context(), strings.NewReader(header+"900000610,PABLO JR,SOTOS,,1984-03-14,A,,\n900000612,JR,SOTO,,1984-03-15,A,,\n900000613,LEO III,SOTO,JR,1984-03-16,A,,\n"),
		ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
	if err != nil || len(notes) != 2 || !strings.HasPrefix(notes[0], "line 3: first_name: cannot register: is or has a suffix") || !strings.HasPrefix(notes[1], "line 4: first_name: cannot register") {
		t.Errorf("%v, notes %q, want lines 3 and 4", err, notes)
	}
	for _, card := range []Claim{{"Pablo", "Sotos", "JR", Date{1984, 3, 14}, "900000610"}, {"Pablo", "Sotos Jr", "", Date{1984, 3, 14}, "900000610"}} {
		if _, err := f.Match(t.Context(), card); err != nil {
			t.Errorf("the card %+v is refused: %v", card, err)
		}
	}
}

// Who is on the roster with a suffix in another place has a card that says so, and keeps it until a file puts the suffix where it belongs.
func TestSuffixThatWasInAnotherPlace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+"900000610,JAMES,SOTO,,1984-03-14,,,\n900000612,ANA,PAZ,,1984-03-14,,,\n")
	for number, names := range map[string][2]string{"900000610": {"JAMES JR", "SOTO"}, "900000612": {"ANA", "PAZ-JR"}} { // as releases before this one took them
		row, err := f.store.byNumber(t.Context(), f.numberMACs(number))
		if err != nil {
			t.Fatal(err)
		}
		content, mac := f.encode(record{FirstName: names[0], LastName: names[1], BirthDate: Date{1984, 3, 14}, MemberNumber: number})
		if _, err := f.db.From(t.Context()).Exec(t.Context(), `UPDATE members SET sealed = $2, content_mac = $3 WHERE id = $1`, row.ID, f.deps.Keyring.Seal(seal.PII, place(row.ID), content), mac); err != nil {
			t.Fatal(err)
		}
	}
	const same = "900000610,JAMES JR,SOTO,,1984-03-14,,,\n900000612,ANA,PAZ-JR,,1984-03-14,,,\n"
	card := Claim{"James Jr", "Soto", "", Date{1984, 3, 14}, "900000610"}
	for _, file := range []string{header + same, header + strings.Replace(same, ",,,\n", ",A,,\n", 1), file834(set834("2", "INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*SOTO*JAMES JR~HD*021**HMO*HUSKY B~"))} {
		f.load(t, file)
		if _, err := f.Match(t.Context(), card); err != nil {
			t.Errorf("the card of before: %v", err)
		}
	}
	report := f.load(t, header+strings.NewReplacer("JAMES JR,SOTO,", "JAMES,SOTO,JR", "PAZ-JR,", "PAZ,JR").Replace(same))
	if report.Changed != 2 || report.Held > 0 {
		t.Errorf("put right: %+v, want both changed", report)
	}
	if _, err := f.Match(t.Context(), Claim{"James", "Soto", "JR", Date{1984, 3, 14}, "900000610"}); err != nil {
		t.Errorf("put right, the card is refused: %v", err)
	}
}
