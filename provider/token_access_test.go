package provider_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/provider"
)

// TestCheckAccess: what an API in this program may know of an access token, and every way in which one is none.
func TestCheckAccess(t *testing.T) {
	b := newBench(t, 4)
	id, secret := b.client(nil)
	w := b.browser()
	w.signIn(w.get(firstOf(b.request(id, nil))))
	code, verifier := b.code(w, id)
	answer := b.redeem(id, secret, code, verifier)
	token := answer.text("access_token")
	access, err := b.provider.CheckAccess(t.Context(), token)
	must(t, err)
	if access.AccountID != b.account.ID || access.ClientID != id || access.Audience != b.issuer || access.Bound || access.ACR == "" || access.SessionID == "" ||
		time.Since(access.AuthTime) > time.Minute {
		t.Errorf("CheckAccess = %+v", access)
	}
	for name, other := range map[string]string{
		"nothing": "", "noise": "a.b.c", "an ID token": answer.text("id_token"), "a refresh token": answer.text("refresh_token"), "cut": token[:len(token)-2],
	} {
		if _, err := b.provider.CheckAccess(t.Context(), other); !errors.Is(err, provider.ErrToken) {
			t.Errorf("CheckAccess(%s) = %v, want ErrToken", name, err)
		}
	}
	must(t, b.clients.Disable(t.Context(), id, ""))
	if _, err := b.provider.CheckAccess(t.Context(), token); !errors.Is(err, provider.ErrToken) {
		t.Errorf("CheckAccess with a disabled client = %v, want ErrToken", err)
	}
	must(t, b.clients.Enable(t.Context(), id, ""))
	_, err = b.db.Pool().Exec(t.Context(), `update accounts set status = 'disabled', credentials_changed_at = now() + interval '1 second' where id = $1`, b.account.ID)
	must(t, err)
	if _, err := b.provider.CheckAccess(t.Context(), token); !errors.Is(err, provider.ErrToken) {
		t.Errorf("CheckAccess with a closed account = %v, want ErrToken (S-25)", err)
	}
}

func firstOf(address, _ string) string { return address }

// TestAdminScope (S-61): for the programme's own apps alone, and never advertised to others.
func TestAdminScope(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	for _, profile := range []provider.Profile{provider.ProfilePartner, provider.ProfileFAPI2, provider.ProfileService} {
		m := provider.Metadata{ClientName: "X", OperatorName: "X", Profile: profile, RedirectURIs: []string{"https://x.example/cb"}, Scope: provider.Scopes{"openid", provider.AdminScope}}
		if _, _, err := b.clients.Create(t.Context(), "", m); err == nil {
			t.Errorf("a client of the profile %s was registered for the scope admin", profile)
		}
	}
}

// TestStaffSignIn: people of the support desk have no card and no licence: nothing of either is asked of them, and tokens say
// nothing of it; without a second step they reach no admin scope (S-19, S-21).
func TestStaffSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	account, err := b.accounts.CreateStaff(t.Context(), accounts.NewStaff{Username: "rosa", Email: "rosa@desk.example", Language: "es"})
	must(t, err)
	hash, err := b.accounts.HashPassword(t.Context(), account.ID, password)
	must(t, err)
	must(t, b.accounts.ResetPassword(t.Context(), account.ID, hash))
	id, secret := b.client(nil)
	w := b.browser()
	address, verifier := b.request(id, url.Values{"scope": {"openid profile husky.member"}})
	back := w.submit(w.get(address), url.Values{"username": {"rosa"}, "password": {password}})
	if back.location == nil {
		t.Fatalf("the sign-in led to %s (%d)\n%s", back.url, back.status, back.body)
	}
	answer := b.redeem(id, secret, back.location.Query().Get("code"), verifier)
	info := b.userinfo(answer.text("access_token"))
	if info.status != 200 || info.text("preferred_username") != "rosa" || info.body["husky_member_number"] != nil || info.body["birthdate"] != nil {
		t.Errorf("userinfo %d %v", info.status, info.body)
	}
	partner, _ := b.partner(nil) // only members have data to let an app have
	address, _ = b.request(partner, url.Values{"scope": {"openid profile"}})
	asked := w.get(address)
	if asked.url.Path != "/login" { // perhaps a member comes
		t.Fatalf("a partner's app leads the desk to %s (%d)", asked.url, asked.status)
	}
	if no := w.submit(asked, url.Values{"username": {"rosa"}, "password": {password}}); no.location == nil || no.location.Query().Get("error") != "access_denied" ||
		!strings.Contains(no.location.Query().Get("error_description"), "support desk") {
		t.Errorf("who signs in from the desk gets %s, %v", no.url, no.location)
	}
	desk, _ := b.client(func(m *provider.Metadata) { m.Scope = provider.Scopes{"openid", provider.AdminScope} })
	address, _ = b.request(desk, url.Values{"scope": {"openid admin"}})
	if p := w.get(address); p.location != nil || p.url.Path != "/reauth" {
		t.Errorf("the scope admin with a password alone led to %s, %v", p.url, p.location)
	} else if passkey, app := strings.Index(p.body, `href="/account/factors/passkey`), strings.Index(p.body, `href="/account/factors/totp`); passkey < 0 || app < passkey {
		t.Errorf("the first day offers a passkey at %d and an app at %d:\n%s", passkey, app, p.body)
	}
}
