package members

import "testing"

func TestNamesMatch(t *testing.T) {
	t.Parallel()
	type name struct{ first, last, suffix string }
	for _, test := range []struct {
		why   string
		typed name
		card  name
		want  bool
	}{
		// Typing form.
		{"as printed", name{"ANA", "GARCIA", ""}, name{"ANA", "GARCIA", ""}, true},
		{"lower case", name{"ana", "garcia", ""}, name{"ANA", "GARCIA", ""}, true},
		{"mixed case", name{"Ana", "García", ""}, name{"ANA", "GARCÍA", ""}, true},
		{"outer spaces", name{"  Ana ", " Garcia  ", ""}, name{"ANA", "GARCIA", ""}, true},
		{"double inner space", name{"Ana  Luisa", "Garcia", ""}, name{"ANA LUISA", "GARCIA", ""}, true},
		{"tab inside", name{"Ana\tLuisa", "Garcia", ""}, name{"ANA LUISA", "GARCIA", ""}, true},
		{"no-break space", name{"Ana\u00a0Luisa", "Garcia", ""}, name{"ANA LUISA", "GARCIA", ""}, true},
		{"ideographic space", name{"Ana\u3000Luisa", "Garcia", ""}, name{"ANA LUISA", "GARCIA", ""}, true},
		{"full-width letters", name{"Ａｎａ", "Ｇarcia", ""}, name{"ANA", "GARCIA", ""}, true},
		{"decomposed accents", name{"Ana", "Garci\u0301a", ""}, name{"ANA", "GARCÍA", ""}, true},
		{"ligature", name{"Fiﬁ", "Garcia", ""}, name{"FIFI", "GARCIA", ""}, true},
		{"sharp s against capitals", name{"Ana", "Weiß", ""}, name{"ANA", "WEISS", ""}, true},
		{"direction mark pasted along", name{"\u200fAna", "Garcia\u200e", ""}, name{"ANA", "GARCIA", ""}, true},
		{"zero-width joiner", name{"An\u200da", "Garcia", ""}, name{"ANA", "GARCIA", ""}, true},

		// Accents and ñ.
		{"accent left out", name{"Jose", "Perez", ""}, name{"JOSÉ", "PÉREZ", ""}, true},
		{"accent added", name{"José", "Pérez", ""}, name{"JOSE", "PEREZ", ""}, true},
		{"ñ typed as n", name{"Ana", "Munoz", ""}, name{"ANA", "MUÑOZ", ""}, true},
		{"n printed, ñ typed", name{"Begoña", "Muñoz", ""}, name{"BEGONA", "MUNOZ", ""}, true},
		{"ñ decomposed", name{"Ana", "Mun\u0303oz", ""}, name{"ANA", "MUÑOZ", ""}, true},
		{"diaeresis", name{"Ana", "Agüero", ""}, name{"ANA", "AGUERO", ""}, true},
		{"cedilla", name{"Ana", "Gonçalves", ""}, name{"ANA", "GONCALVES", ""}, true},
		{"two accents on one letter", name{"Ana", "Nguyễn", ""}, name{"ANA", "NGUYEN", ""}, true},
		{"stroke", name{"Łukasz", "Søren", ""}, name{"LUKASZ", "SOREN", ""}, true},
		{"ring and caron", name{"Åsa", "Dvořák", ""}, name{"ASA", "DVORAK", ""}, true},

		// Two surnames and particles.
		{"two surnames", name{"Ana", "García López", ""}, name{"ANA", "GARCIA LOPEZ", ""}, true},
		{"two surnames in one word", name{"Ana", "GarciaLopez", ""}, name{"ANA", "GARCIA LOPEZ", ""}, true},
		{"two surnames with hyphen", name{"Ana", "García-López", ""}, name{"ANA", "GARCIA LOPEZ", ""}, true},
		{"hyphen left out", name{"Ana", "Smith Jones", ""}, name{"ANA", "SMITH-JONES", ""}, true},
		{"particle joined", name{"Ana", "Delacruz", ""}, name{"ANA", "DE LA CRUZ", ""}, true},
		{"particle apart", name{"Ana", "de la Cruz", ""}, name{"ANA", "DELACRUZ", ""}, true},
		{"y between surnames kept", name{"Ana", "Ortega y Gasset", ""}, name{"ANA", "ORTEGA Y GASSET", ""}, true},
		{"Mc with space", name{"Ana", "Mc Donald", ""}, name{"ANA", "MCDONALD", ""}, true},
		{"van der", name{"Ana", "van der Berg", ""}, name{"ANA", "VANDERBERG", ""}, true},
		{"two first names with hyphen", name{"Mary-Ann", "Green", ""}, name{"MARY ANN", "GREEN", ""}, true},

		// Apostrophes, hyphens, dots.
		{"curly apostrophe", name{"Ana", "O’Brien", ""}, name{"ANA", "O'BRIEN", ""}, true},
		{"apostrophe left out", name{"Ana", "OBrien", ""}, name{"ANA", "O'BRIEN", ""}, true},
		{"apostrophe as space", name{"Ana", "O Brien", ""}, name{"ANA", "O'BRIEN", ""}, true},
		{"acute accent as apostrophe", name{"Ana", "O´Brien", ""}, name{"ANA", "O'BRIEN", ""}, true},
		{"grave accent as apostrophe", name{"Ana", "O`Brien", ""}, name{"ANA", "OBRIEN", ""}, true},
		{"okina", name{"Kaʻimi", "Green", ""}, name{"KA'IMI", "GREEN", ""}, true},
		{"en dash", name{"Ana", "Smith–Jones", ""}, name{"ANA", "SMITH-JONES", ""}, true},
		{"no-break hyphen", name{"Ana", "Smith\u2011Jones", ""}, name{"ANA", "SMITH-JONES", ""}, true},
		{"soft hyphen", name{"Ana", "Smith\u00adJones", ""}, name{"ANA", "SMITH-JONES", ""}, true},
		{"minus sign", name{"Ana", "Smith−Jones", ""}, name{"ANA", "SMITH-JONES", ""}, true},
		{"dot after initial", name{"Ana M.", "Green", ""}, name{"ANA M", "GREEN", ""}, true},
		{"St. without dot", name{"Ana", "St Claire", ""}, name{"ANA", "ST. CLAIRE", ""}, true},

		// Suffix.
		{"suffix chosen", name{"Juan", "Pérez", "JR"}, name{"JUAN", "PEREZ", "JR"}, true},
		{"suffix behind the last name", name{"Juan", "Pérez Jr.", ""}, name{"JUAN", "PEREZ", "JR"}, true},
		{"suffix behind a comma", name{"Juan", "Pérez, Jr", ""}, name{"JUAN", "PEREZ", "JR"}, true},
		{"suffix in both places", name{"Juan", "Pérez Jr", "JR"}, name{"JUAN", "PEREZ", "JR"}, true},
		{"roster holds it in the last name", name{"Juan", "Pérez", "JR"}, name{"JUAN", "PEREZ JR", ""}, true},
		{"written out", name{"Juan", "Pérez Junior", ""}, name{"JUAN", "PEREZ", "JR."}, true},
		{"ordinal", name{"Juan", "Pérez", "III"}, name{"JUAN", "PEREZ", "3RD"}, true},
		{"Roman numeral as one character", name{"Juan", "Pérez", "Ⅲ"}, name{"JUAN", "PEREZ", "III"}, true},
		{"lower case numeral", name{"Juan", "Pérez iv", ""}, name{"JUAN", "PEREZ", "IV"}, true},
		{"two surnames and suffix", name{"Juan", "Pérez Soto Sr.", ""}, name{"JUAN", "PEREZ SOTO", "SR"}, true},
		{"last name is V", name{"Juan", "V", ""}, name{"JUAN", "V", ""}, true},
		{"title the form does not offer", name{"Juan", "Pérez MD", ""}, name{"JUAN", "PEREZ", "MD"}, true},

		// Near misses: all of these must fail.
		{"suffix missing", name{"Juan", "Pérez", ""}, name{"JUAN", "PEREZ", "JR"}, false},
		{"suffix too many", name{"Juan", "Pérez", "JR"}, name{"JUAN", "PEREZ", ""}, false},
		{"other suffix", name{"Juan", "Pérez", "SR"}, name{"JUAN", "PEREZ", "JR"}, false},
		{"II is not III", name{"Juan", "Pérez", "II"}, name{"JUAN", "PEREZ", "III"}, false},
		{"contradicting suffixes", name{"Juan", "Pérez Sr", "JR"}, name{"JUAN", "PEREZ", "JR"}, false},
		{"suffix in the first name", name{"Juan Jr", "Pérez", ""}, name{"JUAN", "PEREZ", "JR"}, false},
		{"title left out", name{"Juan", "Pérez", ""}, name{"JUAN", "PEREZ", "MD"}, false},
		{"V is not the whole last name", name{"Juan", "", "V"}, name{"JUAN", "V", ""}, false},
		{"one surname of two", name{"Ana", "García", ""}, name{"ANA", "GARCIA LOPEZ", ""}, false},
		{"second surname of two", name{"Ana", "López", ""}, name{"ANA", "GARCIA LOPEZ", ""}, false},
		{"surnames swapped", name{"Ana", "López García", ""}, name{"ANA", "GARCIA LOPEZ", ""}, false},
		{"names swapped", name{"García", "Ana", ""}, name{"ANA", "GARCIA", ""}, false},
		{"name shifted over the border", name{"Ana Garcia", "Lopez", ""}, name{"ANA", "GARCIA LOPEZ", ""}, false},
		{"particle left out", name{"Ana", "Cruz", ""}, name{"ANA", "DE LA CRUZ", ""}, false},
		{"y left out", name{"Ana", "Ortega Gasset", ""}, name{"ANA", "ORTEGA Y GASSET", ""}, false},
		{"nickname", name{"Pepe", "Pérez", ""}, name{"JOSE", "PEREZ", ""}, false},
		{"short form", name{"Liz", "Green", ""}, name{"ELIZABETH", "GREEN", ""}, false},
		{"abbreviation", name{"Mª", "Green", ""}, name{"MARIA", "GREEN", ""}, false},
		{"initial for a name", name{"J", "Green", ""}, name{"JOHN", "GREEN", ""}, false},
		{"middle name added", name{"Ana Luisa", "Green", ""}, name{"ANA", "GREEN", ""}, false},
		{"middle name left out", name{"Ana", "Green", ""}, name{"ANA LUISA", "GREEN", ""}, false},
		{"one letter wrong", name{"Ana", "Garsia", ""}, name{"ANA", "GARCIA", ""}, false},
		{"letters swapped", name{"Ana", "Gracia", ""}, name{"ANA", "GARCIA", ""}, false},
		{"letter doubled", name{"Anna", "Garcia", ""}, name{"ANA", "GARCIA", ""}, false},
		{"z for s", name{"Ana", "Gomes", ""}, name{"ANA", "GOMEZ", ""}, false},
		{"digit for letter", name{"Ana", "Garc1a", ""}, name{"ANA", "GARCIA", ""}, false},
		{"Cyrillic look-alike", name{"Аna", "Garcia", ""}, name{"ANA", "GARCIA", ""}, false},
		{"empty first name", name{"", "Garcia", ""}, name{"ANA", "GARCIA", ""}, false},
		{"empty last name", name{"Ana", "", ""}, name{"ANA", "GARCIA", ""}, false},
		{"names without content", name{"-", ".", ""}, name{"-", ".", ""}, false},
		{"wildcard", name{"%", "Garcia", ""}, name{"ANA", "GARCIA", ""}, false},
		{"vowel sign of another script is content", name{"कि", "Garcia", ""}, name{"क", "GARCIA", ""}, false},
	} {
		born := Date{1984, 5, 17}
		m := Member{FirstName: test.card.first, LastName: test.card.last, Suffix: test.card.suffix, BirthDate: born, MemberNumber: "012345678"}
		c := Claim{test.typed.first, test.typed.last, test.typed.suffix, born, "012345678"}
		if got := len(m.differs(c)) == 0; got != test.want {
			t.Errorf("%s: %+q typed against the card %+q: match = %v, want %v", test.why, test.typed, test.card, got, test.want)
		}
	}
}

func TestBirthDateAndNumberMustBeEqual(t *testing.T) {
	t.Parallel()
	m := Member{FirstName: "ANA", LastName: "GARCIA", BirthDate: Date{1984, 5, 17}, MemberNumber: "012345678"}
	for why, claim := range map[string]Claim{
		"another day":          {"Ana", "Garcia", "", Date{1984, 5, 18}, "012345678"},
		"day and month":        {"Ana", "Garcia", "", Date{1984, 17, 5}, "012345678"},
		"another year":         {"Ana", "Garcia", "", Date{1985, 5, 17}, "012345678"},
		"no birth date":        {"Ana", "Garcia", "", Date{}, "012345678"},
		"another number":       {"Ana", "Garcia", "", Date{1984, 5, 17}, "012345679"},
		"leading zero missing": {"Ana", "Garcia", "", Date{1984, 5, 17}, "12345678"},
		"no number":            {"Ana", "Garcia", "", Date{1984, 5, 17}, ""},
	} {
		if len(m.differs(claim)) == 0 {
			t.Errorf("claim with %s matches, want no match", why)
		}
	}
	if len(m.differs(Claim{"Ana", "Garcia", "", Date{1984, 5, 17}, "012345678"})) > 0 {
		t.Error("the right claim does not match")
	}
}

func TestParseMemberNumber(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"123456789":         "123456789",
		"012 345 678":       "012345678",
		" 000-000-001 ":     "000000001",
		"123–456‑789":       "123456789",
		"１２３456789":         "123456789",
		"123\u00a0456\t789": "123456789",
		"\u200e123456789":   "123456789",
		"12345678":          "",
		"1234567890":        "",
		"12345678A":         "",
		"123.456.789":       "",
		"123456789\x00":     "",
		"١٢٣٤٥٦٧٨٩":         "", // digits, but not those of the card
		"":                  "",
		"                                                                     123456789": "", // over-long as typed
	} {
		got, err := DefaultNumberFormat.Parse(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Parse(%q) = %q, %v, want %q", typed, got, err, want)
		}
	}
}

func TestNumberFormatIsAnchored(t *testing.T) {
	t.Parallel()
	f, err := NewNumberFormat(`[A-Z]{2}[0-9]{4}|[0-9]{3}`)
	if err != nil {
		t.Fatal(err)
	}
	for typed, ok := range map[string]bool{"AB1234": true, "123": true, "1234": false, "AB12345": false, "xAB1234": false} {
		if _, err := f.Parse(typed); (err == nil) != ok {
			t.Errorf("Parse(%q) = %v, want success %v", typed, err, ok)
		}
	}
	for typed, want := range map[string]string{"AB.1234": "AB1234", "ID: 123": "123", "ID AB1234": "AB1234", "AX123": "", "1.2.3": "123"} {
		if got, _ := f.ParseTyped(typed); got != want {
			t.Errorf("ParseTyped(%q) = %q, want %q", typed, got, want)
		}
	}
	if _, err := NewNumberFormat(`[`); err == nil {
		t.Error("NewNumberFormat accepted a broken pattern")
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Date{
		"1984-05-17":  {1984, 5, 17},
		"05/17/1984":  {1984, 5, 17},
		"19840517":    {1984, 5, 17},
		"2024-02-29":  {2024, 2, 29},
		"2023-02-29":  {},
		"1984-02-31":  {},
		"17/05/1984":  {},
		"0000-01-01":  {},
		"1984-5-17":   {1984, 5, 17},
		"84-05-17":    {},
		"1984-05-17 ": {},
		"+984-05-17":  {},
		"":            {},
	} {
		got, problem := (&dateReader{}).read(text)
		if (problem == "") != (want != Date{}) || got != want {
			t.Errorf("read(%q) = %v, %q, want %v", text, got, problem, want)
		}
	}
	if !(Date{1984, 5, 17}).Before(Date{1984, 6, 1}) || (Date{1984, 5, 17}).Before(Date{1984, 5, 17}) {
		t.Error("Before orders dates wrongly")
	}
}

func FuzzMatch(f *testing.F) {
	for _, seed := range []string{"", "Ana", "García-López", "O´Brien", "ŉ", "Iſ\u0307", "\u1e9e", "ǅ", "\xff\xfe", "Pérez, Jr."} {
		f.Add(seed, "Muñoz V", "iii")
	}
	f.Fuzz(func(t *testing.T, first, last, suffix string) {
		once := fold(first)
		if twice := fold(once); twice != once {
			t.Errorf("fold(%+q) = %+q, folded again %+q", first, once, twice)
		}
		born := Date{2000, 1, 1}
		m := Member{FirstName: first, LastName: last, Suffix: suffix, BirthDate: born, MemberNumber: "000000001"}
		same := len(m.differs(Claim{first, last, suffix, born, "000000001"})) == 0
		restLast, _ := splitSuffix(last, suffix)
		if want := fold(first) != "" && fold(restLast) != ""; same != want {
			t.Errorf("%+q %+q %+q against itself: match = %v, want %v", first, last, suffix, same, want)
		}
		if len(m.differs(Claim{first + "x", last, suffix, born, "000000001"})) == 0 {
			t.Errorf("%+q matches with a letter added", first)
		}
	})
}
