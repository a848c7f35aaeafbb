package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/provider"
)

// TestDiscovery covers conformance 3.1 and 5: the document says what is there, and
// every endpoint that it names answers.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.browser()
	p := w.get("/.well-known/openid-configuration")
	var doc map[string]any
	must(t, json.Unmarshal([]byte(p.body), &doc))
	if doc["issuer"] != b.issuer || p.header.Get("Access-Control-Allow-Origin") != "*" || p.header.Get("Content-Type") != "application/json" {
		t.Errorf("issuer %v, headers %v", doc["issuer"], p.header)
	}
	if other := w.get("/.well-known/oauth-authorization-server"); other.body != p.body {
		t.Error("the two well-known documents differ")
	}
	for name, value := range doc {
		address, ok := value.(string)
		if !ok || name == "issuer" || !strings.HasPrefix(address, "https://") {
			continue
		}
		u, err := url.Parse(address)
		must(t, err)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		must(t, err)
		response, err := b.server.Client().Transport.RoundTrip(r)
		must(t, err)
		response.Body.Close()
		if response.StatusCode == http.StatusNotFound || response.StatusCode >= 500 || u.Fragment != "" {
			t.Errorf("%s: %s answers %d", name, address, response.StatusCode)
		}
	}
	for name, want := range map[string]bool{"request_parameter_supported": true, "request_uri_parameter_supported": false,
		"claims_parameter_supported": true, "require_pushed_authorization_requests": false,
		"authorization_response_iss_parameter_supported": true, "frontchannel_logout_supported": true, "frontchannel_logout_session_supported": true,
		"backchannel_logout_supported": true, "backchannel_logout_session_supported": true} { // conformance 5.11: JSON booleans, all present
		if doc[name] != want {
			t.Errorf("%s = %v, want %v", name, doc[name], want)
		}
	}
	for name, want := range map[string]string{"response_types_supported": "code", "subject_types_supported": "public pairwise",
		"id_token_signing_alg_values_supported": "RS256", "request_object_signing_alg_values_supported": "RS256", "scopes_supported": "openid",
		"claims_supported": "sub name email", "grant_types_supported": "authorization_code refresh_token", "ui_locales_supported": "es en"} {
		listed, _ := doc[name].([]any)
		for _, value := range strings.Fields(want) {
			if !slices.Contains(listed, any(value)) {
				t.Errorf("%s = %v, without %s", name, listed, value)
			}
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.issuer+"/.well-known/openid-configuration", nil)
	must(t, err)
	r.Header.Set("If-None-Match", p.header.Get("ETag"))
	if again := w.do(r); again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("with its ETag: %d", again.status)
	}
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	p := b.browser().get("/jwks")
	var set jose.JSONWebKeySet
	must(t, json.Unmarshal([]byte(p.body), &set))
	if len(set.Keys) < 2 {
		t.Fatalf("%d keys", len(set.Keys))
	}
	seen := map[string]bool{}
	for _, key := range set.Keys {
		if !key.IsPublic() || key.KeyID == "" || seen[key.KeyID] || key.Use != "sig" {
			t.Errorf("key %q: public %v, use %q", key.KeyID, key.IsPublic(), key.Use)
		}
		seen[key.KeyID] = true
	}
	_, err := b.keys.Rotate(t.Context(), "RS256", true)
	must(t, err)
	var after jose.JSONWebKeySet
	must(t, json.Unmarshal([]byte(b.browser().get("/jwks").body), &after))
	if len(after.Keys) != len(set.Keys)+1 {
		t.Errorf("after a rotation %d keys, want %d: the old one stays", len(after.Keys), len(set.Keys)+1)
	}
}

// TestDevelopersPage: the page for who builds an app says what discovery says, and shows
// the programs that the end-to-end tests run.
func TestDevelopersPage(t *testing.T) {
	t.Parallel()
	b := newBenchIn(t, 4, func(_ *bench, d *provider.Deps) { d.TryURL = "https://portal.example/try" })
	w := b.browser()
	p := w.get("/developers?lang=en")
	for lang, words := range map[string]string{"es": "Falta la prueba DPoP", "en": "The DPoP proof is missing"} {
		if p := w.get("/developers?lang=" + lang); p.status != 200 || !strings.Contains(p.body, `<div lang="`+lang+`">`) || !strings.Contains(p.body, words) {
			t.Fatalf("/developers in %s: %d\n%s", lang, p.status, p.body)
		}
	}
	var doc map[string]any
	must(t, json.Unmarshal([]byte(w.get("/.well-known/openid-configuration").body), &doc))
	if doc["service_documentation"] != b.issuer+"/developers" {
		t.Errorf("service_documentation is %v", doc["service_documentation"])
	}
	for name, value := range doc {
		if address, ok := value.(string); ok && name != "issuer" && !strings.Contains(p.body, ">"+address+"</pre>") {
			t.Errorf("the page lacks %s", name)
		}
	}
	for _, words := range []string{"husky_member_number", "invalid_dpop_proof", "openid-client", "oidc.buildAuthorizationUrl", "https://portal.example/try", "private_key_jwt", `<a href="/openapi.json">`} {
		if !strings.Contains(p.body, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	if plain := newBench(t, 4).browser().get("/developers"); strings.Contains(plain.body, `id="try"`) {
		t.Error("a deployment without a client to try shows one")
	}
}
