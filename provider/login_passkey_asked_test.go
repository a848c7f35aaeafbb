package provider_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// S-09: a browser asks for a passkey by itself, where somebody chooses the username's field. However many browsers of one address do,
// passwords are judged, and where many share an address there is more room for either. The page says how long to wait.
func TestAsksForPasskeysAreNoAttempts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wide   []netip.Prefix
		status int
	}{
		"an address":  {nil, http.StatusTooManyRequests},
		"of a clinic": {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, http.StatusOK},
	} {
		b := (&bench{t: t, wide: test.wide}).start(4)
		w := b.browser()
		login := w.get("/login")
		_, fields := formOf(t, login)
		ask := func() page { return w.post(b.issuer+"/login/passkey/options", url.Values{"csrf": fields["csrf"]}) }
		for i := range 200 {
			if p := ask(); p.status != http.StatusOK {
				t.Fatalf("%s: ask %d = %d", name, i+1, p.status)
			}
		}
		p := ask()
		if p.status != test.status {
			t.Errorf("%s: one more = %d, want %d", name, p.status, test.status)
		}
		if p.status != http.StatusOK && (p.header.Get("Retry-After") == "" || !strings.Contains(p.body, `<p class="lead">Hubo demasiados intentos`)) {
			t.Errorf("%s: Retry-After %q, and the script finds no words in\n%s", name, p.header.Get("Retry-After"), p.body)
		}
		if p := w.signIn(w.get("/login")); p.url.Path != "/account" {
			t.Errorf("%s: the password leads to %s (%d)", name, p.url, p.status)
		}
	}
}
