package registration

import (
	"net/http"
	"strings"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
)

// Who leaves a registration while the database is away leaves nothing of it to the next person at the browser.
func TestLeaveWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(b *browser){
		"step 2": func(b *browser) { b.toPersonal() },
		"step 5": func(b *browser) { b.toReview() },
	} {
		s := newSite(t, 1)
		b := s.browser()
		at(b)
		postgrestest.Exec(t, s.db, `alter table registrations rename to away`)
		b.send("act", "leave")
		postgrestest.Exec(t, s.db, `alter table away rename to registrations`)
		if b.status != http.StatusSeeOther || !strings.HasPrefix(b.location, "/leave?lang=es&end=") || b.cookies["idp_registration"] != "" {
			t.Errorf("%s: leaving = %d to %q, %v", name, b.status, b.location, b.cookies)
		}
		if b.get("/register/review"); strings.Contains(strings.ToLower(b.body), "maria") {
			t.Errorf("%s: the next person sees %s\n%s", name, b.path, b.text())
		}
	}
}
