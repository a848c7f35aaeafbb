package templates

import (
	"slices"
	"testing"

	"golang.org/x/text/feature/plural"
)

// TestGlossary compares every text with the glossary of its language, docs/words.md.
func TestGlossary(t *testing.T) {
	for lang, c := range load(t).catalogs {
		g, err := parseGlossary(lang)
		if err != nil {
			t.Fatal(err)
		}
		if len(g.Terms) == 0 {
			t.Errorf("%s has no glossary", lang)
		}
		for key, m := range c.messages {
			for _, pieces := range m.forms {
				for _, wrong := range g.check(key, plain(pieces)) {
					t.Errorf("%s: %s %s: %s", lang, key, wrong, plain(pieces))
				}
			}
		}
		for _, key := range g.Exempt {
			if !c.has(key) {
				t.Errorf("the glossary of %s exempts %s, which is in no catalog", lang, key)
				continue
			}
			strict := g
			strict.Exempt = nil
			if len(strict.check(key, plain(c.messages[key].forms[plural.Other]))) == 0 {
				t.Errorf("the glossary of %s exempts %s, which needs no exemption", lang, key)
			}
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
