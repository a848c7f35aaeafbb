package provider_test

import (
	"net/url"
	"testing"

	"huskyidp/provider"
)

// TestJWTBearer covers RFC 7523 2.1: a service that registered the grant gets a token in
// its own name for an assertion that it signed, once; nobody speaks for a member so.
func TestJWTBearer(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	service := func(grants ...string) *holder {
		return b.holder("ES256", func(m *provider.Metadata) {
			m.Profile, m.TokenEndpointAuthMethod, m.GrantTypes, m.RedirectURIs = provider.ProfileService, "private_key_jwt", grants, nil
			m.PostLogoutRedirectURIs, m.InitiateLoginURI = nil, ""
			m.Scope, m.Audience = provider.Scopes{"reports.read"}, []string{"https://reports.example"}
		})
	}
	p, other, plain := service(grant), service(grant, "client_credentials"), service("client_credentials")
	ask := func(p *holder, assertion string, more url.Values) answer {
		fields := url.Values{"grant_type": {grant}, "assertion": {assertion}, "scope": {"reports.read"}, "resource": {"https://reports.example"}}
		for name, values := range more {
			fields[name] = values
		}
		return p.post("/token", fields)
	}
	good := ask(p, p.assertion(), nil)
	good.want(t, 200, "")
	claims, header := b.verified(good.text("access_token"))
	if header.ExtraHeaders["typ"] != "at+jwt" || claims["sub"] != p.id || claims["client_id"] != p.id || claims["aud"] != "https://reports.example" ||
		claims["scope"] != "reports.read" || good.body["refresh_token"] != nil || good.body["id_token"] != nil {
		t.Errorf("token %v of %v", claims, good.body)
	}
	if good.text("token_type") != "Bearer" || good.body["expires_in"] != 600.0 {
		t.Errorf("answer %v", good.body)
	}
	b.userinfo(good.text("access_token")).want(t, 401, "invalid_token")

	once := p.assertion()
	ask(p, once, nil).want(t, 200, "")
	for name, test := range map[string]struct {
		from      *holder
		assertion string
		more      url.Values
		code      string
	}{
		"replayed":                 {p, once, nil, "invalid_grant"},
		"a member's subject":       {p, p.assertion(claimed("sub", b.account.Subject)), nil, "invalid_grant"},
		"another client's subject": {p, p.assertion(claimed("sub", other.id)), nil, "invalid_grant"},
		"another client's":         {p, other.assertion(), nil, "invalid_grant"},
		"expired":                  {p, p.assertion(claimed("exp", b.clock.now().Unix()-300)), nil, "invalid_grant"},
		"for somebody else":        {p, p.assertion(claimed("aud", "https://other.example")), nil, "invalid_grant"},
		"without jti":              {p, p.assertion(claimed("jti", nil)), nil, "invalid_grant"},
		"no JWT":                   {p, "x", nil, "invalid_grant"},
		"none":                     {p, "", nil, "invalid_request"},
		"a scope not registered":   {p, p.assertion(), url.Values{"scope": {"admin"}}, "invalid_scope"},
		"another resource":         {p, p.assertion(), url.Values{"resource": {"https://x.example"}}, "invalid_target"},
		"not registered for it":    {plain, plain.assertion(), nil, "unauthorized_client"},
		"unauthenticated":          {p, p.assertion(), url.Values{"client_assertion": nil, "client_assertion_type": nil}, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			status := 400
			if test.code == "invalid_client" {
				status = 401
			}
			ask(test.from, test.assertion, test.more).want(t, status, test.code)
		})
	}
	both := p.assertion() // one JWT is not two
	ask(p, both, url.Values{"client_assertion": {both}}).want(t, 400, "invalid_grant")

	for name, m := range map[string]provider.Metadata{
		"an app":   {ClientName: "x", RedirectURIs: []string{callback}, GrantTypes: []string{"authorization_code", grant}},
		"a secret": {ClientName: "x", Profile: provider.ProfileService, GrantTypes: []string{grant}},
	} {
		if _, _, err := b.clients.Create(t.Context(), "", m); err == nil {
			t.Errorf("%s registered the grant", name)
		}
	}
}
