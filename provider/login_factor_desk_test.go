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

// TestPendingOfTheDesk: pages of other packages know that the desk asks, by its scope, however the request came.
func TestPendingOfTheDesk(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	desk, _ := b.client(func(m *provider.Metadata) { m.Scope = provider.Scopes{"openid", provider.AdminScope} })
	app, _ := b.client(nil)
	for scope, id := range map[string]string{"openid admin": desk, "openid": app} {
		address, _ := b.request(id, url.Values{"scope": {scope}})
		p := b.browser().get(address)
		var browser []byte
		must(t, b.db.From(t.Context()).QueryRow(t.Context(), `select browser from interactions where client_id = $1`, id).Scan(&browser))
		pending, err := b.provider.Flow(t.Context(), p.url.Query().Get("flow"), browser)
		if err != nil || pending.App == "" || pending.Desk != (id == desk) {
			t.Errorf("%s: %+v, %v", scope, pending, err)
		}
	}
}
