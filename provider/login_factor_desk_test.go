package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestLostPasskeyAtTheDesk: whoever signs in for the desk and lost the passkey is led to an administrator of the desk, not to the members'
// support. It depends on the app alone: that an account is the desk's is told to nobody.
func TestLostPasskeyAtTheDesk(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.enrolPasskey(b.account) // a member's
	desk, _ := b.client(func(m *provider.Metadata) { m.Scope = provider.Scopes{"openid", provider.AdminScope} })
	app, _ := b.client(nil)
	for scope, id := range map[string]string{"openid admin": desk, "openid": app} {
		address, _ := b.request(id, url.Values{"scope": {scope}})
		w := b.browser()
		p := w.signIn(w.get(address))
		if p.url.Path != "/login/factor/passkey" {
			t.Fatalf("%s: at %s (%d)", scope, p.url, p.status)
		}
		isDesk := id == desk
		if strings.Contains(p.body, say("accounts.factor.no_way_desk")) != isDesk || strings.Contains(p.body, say("accounts.factor.no_way")) == isDesk {
			t.Errorf("%s: who helps?\n%s", scope, p.body)
		}
	}
}
