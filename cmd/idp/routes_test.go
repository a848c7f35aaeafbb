package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
)

// cacheable are the routes that may be kept, and read by every site.
var cacheable = []string{"/.well-known/openid-configuration", "/.well-known/smart-configuration", "/fhir/:name/.well-known/smart-configuration", "/.well-known/oauth-authorization-server", "/.well-known/ssf-configuration", "/jwks", "/openapi.json", "/static/*file"}

// visit asks the wired program for a route, as a browser without cookies would.
func visit(a *app, method, target string, header http.Header) *http.Response {
	form := ""
	if method != http.MethodGet {
		form = url.Values{"username": {"maria"}, "act": {"agree"}, "csrf": {"x"}}.Encode()
	}
	r := httptest.NewRequest(method, "https://idp.example"+target, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	return w.Result()
}

// S-24, S-26, S-27, S-28, R-20: what every route of the program answers with, whatever it answers; a route that is added is looked at
// as well.
func TestEveryRoute(t *testing.T) {
	t.Parallel()
	_, s, err := readEnvironment(production())
	if err != nil {
		t.Fatal(err)
	}
	s.dsn, s.agreementDir = postgrestest.DSN(t), ""
	a, err := build(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	routes := a.engine.Routes()
	if len(routes) < 30 {
		t.Fatalf("only %d routes", len(routes))
	}
	for _, route := range routes {
		kept := slices.Contains(cacheable, route.Path)
		target := strings.NewReplacer("*file", "style.css", ":id", "nobody").Replace(route.Path)
		for _, header := range []http.Header{
			{},
			{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
			{"Accept-Language": {"en"}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Prefix": {"//evil.example"}},
		} {
			name := route.Method + " " + route.Path
			answer := visit(a, route.Method, target, header)
			checkHeaders(t, name, answer, kept)
			if answer.StatusCode >= 500 {
				t.Errorf("%s = %d", name, answer.StatusCode)
			}
			if location := answer.Header.Get("Location"); location != "" && !strings.HasPrefix(location, "/") || strings.Contains(location, "evil") {
				t.Errorf("%s leads to %q", name, location)
			}
			if kept {
				continue
			}
			if origin := answer.Header.Get("Access-Control-Allow-Origin"); origin != "" {
				t.Errorf("%s lets %q read it", name, origin)
			}
			changes := route.Method != http.MethodGet && route.Method != http.MethodOptions
			if changes && answer.StatusCode < 400 && answer.StatusCode != http.StatusSeeOther {
				t.Errorf("%s without any proof = %d", name, answer.StatusCode)
			}
			if changes && answer.StatusCode == http.StatusSeeOther && len(answer.Header["Set-Cookie"]) > 0 {
				t.Errorf("%s from another site sets %v", name, answer.Header["Set-Cookie"])
			}
		}
	}
	for _, target := range []string{"/nothing", "/login/", "/static/nothing"} {
		checkHeaders(t, target, visit(a, http.MethodGet, target, nil), false)
	}
}

func checkHeaders(t *testing.T, name string, answer *http.Response, kept bool) {
	t.Helper()
	h := answer.Header
	for header, want := range map[string]string{
		"Strict-Transport-Security": "max-age=31536000; includeSubDomains", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store", "Server": "", "X-Powered-By": "",
	} {
		got := h.Get(header)
		if header == "Cache-Control" && kept && answer.StatusCode == http.StatusOK {
			continue
		}
		if got != want && !(header == "Cache-Control" && strings.Contains(got, want)) {
			t.Errorf("%s = %d with %s: %q, want %q", name, answer.StatusCode, header, got, want)
		}
	}
	policy := map[string]string{}
	for directive := range strings.SplitSeq(h.Get("Content-Security-Policy"), ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(directive), " ")
		policy[key] = value
	}
	for directive, want := range map[string]string{"default-src": "'none'", "frame-ancestors": "'none'", "base-uri": "'none'", "object-src": "'none'", "form-action": "'self'"} {
		if policy[directive] != want {
			t.Errorf("%s = %d with a policy of %s %q, want %q", name, answer.StatusCode, directive, policy[directive], want)
		}
	}
	for directive, value := range policy {
		if strings.Contains(value, "unsafe") || strings.Contains(value, "*") {
			t.Errorf("%s: the policy allows %s %s", name, directive, value)
		}
	}
	for _, line := range h["Set-Cookie"] {
		cookie, err := http.ParseSetCookie(line)
		if err != nil || !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.Domain != "" ||
			cookie.SameSite != http.SameSiteLaxMode {
			t.Errorf("%s sets %q (%v)", name, line, err)
		}
	}
}
