package portal

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// logoutToken is one as the provider sends it; change spoils it.
func (p *testProvider) logoutToken(t *testing.T, typ string, change func(map[string]any)) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{
		"iss": p.URL, "aud": "portal", "iat": time.Now().Unix(), "exp": time.Now().Add(2 * time.Minute).Unix(), "jti": "j1", "sub": "s1", "sid": "here",
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": struct{}{}},
	}
	if change != nil {
		change(claims)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// The session that the provider ended is over here as well; no other is, and nothing else ends one.
func TestBackChannelLogout(t *testing.T) {
	f := newFixture(t)
	f.provider.claims = func(c map[string]any) { c["sid"] = "here" }
	signedIn := func() bool {
		_, at, _ := f.visit(t, "/me")
		return at == "/me"
	}
	tell := func(token string) int {
		t.Helper()
		status, _, _ := read(t)(http.PostForm(f.base+BackchannelLogoutPath, url.Values{"logout_token": {token}}))
		return status
	}
	f.visit(t, "/login")
	for name, token := range map[string]string{
		"none":              "",
		"no JWT":            "abc",
		"another type":      f.provider.logoutToken(t, "JWT", nil),
		"another audience":  f.provider.logoutToken(t, "logout+jwt", func(c map[string]any) { c["aud"] = "try-it" }),
		"another issuer":    f.provider.logoutToken(t, "logout+jwt", func(c map[string]any) { c["iss"] = "https://evil.example" }),
		"expired":           f.provider.logoutToken(t, "logout+jwt", func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() }),
		"with a nonce":      f.provider.logoutToken(t, "logout+jwt", func(c map[string]any) { c["nonce"] = "n" }),
		"without the event": f.provider.logoutToken(t, "logout+jwt", func(c map[string]any) { delete(c, "events") }),
		"of nobody":         f.provider.logoutToken(t, "logout+jwt", func(c map[string]any) { delete(c, "sub"); delete(c, "sid") }),
		"signed by another": newTestProvider(t).logoutToken(t, "logout+jwt", func(c map[string]any) { c["iss"] = f.provider.URL }),
	} {
		if status := tell(token); status != http.StatusBadRequest || !signedIn() {
			t.Errorf("%s: %d, signed in: %v; want 400 and the session as it was", name, status, signedIn())
		}
	}
	if status := tell(f.provider.logoutToken(t, "logout+jwt", func(c map[string]any) { c["sid"] = "elsewhere" })); status != http.StatusOK || !signedIn() {
		t.Errorf("of another session: %d, signed in: %v", status, signedIn())
	}
	right := f.provider.logoutToken(t, "logout+jwt", func(c map[string]any) { c["jti"] = "j2" })
	if status := tell(right); status != http.StatusOK || signedIn() {
		t.Errorf("of this session: %d, signed in: %v", status, signedIn())
	}
	f.visit(t, "/login")
	if status := tell(right); status != http.StatusOK || !signedIn() {
		t.Errorf("the same token again: %d, signed in: %v; want nothing done", status, signedIn())
	}
	if status := tell(f.provider.logoutToken(t, "logout+jwt", func(c map[string]any) { c["jti"] = "j3"; delete(c, "sid") })); status != http.StatusOK || signedIn() {
		t.Errorf("of every session of the member: %d, signed in: %v", status, signedIn())
	}
}
