package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/postgres/postgrestest"
)

// unsettledRoutes are the routes that answer a session whose account is not complete otherwise than a stranger, and why.
var unsettledRoutes = map[string]string{
	accounts.WelcomePath: "completes it",
	"/login/agreement":   "before that",
	"/account/left":      "the timer of those pages",
	"/account/alive":     "its button",
	"/account/ended":     "where it leads",
	"/account/closing":   "what was just done, without a session; else the sign-in",
	"/login":             "says who is signed in",
	"/login/accounts":    "which of two people continues",
	"/reauth":            "those pages want a proof that is not old",
	"/reauth/cancel":     "",
	"/reauth/options":    "",
	"/logout":            "whoever is signed in may leave",
	"/logout/done":       "",
}

// TestUnsettledSession: a session whose account is not complete, or whose member has not agreed, gets from each route what a
// stranger gets, or is led to what is missing. A route that is added is looked at as well.
func TestUnsettledSession(t *testing.T) {
	t.Parallel()
	_, s, err := readEnvironment(production())
	if err != nil {
		t.Fatal(err)
	}
	s.dsn, s.agreementDir = postgrestest.DSN(t), ""
	s.limits.Requests = 1 << 20
	a, err := build(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	ring, err := loadKeyring(t.Context(), a.db, s.keks)
	if err != nil {
		t.Fatal(err)
	}
	env := &Environment{DB: a.db, Keyring: ring, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Now: time.Now}
	if err := (&RosterImportCmd{File: writeFile(t, "member_number,first_name,last_name,birth_date\n111111111,ANA,GARCIA,1984-05-17\n"), Separator: ",", Dates: "auto"}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if err := (&AccountsImportCmd{File: writeFile(t, accountsHead+"111111111,ana.garcia,ana@example.com,"+bcryptOfGato+",,,,\n")}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	signedIn := &stranger{a: a, source: "203.0.113.1:1", cookies: map[string]string{}}
	signedIn.send(http.MethodPost, "/login", url.Values{"csrf": {signedIn.token()}, "username": {"ana.garcia"}, "password": {"Mi gato duerme ñoño"}})
	walk := func(missing string) {
		t.Helper()
		for _, route := range a.engine.Routes() {
			if _, open := unsettledRoutes[route.Path]; open {
				continue
			}
			path := strings.NewReplacer("*file", "style.css", ":id", "nobody", ":method", "totp", ":digest", "x").Replace(route.Path)
			got := signedIn.answer(route.Method, path, missing)
			strangers := (&stranger{a: a, source: "203.0.113.2:1", cookies: map[string]string{}}).answer(route.Method, path, "/login")
			led := func(to string) bool { return strings.HasPrefix(got, "303 "+to) }
			if strings.HasPrefix(path, "/account") && !led(accounts.WelcomePath) {
				t.Errorf("%s %s answers %q, want 303 %s", route.Method, route.Path, got, accounts.WelcomePath)
			} else if got != strangers && !led(missing) && !led(accounts.WelcomePath) && got != "303 /account" && got != "303 /register/done" {
				t.Errorf("%s %s answers %q, a stranger %q", route.Method, route.Path, got, strangers)
			}
		}
	}
	walk("/login/agreement")
	if n, err := a.db.From(t.Context()).Exec(t.Context(), `insert into account_acceptances (account_id, kind, version, language, text_hash, accepted_at)
		select id, 'agreement', '9999-01', 'es', sha256('x'), now() from accounts`); err != nil || n.RowsAffected() != 1 {
		t.Fatal(err)
	}
	walk(accounts.WelcomePath)
	if got := signedIn.answer(http.MethodGet, "/account", ""); got != "303 "+accounts.WelcomePath {
		t.Errorf("at the end of the walk /account answers %q: it ended the session", got)
	}
	for path := range unsettledRoutes {
		if !slices.ContainsFunc(a.engine.Routes(), func(r gin.RouteInfo) bool { return r.Path == path }) {
			t.Errorf("there is no route %s", path)
		}
	}
}

// answer is what a browser gets: the status, and where it is led. The form is one of a page that is open to it.
func (s *stranger) answer(method, path, form string) string {
	var values url.Values
	if method == http.MethodPost {
		values = url.Values{}
		body, _ := s.do(http.MethodGet, form, nil)
		if found := hiddenToken.FindStringSubmatch(body); found != nil {
			values = url.Values{"csrf": {found[1]}, "act": {"x"}}
		}
	}
	w := s.ask(method, path, values)
	at, _, _ := strings.Cut(w.Header().Get("Location"), "?")
	return strings.TrimSpace(fmt.Sprint(w.Code, " ", at))
}
