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
	if csp := s.do("GET", "/form", "").Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://app.example;") {
		t.Errorf("the policy %q does not let the form end at the app", csp)
	}
	plain := newSite(t, func(o *Options) { o.Issuer = "http://idp.example" })
	if got := plain.do("GET", "/form", "").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS over http = %q, want none", got)
	}
}

func TestOriginOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://app.example/cb?a=b":       "https://app.example",
		"https://app.example:8443/":        "https://app.example:8443",
		"http://127.0.0.1:5000/cb":         "http://127.0.0.1:5000",
		"org.example.app:/cb":              "org.example.app:",
		"javascript:alert(1)":              "",
		"https://a.example;script-src *//": "",
		"/relative":                        "",
		"":                                 "",
	} {
		if got := originOf(address); got != want {
			t.Errorf("originOf(%q) = %q, want %q", address, got, want)
		}
	}
}

// S-68: an unknown host is not served, and forwarded hosts count for nothing.
func TestHost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for host, want := range map[string]int{"idp.example": 200, "IDP.example": 200, "evil.example": 421, "idp.example:444": 421, "": 421} {
		got := s.do("GET", "/form", "", func(r *http.Request) { r.Host = host }, header("X-Forwarded-Host", "idp.example")).Code
		if got != want {
			t.Errorf("Host %q: status %d, want %d", host, got, want)
		}
	}
}
