package provider_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
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

// A right passkey that comes too late, or whose lost answer is asked for again, is neither of another account nor gone, and the
// browser offers it again.
func TestPasskeyTooLate(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	device := b.enrolPasskey(b.account)
	for name, late := range map[string]func(w *browser, login page, form url.Values) page{
		"after five minutes": func(w *browser, login page, form url.Values) page {
			b.clock.advance(5 * time.Minute)
			return w.submit(login, form)
		},
		"once more after its answer was lost": func(w *browser, login page, form url.Values) page {
			w.copied().submit(login, form)
			b.clock.advance(20 * time.Second)
			return w.submit(login, form)
		},
	} {
		w := b.browser()
		login := w.get("/login")
		p := late(w, login, w.passkeyForm(login, "/login/passkey/options", device))
		if p.url.Path != "/login" || !strings.Contains(p.body, say("accounts.passkey.over")) || strings.Contains(p.body, say("accounts.passkey.failed")) {
			t.Errorf("%s: %s (%d)\n%s", name, p.url, p.status, p.body)
		}
		if p = w.submit(p, w.passkeyForm(p, "/login/passkey/options", device)); p.url.Path != "/account" {
			t.Errorf("%s, then used again: %s (%d)", name, p.url, p.status)
		}
	}
}
