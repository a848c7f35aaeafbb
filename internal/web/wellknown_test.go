package web

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWellKnown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, want := range map[string]string{"/.well-known/change-password": "/account/password", "/favicon.ico": s.web.templates.Asset("icon.svg")} {
		if w := s.do("GET", path, ""); w.Code != http.StatusFound || w.Header().Get("Location") != want || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("GET %s = %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	if w := s.do("GET", "/robots.txt", ""); w.Code != http.StatusOK || w.Body.String() != "User-agent: *\nDisallow: /\n" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("robots.txt: %d %v %q", w.Code, w.Header(), w.Body)
	}
	w := s.do("GET", "/.well-known/security.txt", "")
	fields := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		fields[name] = value
	}
	expires, err := time.Parse(time.RFC3339, fields["Expires"])
	if err != nil || !expires.After(s.now.AddDate(0, 5, 0)) || !expires.Before(s.now.AddDate(1, 0, 0)) || fields["Contact"] != "mailto:security@example.org" ||
		fields["Canonical"] != "https://idp.example/.well-known/security.txt" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; charset=utf-8") {
		t.Errorf("security.txt: %v %q, %v", w.Header(), w.Body, err)
	}
}

// A program that looks for what is not there gets no page, from any origin.
func TestWellKnownUnknown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/.well-known/webfinger", "/.well-known/ssf-configuration/x", "/.well-known/security.txt/x"} {
		if w := s.do("GET", path, ""); w.Code != http.StatusNotFound || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("GET %s = %d %v", path, w.Code, w.Header())
		}
	}
	if w := s.do("GET", "/.well-known/change-password", ""); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("change-password may be read: %v", w.Header())
	}
}
