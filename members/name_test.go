package members

import (
	"strings"
	"testing"
)

// B3: the name in the file, what a member with that card types, and whether that can match.
func TestNamesOfFileAndForm(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ why, first, last, typed string }{
		{"UTF-8 read as Windows-1252", "ANA", "PEÃ‘A", "Peña"},
		{"twice over", "ANA", "PEÃƒâ€˜A", "Peña"},
		{"UTF-8 read as ISO 8859-1", "ANA", "N\u00c3\u009aÃ±EZ", "Núñez"},
		{"entity by number", "ANA", "PE&#209;A", "Peña"},
		{"entity by name", "ANA", "NU&Ntilde;EZ", "Nuñez"},
		{"slash", "ANA", "GARCIA/LOPEZ", "García López"},
		{"slash typed", "ANA", "GARCIA LOPEZ", "García/López"},
		{"comma without a blank", "ANA", "RUIZ,JR", "Ruiz, Jr."},
		{"ordinal behind the name", "ANA", "RUIZ 3RD", "Ruiz 3rd"},
		{"direction mark", "ANA", "RU\u200eIZ", "Ru\u00adiz"},
		{"digit", "ANA", "GARC1A", ""},
		{"digit in the first name", "ANA2", "GARCIA", ""},
		{"brackets", "ANA", "GARCIA (TWIN)", ""},
		{"square brackets", "ANA [B]", "GARCIA", ""},
		{"ampersand", "ANA & EVA", "GARCIA", ""},
		{"lost letter", "ANA", "PE?A", ""},
		{"replaced letter", "ANA", "PE\uFFFDA", ""},
		{"half of a letter", "ANA", "NUÃ‘EZ PEÃ?A", ""},
		{"second byte lost", "ANA", "GARCÃA", ""},
		{"second byte lost, small", "Ana", "Rodrãguez", ""},
		{"second byte of Ñ lost", "ANA", "MUÃOZ", ""},
		{"second byte lost in the first name", "LUCÃA", "PAZ", ""},
		{"Portuguese", "JOÃO", "MAGALHÃES", "Magalhaes"},
		{"Vietnamese", "LÃNG", "ĐỖ MÃN", "Do Man"},
		{"half mended", "ÑA", "NÚÃ‘EZ", ""},
		{"asterisk", "ANA", "GARCIA*", ""},
	} {
		f := newFixture(t)
		var notes []string
		file := header + strings.Join([]string{"012345678", test.first, `"` + test.last + `"`, "", "1984-05-17", "A", "", ""}, ",") + "\n"
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
		if err != nil || report.Added != 1 {
			t.Errorf("%s: %+v, %v, want one added", test.why, report, err)
			continue
		}
		if test.typed == "" {
			if report.CannotRegister != 1 || len(notes) != 1 || !strings.HasPrefix(notes[0], "line 2: ") || !strings.Contains(notes[0], "cannot register") {
				t.Errorf("%s: %d cannot register, notes %q, want one named", test.why, report.CannotRegister, notes)
			}
			continue
		}
		card := Card{BirthMonth: "5", BirthDay: "17", BirthYear: "1984", FirstName: test.first, LastName: test.typed, CardID: "012345678"}
		claim, problems := card.Parse(now, f.ParseMemberNumber)
		if _, err := f.Match(t.Context(), claim); err != nil || len(problems) > 0 || report.CannotRegister > 0 {
			t.Errorf("%s: %q typed for %q: problems %v, match %v, %d cannot register", test.why, test.typed, test.last, problems, err, report.CannotRegister)
		}
	}
}

// The form and the file take the same birth dates.
func TestBirthDateLimitIsOneForFormAndFile(t *testing.T) {
	t.Parallel()
	for date, isTaken := range map[Date]bool{{1896, 1, 1}: true, {1895, 12, 31}: false} {
		card := Card{BirthMonth: "1", BirthDay: "1", BirthYear: date.String()[:4], FirstName: "A", LastName: "B", CardID: "012345678"}
		_, problems := card.Parse(now, DefaultNumberFormat.Parse)
		rec := record{FirstName: "A", LastName: "B", BirthDate: date}
		if _, problem := checkPerson(rec, DateOf(now)); (problem == "") != isTaken || (len(problems) == 0) != isTaken {
			t.Errorf("%s: file %q, form %v, want taken: %v", date, problem, problems, isTaken)
		}
	}
}
