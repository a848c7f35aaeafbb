package provider_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// At a kiosk nothing lasts: a permission is suggested for once and ends by itself, and no app gets access without the member,
// also one of the programme.
func TestKioskGivesNoLastingAccess(t *testing.T) {
	t.Parallel()
	b := (&bench{t: t, kiosks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}).start(4)
	scope := url.Values{"scope": {"openid profile offline_access"}}
	id, secret := b.partner(nil)
	address, verifier := b.request(id, scope)
	w := b.browser()
	p := w.signIn(w.get(address))
	if p.url.Path != "/consent" || !strings.Contains(p.body, `value="once" checked`) || strings.Contains(p.body, `value="stop"`) ||
		strings.Contains(p.body, say("provider.consent.offline")) || !strings.Contains(p.body, "no podrá ver los datos cuando usted no la use") {
		t.Errorf("at %s (%d)\n%s", p.url, p.status, p.body)
	}
	if again := w.submit(p, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"stop"}}); again.status != 422 {
		t.Errorf("without an end: %s (%d)", again.url, again.status)
	}
	p = w.submit(p, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"once"}})
	if p.location == nil {
		t.Fatalf("allowing leads to %s (%d)", p.url, p.status)
	}
	a := b.redeem(id, secret, p.location.Query().Get("code"), verifier)
	a.want(t, 200, "")
	if a.text("scope") != "openid profile" || a.text("refresh_token") != "" {
		t.Errorf("a partner gets %q, refresh token %t", a.text("scope"), a.text("refresh_token") != "")
	}
	own, secret := b.client(nil)
	address, verifier = b.request(own, scope)
	if p = w.get(address); p.location == nil {
		t.Fatalf("the programme's app stops at %s (%d)", p.url, p.status)
	}
	if a = b.redeem(own, secret, p.location.Query().Get("code"), verifier); a.text("scope") != "openid profile" || a.text("refresh_token") != "" {
		t.Errorf("the programme's app gets %q, refresh token %t", a.text("scope"), a.text("refresh_token") != "")
	}
}
