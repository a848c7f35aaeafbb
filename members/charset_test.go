package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

func encoded(t *testing.T, text string, page *charmap.Charmap) string {
	t.Helper()
	out, err := page.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// accentedRoster has people whose names have accents in one of ten lines, and others.
func accentedRoster(names [][2]string) string {
	var out strings.Builder
	out.WriteString(header)
	for i := range 100 {
		name := [2]string{[]string{"ANA", "EVA", "LEO"}[i%3], "PAZ"}
		if i%10 == 0 {
			name = names[i/10%len(names)]
		}
		fmt.Fprintf(&out, "9000007%02d,%s,%s,,1984-%02d-%02d,A,,\n", i, name[0], name[1], 1+i%12, 1+i%28)
	}
	return out.String()
}

// A file that a spreadsheet saved for MS-DOS or the Macintosh is not read as Windows-1252 without a word.
func TestOtherPagesAreRefused(t *testing.T) {
	t.Parallel()
	capitals := accentedRoster([][2]string{{"RAÚL", "LUNA"}, {"IVÁN", "RÍOS"}, {"JOSÉ", "NÚÑEZ"}, {"ÁNGEL", "LEÓN"}})
	some := accentedRoster([][2]string{{"RAÚL", "LUNA"}, {"IVÁN", "RÍOS"}})
	small := accentedRoster([][2]string{{"Raúl", "Luna"}, {"Iván", "Ríos"}, {"José", "Núñez"}, {"Ángel", "León"}})
	ofOne := accentedRoster([][2]string{{"RAÚL", "LUNA"}})
	for name, test := range map[string]struct {
		text    string
		page    string
		isKnown bool
	}{
		"capitals, MS-DOS, new":        {capitals, "cp850", false},
		"capitals, MS-DOS, known":      {capitals, "cp850", true},
		"some accents, MS-DOS, new":    {some, "cp850", false},
		"some accents, MS-DOS, known":  {some, "cp850", true},
		"small letters, MS-DOS, new":   {small, "cp850", false},
		"only Ú, MS-DOS, known":        {ofOne, "cp850", true},
		"capitals, Macintosh, new":     {capitals, "macintosh", false},
		"capitals, Macintosh, known":   {capitals, "macintosh", true},
		"small letters, Macintosh":     {small, "macintosh", false},
		"some accents, Macintosh, new": {some, "macintosh", false},
	} {
		f := newFixture(t)
		if test.isKnown {
			f.load(t, test.text)
		}
		file := encoded(t, strings.Replace(test.text, "1984-01-01", "1984-01-02", 1), pages[test.page]) // it is not the same file again
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowDoubtful: true})
		if cause, is := errors.AsType[*EncodingError](err); !is || cause.Encoding != test.page {
			t.Errorf("%s: %+v, %v, want it refused as %s", name, report, err, test.page)
			continue
		}
		if report, err = f.Import(t.Context(), strings.NewReader(file), ImportOptions{Encoding: test.page}); err != nil || report.Rejected+report.CannotRegister+report.Kept != 0 || report.Added+report.Changed+report.Unchanged != 100 {
			t.Errorf("%s: with the encoding: %+v, %v", name, report, err)
		}
		for _, claim := range []Claim{{"Raul", "Luna", "", Date{1984, 1, 2}, "900000700"}} {
			if _, err := f.Match(t.Context(), claim); err != nil {
				t.Errorf("%s: the card of %s: %v", name, claim.FirstName, err)
			}
		}
	}
}

// What is in Windows-1252 is read as it was, also where programs write small accents among capitals, or names are of other languages.
func TestWindows1252IsNoOtherPage(t *testing.T) {
	t.Parallel()
	for name, names := range map[string][][2]string{
		"capitals":                  {{"RAÚL", "LUNA"}, {"IVÁN", "RÍOS"}, {"JOSÉ", "NÚÑEZ"}},
		"small letters":             {{"Raúl", "Luna"}, {"Iván", "Ríos"}, {"José", "Núñez"}},
		"small accents":             {{"RAúL", "LUNA"}, {"IVáN", "RíOS"}, {"JOSé", "NúñEZ"}},
		"one small accent":          {{"JOSé", "LUNA"}},
		"other languages":           {{"BJÖRK", "MÜLLER"}, {"FRANÇOIS", "LÀRUE"}, {"JOÃO", "CÔTÉ"}, {"Gösta", "Åström"}},
		"some of other languages":   {{"RAÚL", "LUNA"}, {"BJÖRK", "GRØNN"}},
		"small, of other languages": {{"Françoise", "Lêchatelet"}, {"Zoë", "Müller"}},
	} {
		f := newFixture(t)
		report, err := f.Import(t.Context(), strings.NewReader(encoded(t, accentedRoster(names), charmap.Windows1252)), ImportOptions{})
		if err != nil || report.Added != 100 || report.CannotRegister != 0 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
		if again := f.load(t, encoded(t, accentedRoster(names)+"\n\n", charmap.Windows1252)); again.Unchanged != 100 {
			t.Errorf("%s: the same again: %+v", name, again)
		}
	}
}

// In a file put together of two, the names of the minority are kept, and told.
func TestNamesOfAnotherPageAreKept(t *testing.T) {
	t.Parallel()
	text := accentedRoster([][2]string{{"RAÚL", "LUNA"}, {"IVÁN", "RÍOS"}, {"JOSÉ", "NÚÑEZ"}})
	f := newFixture(t)
	f.load(t, text)
	file := encoded(t, text, charmap.Windows1252)
	file = strings.Replace(file, "RA\xDAL", "RA\xE9L", 1)
	var notes []string
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
	if m, findErr := f.Find(t.Context(), "900000700"); err != nil || findErr != nil || m.FirstName != "RAÚL" || report.Kept != 1 || len(notes) != 1 || !strings.Contains(notes[0], "code page 850") {
		t.Errorf("%+v, %v, %v, %+v, noted %q", m, err, findErr, report, notes)
	}
}

// In X12, too.
func TestOtherPageIn834(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file := encoded(t, file834(set834("4", strings.Replace(insAnak, "RUIZ*ANAK", "RÍOS*IVÁN", 1), insNoah)), charmap.CodePage850)
	if report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{}); !isEncoding(err) {
		t.Errorf("%+v, %v, want it refused", report, err)
	}
}

func isEncoding(err error) bool {
	_, is := errors.AsType[*EncodingError](err)
	return is
}
