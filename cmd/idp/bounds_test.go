package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/provider"
)

// TestStrangersAreBounded (S-09, S-69): whatever a stranger sends to a route as often as they
// like, what they have stored ends at a limit. Each route of the program is tried, so that one
// that is added without a limit is found.
func TestStrangersAreBounded(t *testing.T) {
	t.Parallel()
	_, s, err := readEnvironment(production())
	if err != nil {
		t.Fatal(err)
	}
	s.dsn, s.agreementDir = postgrestest.DSN(t), ""
	s.limits.Requests = 25 // of pages; the limits of programs are what they are
	a, err := build(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	public, _, err := a.clients.Create(t.Context(), "", provider.Metadata{ClientName: "x", TokenEndpointAuthMethod: "none",
		RedirectURIs: []string{"https://app.example/cb"}, GrantTypes: []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}})
	if err != nil {
		t.Fatal(err)
	}
	challenge := strings.Repeat("c", 43)
	values := url.Values{"client_id": {public.ID}, "redirect_uri": {"https://app.example/cb"}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"},
		"username": {"maria"}, "password": {strings.Repeat("p", 20)}, "act": {"agree"}, "version": {"sample-2026-01"}, "user_code": {"BCDF-GHJK"},
		"code": {"123456"}, "first_name": {"ANA"}, "last_name": {"RUIZ"}, "card_id": {"123456789"}, "day": {"1"}, "month": {"1"}, "year": {"1990"}}
	source := 0
	for _, route := range a.engine.Routes() {
		source++ // the limits of one route do not hide those of the next
		stranger := &stranger{a: a, source: fmt.Sprintf("203.0.113.%d:1", source), cookies: map[string]string{}}
		csrf := stranger.token()
		path := strings.NewReplacer("*file", "style.css", ":id", "nobody", ":method", "totp", ":digest", "x").Replace(route.Path)
		before, stopped := rowsOf(t, a.db), 0
		const times = 340
		for i := 0; i < times && stopped < 5; i++ {
			form := url.Values{}
			for name, value := range values {
				form[name] = value
			}
			form.Set("csrf", csrf)
			form.Set("username", fmt.Sprintf("nobody%d", i)) // another name each time
			form.Set("card_id", fmt.Sprintf("%09d", i))
			if status := stranger.send(route.Method, path, form); status == http.StatusTooManyRequests {
				stopped++
			}
		}
		if stored := rowsOf(t, a.db) - before; stored > 350 || stored > 60 && stopped == 0 {
			t.Errorf("%s %s stored %d rows for a stranger; %d of %d requests were stopped", route.Method, route.Path, stored, stopped, times)
		}
	}
	if source < 60 {
		t.Errorf("only %d routes were tried", source)
	}
}

// stranger is a browser, or a program, that nobody knows.
type stranger struct {
	a       *app
	source  string
	cookies map[string]string
}

var hiddenToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (s *stranger) token() string {
	body, _ := s.do(http.MethodGet, "/login", nil)
	if found := hiddenToken.FindStringSubmatch(body); found != nil {
		return found[1]
	}
	return ""
}

func (s *stranger) send(method, path string, form url.Values) int {
	if method == http.MethodGet {
		_, status := s.do(method, path+"?"+form.Encode(), nil)
		return status
	}
	_, status := s.do(method, path, form)
	return status
}

func (s *stranger) do(method, target string, form url.Values) (string, int) {
	w := s.ask(method, target, form)
	if at := w.Header().Get("Location"); method == http.MethodPost && strings.Contains(at, "refused=") { // shown at once by every browser
		return s.do(http.MethodGet, at, nil)
	}
	return w.Body.String(), w.Code
}

// ask sends one request, with the browser's cookies, and keeps those of the answer.
func (s *stranger) ask(method, target string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://idp.example"+target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.RemoteAddr = s.source
	for name, value := range s.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	s.a.handler.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		s.cookies[cookie.Name] = cookie.Value
	}
	return w
}

// rowsOf counts the rows of every table but those that count, which have a row for each key
// and an end, and the newest errors of a client, of which there are a hundred.
func rowsOf(t *testing.T, db *postgres.DB) (n int) {
	t.Helper()
	var query string
	err := db.From(t.Context()).QueryRow(t.Context(), `
		select string_agg(format('select count(*) as n from %I', table_name), ' union all ')
		from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'
			and table_name not in ('audit_unsealed', 'audit_chain', 'rate_limits', 'client_errors')`).Scan(&query)
	if err == nil {
		err = db.From(t.Context()).QueryRow(t.Context(), `select sum(n)::int from (`+query+`) counted`).Scan(&n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}
