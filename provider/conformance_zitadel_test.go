package provider_test

import (
	"testing"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"golang.org/x/oauth2"

	"huskyidp/provider"
)

// TestZitadelRP signs a member in through the relying party of zitadel/oidc.
func TestZitadelRP(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	// It revokes with client_secret_post whatever it uses elsewhere.
	id, secret := b.client(func(m *provider.Metadata) { m.TokenEndpointAuthMethod = "client_secret_post" })
	party, err := rp.NewRelyingPartyOIDC(t.Context(), b.issuer, id, secret, callback, []string{"openid", "profile", "offline_access"},
		rp.WithHTTPClient(b.server.Client()))
	must(t, err)
	verifier := oauth2.GenerateVerifier()
	address := rp.AuthURL("state", party, rp.WithCodeChallenge(oidc.NewSHACodeChallenge(verifier)))
	back := b.signedIn().get(address)
	tokens, err := rp.CodeExchange[*oidc.IDTokenClaims](t.Context(), back.location.Query().Get("code"), party, rp.WithCodeVerifier(verifier))
	must(t, err)
	info, err := rp.Userinfo[*oidc.UserInfo](t.Context(), tokens.AccessToken, tokens.TokenType, tokens.IDTokenClaims.GetSubject(), party)
	must(t, err)
	if info.PreferredUsername != username {
		t.Errorf("userinfo names %q", info.PreferredUsername)
	}
	again, err := rp.RefreshTokens[*oidc.IDTokenClaims](t.Context(), party, tokens.RefreshToken, "", "")
	must(t, err)
	if again.IDTokenClaims.GetSubject() != tokens.IDTokenClaims.GetSubject() {
		t.Error("the refreshed ID token names another member")
	}
	must(t, rp.RevokeToken(t.Context(), party, again.RefreshToken, "refresh_token"))
	if _, err := rp.RefreshTokens[*oidc.IDTokenClaims](t.Context(), party, again.RefreshToken, "", ""); err == nil {
		t.Error("a revoked refresh token works")
	}
}
