package registration

import (
	"html/template"
	"testing"

	"github.com/jba/templatecheck"

	"huskyidp/templates"
)

// Each page struct fits its template, in every language.
func TestPageStructs(t *testing.T) {
	set, err := loadTemplates()
	if err != nil {
		t.Fatal(err)
	}
	for name, check := range map[string]func(*template.Template) error{
		"registration/agreement":   fits[agreementPage],
		"registration/text":        fits[textPage],
		"registration/personal":    fits[personalPage],
		"registration/locked":      fits[lockedPage],
		"registration/credentials": fits[credentialsPage],
		"registration/code":        fits[codePage],
		"registration/review":      fits[reviewPage],
		"registration/done":        fits[donePage],
		"registration/gone":        fits[gonePage],
		"registration/open":        fits[openPage],
	} {
		for _, lang := range set.Languages() {
			if err := check(set.Template(lang, name)); err != nil {
				t.Errorf("%s in %s: %v", name, lang, err)
			}
		}
	}
}

func fits[P any](t *template.Template) error { return templatecheck.CheckHTML(t, templates.View[P]{}) }
