package recovery

import (
	"html/template"
	"testing"

	"github.com/jba/templatecheck"

	"huskyidp/templates"
)

// Each page struct fits its template, in every language.
func TestPageStructs(t *testing.T) {
	set, err := templates.Load(templates.Options{}) // one that was never executed
	if err != nil {
		t.Fatal(err)
	}
	for name, check := range map[string]func(*template.Template) error{
		"recovery/hub": fits[hubPage], "recovery/support": fits[supportPage], "recovery/privacy": fits[privacyPage], "recovery/languages": fits[languagesPage],
	} {
		for _, lang := range set.Languages() {
			if err := check(set.Template(lang, name)); err != nil {
				t.Errorf("%s in %s: %v", name, lang, err)
			}
		}
	}
}

func fits[P any](t *template.Template) error { return templatecheck.CheckHTML(t, templates.View[P]{}) }
