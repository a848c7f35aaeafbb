package provider_test

import (
	"net/http"
	"testing"

	"huskyidp/provider"
)

// TestCORS covers S-28: public clients' origins only, compared and not reflected, and
// never with cookies.
func TestCORS(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.client(func(m *provider.Metadata) {
		m.TokenEndpointAuthMethod, m.RedirectURIs = "none", []string{"https://spa.example/cb", "http://127.0.0.1:9000/dev"}
	})
	b.client(func(m *provider.Metadata) { m.RedirectURIs = []string{"https://server.example/cb"} })
	ask := func(method, path, origin string) http.Header {
		r, err := http.NewRequestWithContext(t.Context(), method, b.issuer+path, nil)
		must(t, err)
		r.Header.Set("Origin", origin)
		return (&browser{b: b, client: b.server.Client()}).do(r).header
	}
	for _, path := range []string{"/token", "/userinfo", "/revoke", "/par"} {
		for origin, want := range map[string]string{"https://spa.example": "https://spa.example", "https://server.example": "", "https://evil.example": "",
			"null": "", "https://spa.example.evil.example": ""} {
			for _, method := range []string{http.MethodOptions, http.MethodPost} {
				got := ask(method, path, origin)
				if got.Get("Access-Control-Allow-Origin") != want || got.Get("Access-Control-Allow-Credentials") != "" || got.Get("Vary") == "" {
					t.Errorf("%s %s from %s: %v, want %q", method, path, origin, got, want)
				}
			}
		}
	}
	if got := ask(http.MethodGet, "/jwks", "https://evil.example"); got.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("jwks: %v", got)
	}
	for _, path := range []string{"/login", "/authorize", "/introspect", "/connect/register"} {
		if got := ask(http.MethodGet, path, "https://spa.example"); got.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is readable from elsewhere", path)
		}
	}
}
