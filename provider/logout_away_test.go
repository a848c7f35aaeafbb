package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
)

// A sign-out that fails leaves no session in the browser; the page that says so ends it later, and nobody else's.
func TestLogoutWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	open := func() (n int) {
		must(t, b.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from sessions where ended_at is null`).Scan(&n))
		return n
	}
	p := w.get("/logout")
	postgrestest.Exec(t, b.db, `alter table sessions rename to away`)
	p = w.submit(p, url.Values{"act": {"confirm"}})
	postgrestest.Exec(t, b.db, `alter table away rename to sessions`)
	if p.url.Path != "/leave" || !strings.Contains(p.body, `id="leave"`) || w.cookie("session") != "" || open() != 1 {
		t.Fatalf("a sign-out that fails: %s (%d), %d sessions\n%s", p.url, p.status, open(), p.body)
	}
	if at := w.get("/account"); at.url.Path != "/login" {
		t.Errorf("the next person is at %s", at.url)
	}
	w.signIn(w.get("/login"))
	if p = w.submit(p, nil); p.url.Path != "/logout" || open() != 1 { // asks the next person
		t.Errorf("the button beside another session leads to %s (%d), %d sessions", p.url, p.status, open())
	}
	if p = w.get("/account"); p.url.Path != "/account" {
		t.Errorf("the next person is at %s", p.url)
	}
}
