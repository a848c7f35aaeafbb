package provider_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/passkeytest"
)

// enrolPasskey gives the account a key.
func (b *bench) enrolPasskey(account accounts.Account) *passkeytest.Device {
	b.t.Helper()
	options, err := b.accounts.BeginNewPasskey(b.t.Context(), account, "sid")
	must(b.t, err)
	device := passkeytest.New(b.t, "https://idp.example")
	_, err = b.accounts.FinishNewPasskey(b.t.Context(), account, "sid", "", device.Create(options))
	must(b.t, err)
	return device
}

// passkeyForm is what the page of a passkey posts; its options are asked as its script asks them.
func (w *browser) passkeyForm(p page, options string, device *passkeytest.Device) url.Values {
	w.b.t.Helper()
	_, fields := formOf(w.b.t, p)
	asked := w.post(w.b.issuer+options, url.Values{"csrf": fields["csrf"]})
	return url.Values{"credential": {device.Get(json.RawMessage(asked.body))}}
}

// A passkey whose answer is lost is sent again, and signs in as if it had not been: with an app, for a page of ours, as a second
// step and as a proof. Whichever answer the browser keeps, it has a session, and knows that a passkey works here.
func TestPasskeySentAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, 8)
	id, _ := b.partner(nil)
	device := b.enrolPasskey(b.account)
	app, _ := b.request(id, url.Values{"scope": {"openid"}})
	for name, test := range map[string]struct {
		from, options, want string
		step                bool // after the password
		proof               bool // in an open session
	}{
		"alone":         {from: "/login", options: "/login/passkey/options", want: "/account"},
		"for a page":    {from: "/login?return=/account/history", options: "/login/passkey/options", want: "/account/history"},
		"for an app":    {from: app, options: "/login/passkey/options", want: "/consent"},
		"a second step": {from: "/login", options: "/login/factor/passkey/options", want: "/account", step: true},
		"a proof":       {from: "/account/password", options: "/reauth/options", want: "/account/password", proof: true},
	} {
		for _, apart := range []time.Duration{0, 20 * time.Millisecond, 300 * time.Millisecond} {
			w := b.browser()
			if test.proof {
				p := w.get("/login")
				w.submit(p, w.passkeyForm(p, "/login/passkey/options", device))
				b.clock.advance(6 * time.Minute)
			}
			p := w.get(test.from)
			if test.step {
				p = w.signIn(p)
			}
			answers, browsers := w.pressed(p, w.passkeyForm(p, test.options, device), apart)
			for i, p := range answers {
				if p.url.Path != test.want && !strings.HasPrefix(p.url.Path, "/login/passkey-offer") {
					t.Errorf("%s, %v apart: answer %d is %s (%d)", name, apart, i+1, p.url, p.status)
				}
				if p := browsers[i].get("/account"); p.url.Path != "/account" {
					t.Errorf("%s, %v apart: after answer %d there is no session", name, apart, i+1)
				}
			}
		}
	}
}

// A key that does not count yet says so each time, and one that was used stays used: for another browser, and after signing out.
func TestPasskeyIsNotReplayed(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	device := b.enrolPasskey(b.account)
	w := b.browser()
	p := w.get("/login")
	action, fields := formOf(t, p)
	fields.Set("credential", w.passkeyForm(p, "/login/passkey/options", device).Get("credential"))
	if p := w.post(action, fields); p.url.Path != "/account" && p.url.Path != "/login/passkey-offer" {
		t.Fatalf("at %s (%d)", p.url, p.status)
	}
	other := b.browser()
	_, own := formOf(t, other.get("/login"))
	own.Set("credential", fields.Get("credential"))
	if p := other.post(action, own); !strings.Contains(p.body, say("accounts.passkey.over")) {
		t.Errorf("another browser is at %s", p.url)
	}
	w.submit(w.get("/logout"), url.Values{"act": {"confirm"}})
	if p := w.post(action, fields); p.url.Path != "/login" || !strings.Contains(p.body, say("accounts.passkey.over")) {
		t.Errorf("after signing out the form is answered by %s (%d)", p.url, p.status)
	}

	_, err := b.db.From(t.Context()).Exec(t.Context(), `update account_passkeys set usable_from = $1`, b.clock.now().Add(24*time.Hour))
	must(t, err)
	w = b.browser()
	p = w.get("/login")
	answers, _ := w.pressed(p, w.passkeyForm(p, "/login/passkey/options", device), 300*time.Millisecond)
	for i, p := range answers {
		if !strings.Contains(p.body, say("accounts.passkey.waits")) {
			t.Errorf("a key that waits, answer %d: %s (%d)", i+1, p.url, p.status)
		}
	}
}
