package recovery

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
		"recovery/hub": fits[hubPage], "recovery/support": fits[supportPage], "recovery/privacy": fits[privacyPage], "recovery/languages": fits[languagesPage],
		"recovery/username": fits[usernamePage], "recovery/username_sent": fits[usernameSentPage], "recovery/password": fits[passwordPage],
		"recovery/code": fits[codePage], "recovery/open": fits[openPage], "recovery/confirm_email": fits[confirmEmailPage], "recovery/confirm_email_done": fits[confirmedPage], "recovery/question": fits[questionPage], "recovery/closed": fits[closedPage], "recovery/factor": fits[factorPage],
		"recovery/new_password": fits[newPasswordPage], "recovery/done": fits[donePage], "recovery/not_me": fits[notMePage],
		"recovery/not_me_done": fits[notMeDonePage], "recovery/old_link": fits[oldLinkPage], "recovery/cancel": fits[cancelPage], "recovery/cancel_done": fits[stoppedPage],
	} {
		for _, lang := range set.Languages() {
			if err := check(set.Template(lang, name)); err != nil {
				t.Errorf("%s in %s: %v", name, lang, err)
			}
		}
	}
}

func fits[P any](t *template.Template) error { return templatecheck.CheckHTML(t, templates.View[P]{}) }
