package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"huskyidp/provider"
)

// TestErrorsNameTheirCause: what the maker of an app reads says which of the things that
// can go wrong did, and nothing that a stranger could use.
func TestErrorsNameTheirCause(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	service, serviceSecret := b.client(func(m *provider.Metadata) {
		m.Profile, m.RedirectURIs, m.Scope = provider.ProfileService, nil, []string{"one", "two"}
	})
	other, otherSecret := b.client(nil)
	w := b.signedIn()
	code := func() (string, string) { return b.code(w, id) }
	posted := func(form url.Values) answer { return b.send(b.server.Client(), http.MethodPost, "/token", form, nil) }
	grant := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {callback}, "code_verifier": {oauth2.GenerateVerifier()}}
	with := func(more url.Values) url.Values {
		all := url.Values{}
		for _, values := range []url.Values{grant, more} {
			for name := range values {
				all[name] = values[name]
			}
		}
		return all
	}
	for _, test := range []struct {
		name   string
		ask    func() answer
		status int
		code   string
		says   string // part of the description
	}{
		{"wrong secret", func() answer { return b.redeem(id, "wrong", "x", "") }, 401, "invalid_client", "client_id or the secret is wrong"},
		{"unknown client", func() answer { return b.redeem("nobody", "wrong", "x", "") }, 401, "invalid_client", "client_id or the secret is wrong"},
		{"wrong secret by the wrong method", func() answer { return posted(with(url.Values{"client_id": {id}, "client_secret": {"wrong"}})) }, 401, "invalid_client", "client_id or the secret is wrong"},
		{"right secret by the wrong method", func() answer { return posted(with(url.Values{"client_id": {id}, "client_secret": {secret}})) }, 401, "invalid_client", "registered for client_secret_basic, not client_secret_post"},
		{"no authentication", func() answer { return posted(with(url.Values{"client_id": {id}})) }, 401, "invalid_client", "has no client authentication"},
		{"no authentication of an unknown client", func() answer { return posted(with(url.Values{"client_id": {"nobody"}})) }, 401, "invalid_client", "has no client authentication"},
		{"no client", func() answer { return posted(grant) }, 401, "invalid_client", "has no client authentication"},
		{"no code", func() answer { return b.token(id, secret, url.Values{"grant_type": {"authorization_code"}}) }, 400, "invalid_request", "code is missing"},
		{"no refresh token", func() answer { return b.token(id, secret, url.Values{"grant_type": {"refresh_token"}}) }, 400, "invalid_request", "refresh_token is missing"},
		{"unknown code", func() answer { return b.redeem(id, secret, "x", oauth2.GenerateVerifier()) }, 400, "invalid_grant", "code is unknown"},
		{"another client's code", func() answer { c, v := code(); return b.redeem(other, otherSecret, c, v) }, 400, "invalid_grant", "code is unknown"},
		{"used code", func() answer { c, v := code(); b.redeem(id, secret, c, v); return b.redeem(id, secret, c, v) }, 400, "invalid_grant", "already been used"},
		{"another verifier", func() answer { c, _ := code(); return b.redeem(id, secret, c, oauth2.GenerateVerifier()) }, 400, "invalid_grant", "code verifier"},
		{"no verifier", func() answer { c, _ := code(); return b.redeem(id, secret, c, "") }, 400, "invalid_grant", "code verifier"},
		{"another redirect_uri", func() answer {
			c, v := code()
			return b.token(id, secret, url.Values{"grant_type": {"authorization_code"}, "code": {c}, "code_verifier": {v}, "redirect_uri": {"https://app.example/other"}})
		}, 400, "invalid_grant", "redirect_uri"},
		{"expired code", func() answer { c, v := code(); b.clock.advance(61 * time.Second); return b.redeem(id, secret, c, v) }, 400, "invalid_grant", "code has expired"},
		{"unknown refresh token", func() answer { return b.refresh(id, secret, "x") }, 400, "invalid_grant", "refresh token is unknown"},
		{"unknown refresh token of nobody", func() answer { return posted(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}) }, 401, "invalid_client", "its refresh token is unknown"},
		{"a refresh of nobody", func() answer {
			address, v := b.request(id, url.Values{"scope": {"openid offline_access"}})
			token := b.redeem(id, secret, w.get(address).location.Query().Get("code"), v).text("refresh_token")
			if token == "" {
				t.Error("no refresh token")
			}
			return posted(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
		}, 401, "invalid_client", "its refresh token is unknown"},
		{"unsupported grant", func() answer { return b.token(id, secret, url.Values{"grant_type": {"password"}}) }, 400, "unsupported_grant_type", "password"},
		{"a grant that the client may not use", func() answer { return b.token(id, secret, url.Values{"grant_type": {"client_credentials"}}) }, 400, "unauthorized_client", "client_credentials"},
		{"an unknown scope", func() answer {
			return b.token(service, serviceSecret, url.Values{"grant_type": {"client_credentials"}, "scope": {"one nonsense"}})
		}, 400, "invalid_scope", "nonsense"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := test.ask()
			if a.status != test.status || a.text("error") != test.code || !strings.Contains(a.text("error_description"), test.says) {
				t.Errorf("answer %d %s: %q, want %d %s with %q", a.status, a.text("error"), a.text("error_description"), test.status, test.code, test.says)
			}
		})
	}
}
