package fhirdemo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTokens: each kind of wrong token is 401, whatever introspection says about it.
func TestTokens(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const scope = "patient/Patient.r"
	good := p.claims(scope, nil)
	signed := func(change map[string]any) string {
		return p.jwt("at+jwt", "one", p.key, p.claims(scope, change), good)
	}
	path := "/Patient/" + ana.ID.String()
	for name, token := range map[string]string{
		"an opaque one": p.opaque(scope, nil), "a JWT": signed(nil),
		"a JWT of several audiences": signed(map[string]any{"aud": []string{"https://other.example", base}}),
	} {
		if w, body := p.ask("GET", path, token); w.Code != 200 || body["id"] != ana.ID.String() {
			t.Errorf("%s: %d %v", name, w.Code, body)
		}
	}
	for name, token := range map[string]string{
		"unknown": "nothing", "revoked": p.opaque(scope, map[string]any{"active": false}), "for another server": p.opaque(scope, map[string]any{"aud": "https://other.example"}),
		"expired": p.opaque(scope, map[string]any{"exp": p.now.Unix()}), "bound to a key": p.opaque(scope, map[string]any{"cnf": map[string]any{"jkt": "x"}}),
		"a JWT for another server": signed(map[string]any{"aud": "https://other.example"}), "an expired JWT": signed(map[string]any{"exp": p.now.Add(-time.Second).Unix()}),
		"a JWT without exp": signed(map[string]any{"exp": nil}), "a JWT of another issuer": signed(map[string]any{"iss": "https://other.example"}),
		"an ID token": p.jwt("JWT", "one", p.key, good, good), "a JWT of an unknown key": p.jwt("at+jwt", "two", p.key, good, good),
		"a JWT signed by another": p.jwt("at+jwt", "one", foreign, good, good), "a JWT with a shared key": p.jwt("at+jwt", "one", []byte(strings.Repeat("k", 32)), good, good),
		"a revoked JWT": p.jwt("at+jwt", "one", p.key, p.claims(scope, map[string]any{"jti": "2"}), nil), "two dots": "a.b.c",
	} {
		w, body := p.ask("GET", path, token)
		if w.Code != http.StatusUnauthorized || body["resourceType"] != "OperationOutcome" || !strings.Contains(w.Header().Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: %d %v %v", name, w.Code, w.Header(), body)
		}
	}
	if w, body := p.ask("GET", path, ""); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != `Bearer realm="fhir"` || body["resourceType"] != "OperationOutcome" {
		t.Errorf("no token: %d %v", w.Code, w.Header())
	}
}

// TestRevokedToken: a token that was revoked is refused after half a minute, a JWT too, and nothing is read while the
// provider is unreachable.
func TestRevokedToken(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	claims := p.claims("patient/Coverage.s", nil)
	for _, token := range []string{p.opaque("patient/Coverage.s", nil), p.jwt("at+jwt", "one", p.key, claims, claims)} {
		before := p.asked
		for range 3 {
			if w, _ := p.ask("GET", "/Coverage", token); w.Code != 200 {
				t.Fatalf("%d", w.Code)
			}
		}
		if p.asked != before+1 {
			t.Errorf("three requests asked %d times", p.asked-before)
		}
		delete(p.tokens, token)
		p.now = p.now.Add(answerAge)
		if w, _ := p.ask("GET", "/Coverage", token); w.Code != 401 {
			t.Errorf("after %v: %d", answerAge, w.Code)
		}
	}
	p.down = true
	if w, body := p.ask("GET", "/Coverage", p.opaque("patient/Coverage.s", nil)); w.Code != 503 || w.Header().Get("Retry-After") == "" || body["resourceType"] != "OperationOutcome" {
		t.Errorf("without the provider: %d %v", w.Code, body)
	}
}

// TestScopes: what each scope lets an app read and search, in both versions.
func TestScopes(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	const category = "?category=http://terminology.hl7.org/CodeSystem/observation-category|"
	lab, weight := ana.resourceID("Observation", 0), ana.resourceID("Observation", 2)
	for _, test := range []struct {
		scope, path string
		status      int
		found       int // of a search
	}{
		{"patient/Observation.rs", "/Observation", 200, 6},
		{"patient/Observation.read", "/Observation", 200, 6},
		{"patient/*.rs", "/Observation", 200, 6},
		{"patient/*.*", "/Observation", 200, 6},
		{"patient/Observation.s", "/Observation", 200, 6},
		{"patient/Observation.s", "/Observation/" + lab, 403, 0},
		{"patient/Observation.r", "/Observation/" + lab, 200, 0},
		{"patient/Observation.r", "/Observation", 403, 0},
		{"patient/Observation.write", "/Observation", 403, 0},
		{"patient/Observation.cud", "/Observation/" + lab, 403, 0},
		{"patient/Coverage.rs", "/Observation", 403, 0},
		{"user/Observation.rs system/Observation.rs", "/Observation", 403, 0},
		{"patient/Observation.rs" + category + "laboratory", "/Observation", 200, 2},
		{"patient/Observation.rs" + category + "laboratory", "/Observation" + category + "laboratory", 200, 2},
		{"patient/Observation.rs" + category + "laboratory", "/Observation" + category + "vital-signs", 200, 0},
		{"patient/Observation.rs" + category + "laboratory", "/Observation/" + lab, 200, 0},
		{"patient/Observation.rs" + category + "laboratory", "/Observation/" + weight, 404, 0},
		{"patient/Observation.rs" + category + "laboratory patient/Observation.s?code=29463-7", "/Observation", 200, 3},
		{"patient/Observation.rs" + category + "laboratory patient/Observation.r" + category + "vital-signs", "/Observation", 200, 2},
		{"patient/Observation.rs?unknown=x", "/Observation", 200, 0},
		{"patient/Observation.rs" + category + "laboratory&code=4548-4", "/Observation", 200, 1},
		{"patient/Observation.rs", "/Observation?category=laboratory,survey&unknown=x", 200, 3},
		{"patient/Observation.rs", "/Observation?patient=" + ana.ID.String(), 200, 6},
		{"patient/Observation.rs", "/Observation?patient=Patient/" + luis.ID.String(), 403, 0},
		{"patient/Observation.rs", "/Observation?patient=nobody", 403, 0},
		{"patient/Observation.rs", "/Observation/" + luis.resourceID("Observation", 0), 404, 0},
		{"patient/Observation.rs", "/Observation/nothing", 404, 0},
		{"patient/Patient.rs", "/Patient", 200, 1},
		{"patient/Patient.rs", "/Patient/" + luis.ID.String(), 403, 0},
		{"patient/Patient.rs", "/Patient/nobody", 403, 0},
		{"patient/Patient.rs", "/Patient?_id=" + luis.ID.String(), 403, 0},
		{"patient/*.rs", "/Coverage", 200, 1},
		{"patient/*.rs", "/ExplanationOfBenefit", 200, 2},
		{"patient/*.rs", "/RelatedPerson", 200, 0},
		{"patient/*.rs", "/Condition", 404, 0},
		{"launch/patient openid", "/Patient/" + ana.ID.String(), 403, 0},
	} {
		w, body := p.ask("GET", test.path, p.opaque(test.scope, nil))
		name := fmt.Sprintf("%s with %s", test.path, test.scope)
		if w.Code != test.status || w.Code != 200 && body["resourceType"] != "OperationOutcome" {
			t.Errorf("%s: %d %v, want %d", name, w.Code, body, test.status)
		}
		if body["resourceType"] == "Bundle" && len(body["entry"].([]any)) != test.found {
			t.Errorf("%s: %d found, want %d", name, len(body["entry"].([]any)), test.found)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); w.Code == 403 && body["issue"].([]any)[0].(map[string]any)["diagnostics"] != "The access token is for another patient." && !strings.Contains(challenge, "insufficient_scope") {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
}

// TestService: a token without a patient reads everyone by system scopes alone.
func TestService(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	service := map[string]any{"patient": nil}
	for path, found := range map[string]int{"/Patient": 2, "/Observation": 12, "/Observation?patient=" + luis.ID.String(): 6, "/RelatedPerson": 1, "/Patient?_id=" + luis.ID.String(): 1} {
		if w, body := p.ask("GET", path, p.opaque("system/*.rs", service)); w.Code != 200 || len(body["entry"].([]any)) != found {
			t.Errorf("%s: %d %v", path, w.Code, body)
		}
	}
	if w, body := p.ask("GET", "/Patient/"+luis.ID.String(), p.opaque("system/Patient.r", service)); w.Code != 200 || body["birthDate"] != luis.BirthDate {
		t.Errorf("%d %v", w.Code, body)
	}
	if w, _ := p.ask("GET", "/Patient", p.opaque("patient/*.rs", service)); w.Code != 403 {
		t.Errorf("patient scopes without a patient: %d", w.Code)
	}
	if _, body := p.ask("GET", "/Coverage?patient="+luis.ID.String(), p.opaque("system/Coverage.s", service)); body["entry"].([]any)[0].(map[string]any)["resource"].(map[string]any)["status"] != "cancelled" {
		t.Errorf("coverage that has ended: %v", body)
	}
}

// TestOpenAddresses: metadata and the SMART configuration need no token, and every answer is for any origin.
func TestOpenAddresses(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	w, statement := p.ask("GET", "/metadata", "")
	if w.Code != 200 || statement["fhirVersion"] != "4.0.1" || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/fhir+json") {
		t.Errorf("%d %v %v", w.Code, w.Header(), statement)
	}
	for _, want := range []string{`"SMART-on-FHIR"`, `"http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"`, p.URL + "/authorize", p.URL + "/token"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("metadata lacks %s: %s", want, w.Body)
		}
	}
	w, document := p.ask("GET", "/.well-known/smart-configuration", "")
	if w.Code != 200 || document["issuer"] != p.URL || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %v %v", w.Code, w.Header(), document)
	}
	w, _ = p.ask("OPTIONS", "/Observation", "")
	if w.Code != 204 || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	w, _ = p.ask("POST", "/Observation", p.opaque("patient/*.cruds", nil))
	if w.Code != 405 || w.Header().Get("Allow") != "GET, OPTIONS" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/metadata", "/.well-known/smart-configuration", "/Observation", "/nothing"} {
		if w, _ := p.ask("GET", path, ""); w.Header().Get("Access-Control-Allow-Origin") != "*" || !slices.Contains(w.Header().Values("Cache-Control"), "no-store") {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
	p.down, p.now = true, p.now.Add(configurationAge)
	if w, _ := p.ask("GET", "/metadata", ""); w.Code != 503 {
		t.Errorf("without the provider: %d", w.Code)
	}
}
