package provider_test

import (
	"errors"
	"testing"
	"time"

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
	must(t, b.clients.SetDisabled(t.Context(), id, true))
	if _, err := b.provider.CheckAccess(t.Context(), token); !errors.Is(err, provider.ErrToken) {
		t.Errorf("CheckAccess with a disabled client = %v, want ErrToken", err)
	}
	must(t, b.clients.SetDisabled(t.Context(), id, false))
	_, err = b.db.Pool().Exec(t.Context(), `update accounts set status = 'disabled', credentials_changed_at = now() + interval '1 second' where id = $1`, b.account.ID)
	must(t, err)
	if _, err := b.provider.CheckAccess(t.Context(), token); !errors.Is(err, provider.ErrToken) {
		t.Errorf("CheckAccess with a closed account = %v, want ErrToken (S-25)", err)
	}
}

func firstOf(address, _ string) string { return address }

// TestAdminScope (S-61): for the programme's own apps alone, and never advertised to others.
func TestAdminScope(t *testing.T) {
	b := newBench(t, 4)
	for _, profile := range []provider.Profile{provider.ProfilePartner, provider.ProfileFAPI2, provider.ProfileService} {
		m := provider.Metadata{ClientName: "X", OperatorName: "X", Profile: profile, RedirectURIs: []string{"https://x.example/cb"}, Scope: provider.Scopes{"openid", provider.AdminScope}}
		if _, _, err := b.clients.Create(t.Context(), "", m); err == nil {
			t.Errorf("a client of the profile %s was registered for the scope admin", profile)
		}
	}
}
