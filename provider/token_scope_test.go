package provider_test

import (
	"net/url"
	"testing"

	"huskyidp/provider"
)

// TestRefreshScope covers RFC 6749 6: a refresh may ask for less, for one access token;
// the refresh token keeps what was granted.
func TestRefreshScope(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	address, verifier := b.request(id, url.Values{"scope": {"openid profile email offline_access address"},
		"claims": {`{"userinfo":{"husky_program":null},"id_token":{"given_name":null}}`}})
	first := b.redeem(id, secret, b.signedIn().get(address).location.Query().Get("code"), verifier)
	first.want(t, 200, "")
	token := first.text("refresh_token")
	refresh := func(scope string) answer {
		t.Helper()
		a := b.token(id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {scope}})
		if a.status == 200 {
			token = a.text("refresh_token")
		}
		return a
	}
	for _, test := range []struct {
		scope, want               string
		name, email, program, tag bool // what userinfo says, and given_name in the ID token
	}{
		{"openid email", "openid email", false, true, false, false},
		{"email openid unknown", "email openid", false, true, false, false},
		{"openid profile", "openid profile", true, false, false, true},
		{"openid profile email offline_access address", "openid profile email offline_access", true, true, true, true},
		{"", "openid profile email offline_access", true, true, true, true},
	} {
		t.Run(test.scope, func(t *testing.T) {
			a := refresh(test.scope)
			a.want(t, 200, "")
			if a.text("scope") != test.want || claim(t, a.text("access_token"), "scope") != test.want {
				t.Errorf("scope %q, in the token %v, want %q", a.text("scope"), claim(t, a.text("access_token"), "scope"), test.want)
			}
			if got := claim(t, a.text("id_token"), "given_name") != nil; got != test.tag {
				t.Errorf("given_name in the ID token: %v, want %v", got, test.tag)
			}
			info := b.userinfo(a.text("access_token"))
			info.want(t, 200, "")
			for name, want := range map[string]bool{"name": test.name, "email": test.email, "husky_program": test.program} {
				if got := info.body[name] != nil; got != want {
					t.Errorf("userinfo with %s: %v, want %v", name, got, want)
				}
			}
		})
	}
	t.Run("without openid there is no ID token and no userinfo", func(t *testing.T) {
		a := refresh("email")
		a.want(t, 200, "")
		if a.body["id_token"] != nil {
			t.Error("an ID token without openid")
		}
		if info := b.userinfo(a.text("access_token")); info.status != 403 {
			t.Errorf("userinfo: %d %v", info.status, info.body)
		}
	})
	for _, scope := range []string{"openid husky.member", "husky.member", "unknown"} {
		refresh(scope).want(t, 400, "invalid_scope")
	}
	refresh("").want(t, 200, "") // a slip ends nothing
}

// TestOfflineAccessWithoutRefresh: libraries ask for offline_access whatever is registered; without the refresh grant it is
// ignored, not refused (OpenID Connect Core 11).
func TestOfflineAccessWithoutRefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) { m.GrantTypes = []string{"authorization_code"} })
	w := b.signedIn()
	address, verifier := b.request(id, url.Values{"scope": {"openid offline_access"}})
	p := w.get(address)
	if p.location == nil || !p.location.Query().Has("code") {
		t.Fatalf("answered with %v (%d)", p.location, p.status)
	}
	tokens := b.redeem(id, secret, p.location.Query().Get("code"), verifier)
	if tokens.want(t, 200, ""); tokens.text("refresh_token") != "" || tokens.text("scope") != "openid" {
		t.Errorf("tokens %v", tokens.body)
	}
}
