package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"huskyidp/provider"
)

// fhirServer registers the FHIR server of the tests.
func (b *bench) fhirServer(name string, change func(*provider.Metadata)) (id, secret string) {
	b.t.Helper()
	return b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Expediente", Profile: provider.ProfileService, ResourceServer: []string{fhir}}
		m.FHIRServer = name
		if change != nil {
			change(m)
		}
	})
}

// TestSmartConfigurations: each registered FHIR server has a document with every member of SMART App Launch 2.2,
// "Conformance", that a server must or should have.
func TestSmartConfigurations(t *testing.T) {
	b := newBench(t, 4)
	other := b.instance() // reads the clients now, and watches nothing
	id, _ := b.fhirServer("records", func(m *provider.Metadata) {
		m.BrandBundle, m.BrandIdentifier = "https://fhir.example/brands", &provider.BrandIdentifier{System: "https://fhir.example", Value: "1"}
	})
	const at = "/fhir/records/.well-known/smart-configuration"
	w := b.browser()
	p := w.get(at)
	var doc map[string]any
	must(t, json.Unmarshal([]byte(p.body), &doc))
	for _, member := range []string{"issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "grant_types_supported", "capabilities",
		"code_challenge_methods_supported", "token_endpoint_auth_methods_supported", "scopes_supported", "response_types_supported", "management_endpoint",
		"introspection_endpoint", "revocation_endpoint", "user_access_brand_bundle", "user_access_brand_identifier"} {
		if doc[member] == nil {
			t.Errorf("the document lacks %s", member)
		}
	}
	if doc["issuer"] != b.issuer || doc["management_endpoint"] != b.issuer+"/account/apps" || p.header.Get("Content-Type") != "application/json" ||
		p.header.Get("Access-Control-Allow-Origin") != "*" || p.header.Get("Cache-Control") != "public, max-age=3600" {
		t.Errorf("%v\n%v", doc, p.header)
	}
	ask := func(method, path string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, b.issuer+path, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer := httptest.NewRecorder()
		other.engine.ServeHTTP(answer, r)
		return answer
	}
	if a := ask("GET", at); a.Code != 200 || a.Body.String() != p.body {
		t.Errorf("another instance, which has not heard of the server: %d %s", a.Code, a.Body)
	}
	if a := ask("GET", at, "If-None-Match", p.header.Get("ETag"), "Accept", "text/html"); a.Code != http.StatusNotModified {
		t.Errorf("with its ETag: %d", a.Code)
	}
	if a := ask("OPTIONS", at, "Origin", "https://app.example", "Access-Control-Request-Method", "GET"); a.Code != 204 || a.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d %v", a.Code, a.Header())
	}
	common := w.get("/.well-known/smart-configuration")
	if common.body == p.body || strings.Contains(common.body, "user_access_brand") {
		t.Errorf("what all have in common: %s", common.body)
	}
	for name, path := range map[string]string{"unknown": "/fhir/nothing/.well-known/smart-configuration", "none": "/fhir/.well-known/smart-configuration", "beside it": "/fhir/records/metadata"} {
		a := ask("GET", path)
		if a.Code != 404 || !strings.HasPrefix(a.Header().Get("Content-Type"), "application/json") || a.Header().Get("Access-Control-Allow-Origin") != "*" || a.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", name, a.Code, a.Header(), a.Body)
		}
	}
	before := b.trips.Total()
	for range 50 {
		w.get(at)
	}
	if trips := b.trips.Total() - before; trips != 0 {
		t.Errorf("50 requests took %d round trips", trips)
	}
	must(t, b.clients.Disable(t.Context(), id, ""))
	if p := w.get(at); p.status != 404 {
		t.Errorf("of a disabled server: %d", p.status)
	}
}

// TestFHIRServerRegistration are the rules of a FHIR server's registration; each case is refused.
func TestFHIRServerRegistration(t *testing.T) {
	b := newBench(t, 4)
	first, _ := b.fhirServer("records", nil)
	for name, test := range map[string]struct {
		member string
		change func(*provider.Metadata)
	}{
		"a name that is taken":        {"fhir_server", func(m *provider.Metadata) { m.FHIRServer = "records" }},
		"capitals":                    {"fhir_server", func(m *provider.Metadata) { m.FHIRServer = "Records" }},
		"a slash":                     {"fhir_server", func(m *provider.Metadata) { m.FHIRServer = "a/b" }},
		"a dash at the end":           {"fhir_server", func(m *provider.Metadata) { m.FHIRServer = "a-" }},
		"too long":                    {"fhir_server", func(m *provider.Metadata) { m.FHIRServer = strings.Repeat("a", 41) }},
		"no address":                  {"resource_server", func(m *provider.Metadata) { m.ResourceServer = nil }},
		"an address that is a name":   {"resource_server", func(m *provider.Metadata) { m.ResourceServer = []string{"urn:fhir"} }},
		"an address with a query":     {"resource_server", func(m *provider.Metadata) { m.ResourceServer = []string{"https://fhir.example/?a=b"} }},
		"another profile":             {"fhir_server", func(m *provider.Metadata) { m.Profile, m.RedirectURIs = provider.ProfileOwn, []string{callback} }},
		"style without a server":      {"fhir_server", func(m *provider.Metadata) { m.FHIRServer, m.SmartStyleURL = "", "https://fhir.example/style" }},
		"style over http":             {"smart_style_url", func(m *provider.Metadata) { m.SmartStyleURL = "http://fhir.example/style" }},
		"an identifier without value": {"user_access_brand_identifier", func(m *provider.Metadata) { m.BrandIdentifier = &provider.BrandIdentifier{} }},
	} {
		m := provider.Metadata{ClientName: "Otro", Profile: provider.ProfileService, ResourceServer: []string{"https://other.example/r4"}}
		m.FHIRServer = "other"
		test.change(&m)
		if _, _, err := b.clients.Create(t.Context(), "", m); err == nil || !strings.HasPrefix(err.Error(), test.member+":") {
			t.Errorf("%s: %v, want %s", name, err, test.member)
		}
	}
	second, _ := b.fhirServer("other", nil)
	again := provider.Metadata{ClientName: "Otro", Profile: provider.ProfileService, ResourceServer: []string{fhir}}
	again.FHIRServer = "records"
	if _, err := b.clients.Update(t.Context(), second, again); err == nil || !strings.HasPrefix(err.Error(), "fhir_server:") {
		t.Errorf("renamed to a taken name: %v", err)
	}
	if _, err := b.clients.Update(t.Context(), first, again); err != nil {
		t.Errorf("its own name: %v", err)
	}
	if _, err := b.clients.Import(t.Context(), []provider.Registration{{ClientID: "third", Metadata: again}}); err == nil {
		t.Error("an import took a taken name")
	}
	var ids []string
	for _, client := range b.clients.List() {
		if client.Metadata.FHIRServer == "records" {
			ids = append(ids, client.ID)
		}
	}
	if !slices.Equal(ids, []string{first}) {
		t.Errorf("the name belongs to %v", ids)
	}
	status, _, got := b.registration("POST", b.issuer+provider.RegistrationPath, "initial-token", `{"redirect_uris":["https://app.example/cb"],"fhir_server":"mine","smart_style_url":"https://app.example/style"}`)
	if status != 201 || got["fhir_server"] != nil || got["smart_style_url"] != nil {
		t.Errorf("an app that registers itself: %d %v", status, got)
	}
}
