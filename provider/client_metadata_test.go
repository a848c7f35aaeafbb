package provider

import (
	"errors"
	"testing"
)

func TestMetadataRules(t *testing.T) {
	no := false
	good := func() Metadata {
		return Metadata{ClientName: "Portal", RedirectURIs: []string{"https://app.example/callback"}}
	}
	for _, test := range []struct {
		name   string
		change func(*Metadata)
		member string // at fault; "" means accepted
	}{
		{"as registered", func(*Metadata) {}, ""},
		{"no name", func(m *Metadata) { m.ClientName = " " }, "client_name"},
		{"unknown profile", func(m *Metadata) { m.Profile = "vip" }, "profile"},
		{"no redirect_uri", func(m *Metadata) { m.RedirectURIs = nil }, "redirect_uris"},
		{"redirect_uri with a fragment", func(m *Metadata) { m.RedirectURIs = []string{"https://app.example/#x"} }, "redirect_uris"},
		{"redirect_uri with user information", func(m *Metadata) { m.RedirectURIs = []string{"https://a@app.example/"} }, "redirect_uris"},
		{"redirect_uri over http", func(m *Metadata) { m.RedirectURIs = []string{"http://app.example/"} }, "redirect_uris"},
		{"redirect_uri on localhost", func(m *Metadata) { m.RedirectURIs = []string{"http://localhost/"} }, "redirect_uris"},
		{"redirect_uri of a native app", func(m *Metadata) { m.RedirectURIs = []string{"http://127.0.0.1/cb", "http://[::1]/cb"} }, ""},
		{"redirect_uri with a script scheme", func(m *Metadata) { m.RedirectURIs = []string{"javascript:alert(1)"} }, "redirect_uris"},
		{"relative redirect_uri", func(m *Metadata) { m.RedirectURIs = []string{"/callback"} }, "redirect_uris"},
		{"logout address over http", func(m *Metadata) { m.PostLogoutRedirectURIs = []string{"http://app.example/"} }, "post_logout_redirect_uris"},
		{"password grant", func(m *Metadata) { m.GrantTypes = []string{"password"} }, "grant_types"},
		{"implicit", func(m *Metadata) { m.ResponseTypes = []string{"id_token"} }, "response_types"},
		{"fragment", func(m *Metadata) { m.ResponseModes = []string{"fragment"} }, "response_modes"},
		{"HS256", func(m *Metadata) { m.IDTokenSignedResponseAlg = "HS256" }, "id_token_signed_response_alg"},
		{"none", func(m *Metadata) { m.IDTokenSignedResponseAlg = "none" }, "id_token_signed_response_alg"},
		{"public without PKCE", func(m *Metadata) { m.TokenEndpointAuthMethod, m.RequirePKCE = "none", &no }, "require_pkce"},
		{"confidential without PKCE", func(m *Metadata) { m.RequirePKCE = &no }, ""},
		{"client_credentials beside code", func(m *Metadata) { m.GrantTypes = []string{"authorization_code", "client_credentials"} }, "grant_types"},
		{"client_credentials of an app", func(m *Metadata) { m.GrantTypes = []string{"client_credentials"} }, "grant_types"},
		{"service without a secret", func(m *Metadata) {
			*m = Metadata{ClientName: "x", Profile: ProfileService, TokenEndpointAuthMethod: "none"}
		}, "token_endpoint_auth_method"},
		{"service", func(m *Metadata) { *m = Metadata{ClientName: "x", Profile: ProfileService} }, ""},
		{"scope with a space", func(m *Metadata) { m.Scope = []string{"open id"} }, "scope"},
		{"initiate_login_uri over http", func(m *Metadata) { m.InitiateLoginURI = "http://app.example/" }, "initiate_login_uri"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := good()
			test.change(&m)
			err := m.complete(false)
			fault, refused := errors.AsType[*MetadataError](err)
			if !refused && test.member != "" || refused && fault.Member != test.member {
				t.Errorf("complete = %v, want the fault at %q", err, test.member)
			}
		})
	}
}

func TestDemoMayRegisterLocalhost(t *testing.T) {
	m := Metadata{ClientName: "Portal", RedirectURIs: []string{"http://localhost:8090/callback"}}
	if err := m.complete(true); err != nil {
		t.Errorf("complete(insecureLocal) = %v", err)
	}
}
