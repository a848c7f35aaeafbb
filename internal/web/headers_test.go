package web

import (
	"net/http"
	"strings"
	"testing"
)

// S-27, S-28: every answer, errors included, carries the headers.
func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/form", "/nowhere", "/fail/unknown", "/panic", "/broken"} {
		h := s.do("GET", path, "").Header()
		for name, want := range map[string]string{
			"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
			"Server":                       "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("GET %s: %s = %q, want %q", path, name, got, want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("GET %s: the policy %q lacks %q", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("GET %s: the policy %q allows inline code", path, csp)
		}
	}
	if csp := s.do("GET", "/handover", "").Header().Get("Content-Security-Policy"); csp+"; form-action 'self'" != defaultPolicy {
		t.Errorf("the policy of a form that leads to an app: %q", csp)
	}
	if h := s.do("GET", "/onward", "").Header(); h.Get("Refresh") != "3; url=/form?a=b" || h.Get("Content-Security-Policy") != defaultPolicy {
		t.Errorf("a page that navigates by itself has the headers %v", h)
	}
	plain := newSite(t, func(o *Options) { o.Issuer = "http://idp.example" })
	if got := plain.do("GET", "/form", "").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS over http = %q, want none", got)
	}
}

func TestHost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for host, want := range map[string]int{"idp.example": 200, "IDP.example": 200, "idp.example:443": 200, "idp.example.": 200, "idp.example.:443": 200,
		"evil.example": 421, "idp.example:444": 421, "idp.example:80": 421, "idp.example..": 421, ".": 421, ":443": 421, "": 421} {
		got := s.do("GET", "/form", "", func(r *http.Request) { r.Host = host }, header("X-Forwarded-Host", "idp.example")).Code
		if got != want {
			t.Errorf("Host %q: status %d, want %d", host, got, want)
		}
	}
}
