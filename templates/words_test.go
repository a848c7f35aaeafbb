package templates

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/feature/plural"
)

// TestWords holds every catalog, drafts too: the same keys and places as the Spanish one, the plurals of its language, and
// no word that the glossary (docs/words.md) does not use.
func TestWords(t *testing.T) {
	for _, lang := range allLanguages(t) {
		r, err := CheckWords(lang, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, mistake := range r.Mistakes {
			t.Errorf("%s: %s", lang, mistake)
		}
		if !r.Glossary {
			t.Errorf("%s has no glossary", lang)
		}
	}
}

// What a glossary exempts is there, and needs it.
func TestGlossaryExemptions(t *testing.T) {
	for lang, c := range load(t).catalogs {
		g, err := parseGlossary(lang)
		if err != nil {
			t.Fatal(err)
		}
		strict := g
		strict.Exempt = nil
		for _, key := range g.Exempt {
			if !c.has(key) {
				t.Errorf("the glossary of %s exempts %s, which is in no catalog", lang, key)
			} else if len(strict.check(key, plain(c.messages[key].forms[plural.Other]))) == 0 {
				t.Errorf("the glossary of %s exempts %s, which needs no exemption", lang, key)
			}
		}
	}
}

// TestGlossaryTable: each word that docs/words.md says not to use is one that the glossary finds.
func TestGlossaryTable(t *testing.T) {
	page, err := os.ReadFile("../docs/words.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\|([^|]+)\|([^|]+)\|([^|]*)\|([^|]+)\|([^|]*)\|$`).FindAllStringSubmatch(string(page), -1)
	if len(rows) < 20 {
		t.Fatalf("%d rows of the table are found", len(rows))
	}
	for lang, column := range map[string]int{"es": 3, "en": 5} {
		g, err := parseGlossary(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[2:] {
			for _, form := range strings.FieldsFunc(row[column], func(r rune) bool { return r == ',' || r == ';' }) {
				form = strings.TrimSpace(form)
				if form != "" && !slices.ContainsFunc(g.Terms, func(t term) bool { return t.found(form) != "" }) {
					t.Errorf("%s: nothing keeps %q out (%s)", lang, form, strings.TrimSpace(row[1]))
				}
			}
		}
	}
}

// CheckWords says each thing that a translation lacks.
func TestCheckWords(t *testing.T) {
	whole, err := files.ReadFile("locales/en.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, want string }{
		"missing":  {`  "accounts.saved.later": "Not now",` + "\n", "", "lacks accounts.saved.later: Ahora no"},
		"extra":    {`"accounts.saved.later"`, `"accounts.saved.late": "x", "accounts.saved.later"`, "accounts.saved.late is nowhere used"},
		"places":   {`"Receipt {number}"`, `"Receipt {name}"`, "accounts.apps.receipt_number has the places [name], want [number]"},
		"plural":   {`"one": "{n} hour",` + "\n    ", ``, "web.wait.hours has the plural categories [other], the language has [one other]"},
		"singular": {`"Not now"`, `{"one": "Not now", "other": "Not now"}`, "accounts.saved.later is plural in one language only"},
		"glossary": {`"Not now"`, `"Send an e-mail"`, `accounts.saved.later says "e-mail", the word is "email": Send an e-mail`},
	} {
		text := strings.Replace(string(whole), test.old, test.new, 1)
		r, err := CheckWords("en", []byte(text))
		if err != nil || len(r.Mistakes) != 1 || r.Mistakes[0] != test.want {
			t.Errorf("%s: %v, %v, want %q", name, r, err, test.want)
		}
	}
	draft := strings.Replace(string(whole), "{\n", "{\n  \"_draft\": \"Nobody has read it.\",\n", 1)
	if r, err := CheckWords("en", []byte(draft)); err != nil || r.Draft != "Nobody has read it." || len(r.Mistakes) > 0 {
		t.Errorf("a draft: %v, %v", r, err)
	}
	for data, want := range map[string]string{"[]": "catalog fr: ", `{"_draft": 1}`: "catalog fr: _draft: must be a text"} {
		if _, err := CheckWords("fr", []byte(data)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", data, err)
		}
	}
	if _, err := CheckWords("fr", nil); err == nil || err.Error() != `there is no catalog of the language "fr"` {
		t.Errorf("no catalog: %v", err)
	}
}

// A draft is shown where its language is named, and nowhere else.
func TestDraftsAreOffByDefault(t *testing.T) {
	if got := load(t).Languages(); !slices.Equal(got, []string{"es", "en"}) {
		t.Errorf("languages %v", got)
	}
	s, err := Load(Options{Languages: []string{"pt", "es"}})
	if err != nil || !slices.Equal(s.Languages(), []string{"es", "pt"}) {
		t.Fatalf("Load = %v, languages %v", err, s.Languages())
	}
	if got := s.Match("pt-BR,en;q=0.5"); got != "pt" {
		t.Errorf("a Brazilian's browser: %s", got)
	}
	if got := s.languageName("ht"); got != "ht" {
		t.Errorf("the name of a language without pages: %s", got)
	}
	for name, languages := range map[string][]string{`"fr" is none of the languages`: {"es", "fr"}, "the language es is always there": {"en"}} {
		if _, err := Load(Options{Languages: languages}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Load(%v) = %v", languages, err)
		}
	}
}

func TestGlossaryFindsWholeWords(t *testing.T) {
	g := glossary{
		Terms: []term{{Say: "correo electrónico", Not: []string{"correo", "correos"}, Unless: []string{"correo electrónico", "correo no deseado"}}, {Say: "usted", Not: []string{"tú", "te"}}},
		Names: []string{"Apoyo Técnico", "HUSKY"}, Exempt: []string{"guide.label"},
	}
	for text, want := range map[string][]string{
		"Escriba su correo.":                     {`says "correo", the word is "correo electrónico"`},
		"Correos de prueba":                      {`says "correos", the word is "correo electrónico"`},
		"Su Correo Electrónico nuevo":            {`writes "Correo" with a capital inside a sentence`, `writes "Electrónico" with a capital inside a sentence`},
		"Mire el correo no deseado, intente":     nil,
		"¿Y tú?":                                 {`says "tú", the word is "usted"`},
		"Oprima «Mi Cuenta» o pida su PIN":       nil,
		"Llame a Apoyo Técnico. Es de HUSKY":     nil,
		"1. Abra la aplicación.\n\n2. Elija una": nil,
		"Espere ·: Después · siga":               nil,
		"Escriba su Contraseña.":                 {`writes "Contraseña" with a capital inside a sentence`},
		"ácorreo correoá correo1":                nil,
	} {
		if got := g.check("a.key", text); !slices.Equal(got, want) {
			t.Errorf("check(%q) = %q, want %q", text, got, want)
		}
	}
	if got := g.check("guide.label", "Su Correo"); got != nil {
		t.Errorf("an exempt key: %q", got)
	}
}

// A text that a draft lacks is shown in Spanish; no page fails for it.
func TestDraftLacksAText(t *testing.T) {
	s := loadAll(t)
	delete(s.catalogs["ht"].messages, "web.wait.hours")
	s.completeDrafts()
	if got := s.Text("ht", "web.wait.hours", Args{"n": 1}); got != "1 horas" {
		t.Errorf("the text is %q", got)
	}
}
