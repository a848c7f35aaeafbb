package provider_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/provider"
)

// backend registers a backend service with a key of alg.
func (b *bench) backend(alg, scope string, change func(*provider.Metadata)) *holder {
	b.t.Helper()
	return b.holder(alg, func(m *provider.Metadata) {
		keys := m.JWKS
		*m = provider.Metadata{ClientName: "Informes", Profile: provider.ProfileService, Audience: []string{fhir}, Scope: strings.Fields(scope)}
		m.JWKS, m.TokenEndpointAuthMethod = keys, "private_key_jwt"
		if change != nil {
			change(m)
		}
	})
}

func (p *holder) backendToken(scope string, faults ...fault) answer {
	p.b.t.Helper()
	return p.post("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "client_id": nil,
		"client_assertion": {p.assertion(slices.Concat([]fault{claimed("aud", p.b.issuer+"/token")}, faults)...)}})
}

// TestBackendServices follows SMART App Launch 2.2, "Backend Services" (S-37).
func TestBackendServices(t *testing.T) {
	b := newBench(t, 4)
	server, secret := b.fhirServer("records", nil)
	for _, alg := range []string{"RS384", "ES384"} {
		p := b.backend(alg, "system/*.rs system/Group.cruds", nil)
		a := p.backendToken("system/Observation.rs system/Patient.r")
		a.want(t, 200, "")
		if !strings.EqualFold(a.text("token_type"), "bearer") || a.body["expires_in"] != 300.0 || a.text("scope") != "system/Observation.rs system/Patient.r" ||
			a.body["refresh_token"] != nil || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", alg, a.body)
		}
		claims, _ := b.verified(a.text("access_token"))
		if claims["aud"] != fhir || claims["sub"] != p.id || claims["exp"].(float64)-claims["iat"].(float64) != 300 || claims["patient"] != nil {
			t.Errorf("%s: %v", alg, claims)
		}
		got := b.introspect(server, secret, a.text("access_token"))
		if got["active"] != true || got["scope"] != "system/Observation.rs system/Patient.r" || got["client_id"] != p.id || got["exp"] != claims["exp"] {
			t.Errorf("introspection: %v", got)
		}
		p.backendToken("system/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory").want(t, 200, "")
	}
	p := b.backend("ES384", "system/*.rs", nil)
	jti := claimed("jti", rand.Text())
	p.backendToken("system/Patient.r", jti).want(t, 200, "")
	p.backendToken("system/Patient.r", jti).want(t, 401, "invalid_client")
	now := b.clock.now().Unix()
	for name, f := range map[string]fault{
		"exp after 6 minutes": claimed("exp", now+360), "expired": claimed("exp", now-10), "no exp": claimed("exp", nil), "no jti": claimed("jti", nil),
		"another aud": claimed("aud", "https://other.example/token"), "another iss": claimed("iss", "x"), "broken": {Broken: true}, "alg none": {Alg: "none"},
		"an unknown kid": headed("kid", "x"), "a jku without a registered one": headed("jku", "https://app.example/jwks"),
	} {
		if a := p.backendToken("system/Patient.r", f); a.status != 401 || a.text("error") != "invalid_client" {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
	for name, scope := range map[string]string{"more": "system/Patient.cruds", "none": "", "of a patient": "patient/Patient.r", "of a user": "user/Patient.r", "nonsense": "system/Patient.sr"} {
		if a := p.backendToken(scope); a.status != 400 || a.text("error") != "invalid_scope" {
			t.Errorf("scope %s: %d %v", name, a.status, a.body)
		}
	}
	for name, test := range map[string]struct {
		fields url.Values
		status int
		code   string
	}{
		"no grant_type":                 {url.Values{"grant_type": nil}, 400, "invalid_request"},
		"another grant_type":            {url.Values{"grant_type": {"not_a_grant_type"}}, 400, "unsupported_grant_type"},
		"a grant that is not its":       {url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}, 400, "unauthorized_client"},
		"another client_assertion_type": {url.Values{"client_assertion_type": {"not_an_assertion_type"}}, 401, "invalid_client"},
		"no client_assertion":           {url.Values{"client_assertion": nil}, 401, "invalid_client"},
		"no JWT":                        {url.Values{"client_assertion": {"x"}}, 401, "invalid_client"},
		"another server":                {url.Values{"resource": {"https://two.example/r4"}}, 400, "invalid_target"},
	} {
		fields := url.Values{"grant_type": {"client_credentials"}, "scope": {"system/Patient.r"}}
		for name, values := range test.fields {
			fields[name] = values
		}
		if a := p.post("/token", fields); a.status != test.status || a.text("error") != test.code || a.text("error_description") == "" {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
	for _, alg := range []string{"RS256", "ES256"} {
		b.backend(alg, "system/*.rs", nil).backendToken("system/Patient.r").want(t, 401, "invalid_client")
	}
	plain := b.backend("RS384", "reports.read", nil)
	if a := plain.backendToken("reports.read"); a.status != 200 || a.body["expires_in"] != 600.0 {
		t.Errorf("another service: %d %v", a.status, a.body)
	}
}

type fixedKeys map[string][]jose.JSONWebKey

func (k fixedKeys) Get(_ context.Context, address, _ string) ([]jose.JSONWebKey, error) {
	return k[address], nil
}

// TestBackendJKU: a jku in the header counts only as a repetition of the registered jwks_uri (S-44).
func TestBackendJKU(t *testing.T) {
	const at = "https://reports.example/jwks"
	keys := fixedKeys{}
	b := newBenchIn(t, 4, func(_ *bench, d *provider.Deps) { d.ClientKeys = keys })
	p := b.backend("ES384", "system/*.rs", func(m *provider.Metadata) { m.JWKS, m.JWKSURI = nil, at })
	keys[at] = []jose.JSONWebKey{p.key.public()}
	p.backendToken("system/Patient.r").want(t, 200, "")
	p.backendToken("system/Patient.r", headed("jku", at)).want(t, 200, "")
	for _, jku := range []any{"https://evil.example/jwks", at + "/", strings.ToUpper(at), []string{at}, "", map[string]any{}} {
		if a := p.backendToken("system/Patient.r", headed("jku", jku)); a.status != 401 || a.text("error") != "invalid_client" {
			t.Errorf("jku %v: %d %v", jku, a.status, a.body)
		}
	}
	p.backendToken("system/Patient.r", headed("jku", at), headed("jwk", p.key.public())).want(t, 401, "invalid_client")
}

// TestBackendRegistration are the rules of a registration with system/ scopes.
func TestBackendRegistration(t *testing.T) {
	b := newBench(t, 4)
	key := provider.NewKeySet(newKeyPair(t, "ES384").public())
	for name, test := range map[string]struct {
		member string
		change func(*provider.Metadata)
	}{
		"a secret":          {"token_endpoint_auth_method", func(m *provider.Metadata) { m.JWKS, m.TokenEndpointAuthMethod = nil, "" }},
		"no server":         {"audience", func(m *provider.Metadata) { m.Audience = nil }},
		"a wrong scope":     {"scope", func(m *provider.Metadata) { m.Scope = provider.Scopes{"system/Patient.sr"} }},
		"wild and searched": {"scope", func(m *provider.Metadata) { m.Scope = provider.Scopes{"system/*.rs?a=b"} }},
		"ES256":             {"token_endpoint_auth_signing_alg", func(m *provider.Metadata) { m.TokenEndpointAuthSigningAlg = "ES256" }},
		"an app of the programme": {"scope", func(m *provider.Metadata) {
			m.Profile, m.RedirectURIs = provider.ProfileOwn, []string{callback}
		}},
		"an app of the record": {"scope", func(m *provider.Metadata) {
			m.Profile, m.RedirectURIs, m.OperatorName = provider.ProfileSmart, []string{callback}, "x"
		}},
	} {
		m := provider.Metadata{ClientName: "Informes", Profile: provider.ProfileService, Audience: []string{fhir}, Scope: provider.Scopes{"system/*.rs"}}
		m.JWKS, m.TokenEndpointAuthMethod = key, "private_key_jwt"
		if _, _, err := b.clients.Create(t.Context(), "", m); err != nil {
			t.Fatal(err)
		}
		test.change(&m)
		if _, _, err := b.clients.Create(t.Context(), "", m); err == nil || !strings.HasPrefix(err.Error(), test.member+":") {
			t.Errorf("%s: %v, want %s", name, err, test.member)
		}
	}
	var doc map[string]any
	r := httptest.NewRequest(http.MethodGet, b.issuer+"/.well-known/smart-configuration", nil)
	w := httptest.NewRecorder()
	b.instance().engine.ServeHTTP(w, r)
	must(t, json.Unmarshal(w.Body.Bytes(), &doc))
	grants, _ := doc["grant_types_supported"].([]any)
	algs, _ := doc["token_endpoint_auth_signing_alg_values_supported"].([]any)
	if !slices.Contains(grants, any("client_credentials")) || !slices.Contains(algs, any("RS384")) || !slices.Contains(algs, any("ES384")) {
		t.Errorf("%v", doc)
	}
}
