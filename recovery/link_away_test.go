package recovery

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/postgres/postgrestest"
)

// A page behind the link of a mail whose form met an outage leads back to itself, with the link and in another language too.
func TestLinkOfAMailWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	notMe := f.link("question_changed")
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	links := []string{notMe, f.link("email_changed"), regexp.MustCompile(`/confirm-email\?link=\S+`).FindString(f.mailed("email_confirm")[0])}
	action, button := regexp.MustCompile(`<form method="post" action="([^"]*)"`), regexp.MustCompile(`<a class="button primary" href="([^"]*)"`)
	english := regexp.MustCompile(`href="([^"]*lang=en[^"]*)"`)
	for _, link := range links {
		path, secret, _ := strings.Cut(link, "?link=")
		v := f.visitor().get(link).on(link, 200)
		postgrestest.Exec(t, f.db, `alter table accounts rename to away`)
		v.postTo(html.UnescapeString(action.FindStringSubmatch(v.body)[1]), "link", secret)
		postgrestest.Exec(t, f.db, `alter table away rename to accounts`)
		if v.status != http.StatusInternalServerError {
			t.Fatalf("%s = %d", path, v.status)
		}
		failed := v.body
		for name, to := range map[string]*regexp.Regexp{"the button": button, "another language": english} {
			at := to.FindStringSubmatch(failed)
			if at == nil {
				t.Fatalf("%s: %s is not there\n%s", path, name, failed)
			}
			if name == "another language" {
				f.later(time.Minute) // the error is over
			}
			if v.get(html.UnescapeString(at[1])); v.status != 200 || !strings.Contains(v.body, `name="link" value="`+secret+`"`) {
				t.Errorf("%s: %s leads to %s (%d)\n%s", path, name, v.path, v.status, v.body)
			}
		}
	}
}
