package provider_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"huskyidp/provider"
)

// TestRefusedScopesAreNamed: whichever endpoint refuses a scope or a resource says which of them.
func TestRefusedScopesAreNamed(t *testing.T) {
	t.Parallel()
	const api, foreign, jwtBearer = "https://api.example/v1", "https://foreign.example", "urn:ietf:params:oauth:grant-type:jwt-bearer"
	b := newBench(t, 4)
	few := func(m *provider.Metadata) {
		m.Scope, m.Audience = []string{"openid", "profile", "offline_access"}, []string{api}
	}
	id, secret := b.client(few)
	device, deviceSecret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant, "refresh_token"}}
		few(m)
	})
	service, serviceSecret := b.client(func(m *provider.Metadata) {
		m.Profile, m.RedirectURIs, m.Scope, m.Audience = provider.ProfileService, nil, []string{"one"}, []string{api}
	})
	assertor := b.holder("ES256", func(m *provider.Metadata) {
		m.Profile, m.TokenEndpointAuthMethod, m.GrantTypes, m.RedirectURIs = provider.ProfileService, "private_key_jwt", []string{jwtBearer}, nil
		m.PostLogoutRedirectURIs, m.InitiateLoginURI, m.Scope, m.Audience = nil, "", provider.Scopes{"one"}, []string{api}
	})
	w := b.signedIn()
	authorize := func(more url.Values) url.Values {
		address, _ := b.request(id, more)
		return w.get(address).location.Query()
	}
	posted := func(path, id, secret string, form url.Values) url.Values {
		_, _, body := b.post(path, id, secret, form)
		var got struct {
			Error string `json:"error"`
			Text  string `json:"error_description"`
		}
		must(t, json.Unmarshal([]byte(body), &got))
		return url.Values{"error": {got.Error}, "error_description": {got.Text}}
	}
	push := func(more url.Values) url.Values {
		form := url.Values{"redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"state of the app"}, "nonce": {"n"},
			"code_challenge": {oauth2.S256ChallengeFromVerifier(oauth2.GenerateVerifier())}, "code_challenge_method": {"S256"}}
		for name, values := range more {
			form[name] = values
		}
		return posted("/par", id, secret, form)
	}
	bear := func(more url.Values) url.Values {
		more.Set("grant_type", jwtBearer)
		more.Set("assertion", assertor.assertion())
		a := assertor.post("/token", more)
		return url.Values{"error": {a.text("error")}, "error_description": {a.text("error_description")}}
	}
	credentials := func(more url.Values) url.Values {
		more.Set("grant_type", "client_credentials")
		return posted("/token", service, serviceSecret, more)
	}
	address, verifier := b.request(id, url.Values{"scope": {"openid offline_access"}})
	tokens := b.redeem(id, secret, w.get(address).location.Query().Get("code"), verifier)
	refresh := func(more url.Values) url.Values {
		more.Set("grant_type", "refresh_token")
		more.Set("refresh_token", tokens.text("refresh_token"))
		return posted("/token", id, secret, more)
	}
	code := func(more url.Values) url.Values {
		address, verifier := b.request(id, nil)
		more.Set("grant_type", "authorization_code")
		more.Set("code", w.get(address).location.Query().Get("code"))
		more.Set("code_verifier", verifier)
		more.Set("redirect_uri", callback)
		return posted("/token", id, secret, more)
	}
	begin := func(more url.Values) url.Values { return posted("/device_authorization", device, deviceSecret, more) }
	scope := func(s string) url.Values { return url.Values{"scope": {s}} }
	resource := func(s string) url.Values { return url.Values{"resource": {s}} }
	for _, test := range []struct {
		name string
		got  url.Values
		code string
		says string
	}{
		{"authorize", authorize(scope("openid email address admin")), "invalid_scope", "for the scope email admin."},
		{"authorize, resource", authorize(resource(foreign)), "invalid_target", "for the resource " + foreign + "."},
		{"authorize, no address", authorize(resource("reports")), "invalid_target", "not reports."},
		{"PAR", push(scope("openid email address")), "invalid_scope", "for the scope email."},
		{"PAR, resource", push(url.Values{"resource": {api, foreign}}), "invalid_target", "for the resource " + foreign + "."},
		{"device", begin(scope("openid email profile")), "invalid_scope", "for the scope email."},
		{"device, resource", begin(resource(foreign)), "invalid_target", "for the resource " + foreign + "."},
		{"code, resource", code(resource(foreign)), "invalid_target", "for the resource " + foreign + "."},
		{"code, resource not granted", code(resource(api)), "invalid_target", "The resource " + api + " has not been granted."},
		{"refresh", refresh(scope("openid email profile")), "invalid_scope", "not granted: email profile."},
		{"refresh, nothing known", refresh(scope("address")), "invalid_scope", "none that this server knows: address."},
		{"jwt-bearer", bear(scope("one two three")), "invalid_scope", "for the scope two three."},
		{"jwt-bearer, resource", bear(resource(foreign)), "invalid_target", "for the resource " + foreign + "."},
		{"client_credentials", credentials(scope("one two")), "invalid_scope", "for the scope two."},
		{"client_credentials, resource", credentials(resource(foreign)), "invalid_target", "for the resource " + foreign + "."},
		{"clipped", credentials(scope("one " + strings.Repeat("x", 1000))), "invalid_scope", "for the scope " + strings.Repeat("x", 254) + "."},
	} {
		if test.got.Get("error") != test.code || !strings.Contains(test.got.Get("error_description"), test.says) {
			t.Errorf("%s: %q %q, want %s with %q", test.name, test.got.Get("error"), test.got.Get("error_description"), test.code, test.says)
		}
	}
}
