package main

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
)

var consentBox = regexp.MustCompile(`<input id="(group_\w+)"`)

const (
	categoryOf = "category=http://terminology.hl7.org/CodeSystem/observation-category|"
	kitScope   = "openid fhirUser offline_access launch/patient patient/Patient.rs patient/Coverage.rs patient/ExplanationOfBenefit.rs patient/Observation.rs"
)

func (k *smartKit) discovery(t *testing.T) {
	configuration := k.send(t, http.MethodGet, kitFHIR+"/.well-known/smart-configuration", nil, "Origin", kitOrigin)
	list := func(name string) (words []string) {
		all, _ := configuration.body[name].([]any)
		for _, one := range all {
			word, ok := one.(string)
			if !ok {
				t.Errorf("%s has %v, which is not a string", name, one)
			}
			words = append(words, word)
		}
		return words
	}
	t.Run("well_known_endpoint", func(t *testing.T) {
		k.wantStatus(t, "configuration", configuration, 200)
		if !strings.HasPrefix(configuration.header.Get("Content-Type"), "application/json") {
			t.Errorf("%v", configuration.header)
		}
	})
	t.Run("well_known_capabilities", func(t *testing.T) {
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "issuer", "jwks_uri", "introspection_endpoint", "revocation_endpoint", "management_endpoint"} {
			if !strings.HasPrefix(configuration.text(name), kitIssuer) {
				t.Errorf("%s is %v", name, configuration.body[name])
			}
		}
		if !slices.Contains(list("grant_types_supported"), "authorization_code") || !cmp.Equal(list("code_challenge_methods_supported"), []string{"S256"}) {
			t.Errorf("%v", configuration.body)
		}
		for _, capability := range []string{"launch-standalone", "launch-ehr", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric", "sso-openid-connect",
			"context-standalone-patient", "context-ehr-patient", "context-ehr-encounter", "context-banner", "context-style", "permission-offline", "permission-patient", "permission-v1", "permission-v2", "authorize-post"} {
			if !slices.Contains(list("capabilities"), capability) {
				t.Errorf("capabilities lack %s", capability)
			}
		}
	})
	t.Run("cors_well_known", func(t *testing.T) { wantOrigin(t, configuration) })
	t.Run("cors_metadata", func(t *testing.T) {
		metadata := k.send(t, http.MethodGet, kitFHIR+"/metadata", nil, "Origin", kitOrigin)
		k.wantStatus(t, "metadata", metadata, 200)
		wantOrigin(t, metadata)
	})
	t.Run("tls_authorize_and_token", func(t *testing.T) {
		for version, accepted := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
			conn, err := tls.Dial("tcp", k.at["idp.example:443"], &tls.Config{RootCAs: k.roots, ServerName: "idp.example", MinVersion: version, MaxVersion: version})
			if (err == nil) != accepted {
				t.Errorf("%s: %v", tls.VersionName(version), err)
			}
			if err == nil {
				conn.Close()
			}
		}
	})
}

func wantOrigin(t *testing.T, r reply) {
	t.Helper()
	if origin := r.header.Get("Access-Control-Allow-Origin"); origin != "*" && origin != kitOrigin {
		t.Errorf("Access-Control-Allow-Origin is %q", origin)
	}
}

func (k *smartKit) standalone(t *testing.T, kind string) {
	t.Parallel()
	app := k.app(t, kind, kitScope)
	back, verifier := app.authorize(t, url.Values{"scope": {kitScope}})
	t.Run("code_received", func(t *testing.T) { wantCode(t, back) })
	tokens := app.redeem(t, back.Get("code"), verifier, nil)
	k.tokenResponse(t, kind, tokens, kitScope)
	k.openID(t, app, tokens)
	k.refresh(t, app, tokens)
}

func wantCode(t *testing.T, back url.Values) {
	t.Helper()
	if back.Get("code") == "" || back.Get("state") != "state" || back.Has("error") || back.Get("iss") != kitIssuer {
		t.Errorf("called back with %v", back)
	}
}

// tokenResponse is what both launches check of the answer to a code.
func (k *smartKit) tokenResponse(t *testing.T, kind string, tokens reply, scope string) {
	t.Run("token_exchange", func(t *testing.T) { k.wantStatus(t, "tokens", tokens, 200) })
	t.Run("token_response_body", func(t *testing.T) {
		seconds, _ := tokens.body["expires_in"].(float64)
		if tokens.text("access_token") == "" || !strings.EqualFold(tokens.text("token_type"), "bearer") || seconds <= 0 || seconds > 3600 || tokens.text("refresh_token") == "" ||
			!sameWords(tokens.text("scope"), scope) || tokens.text("patient") != k.member.String() {
			t.Errorf("%v", tokens.body)
		}
	})
	t.Run("token_response_headers", func(t *testing.T) { wantNotStored(t, tokens) })
	t.Run("cors_token_exchange", func(t *testing.T) {
		if kind == "public" {
			wantOrigin(t, tokens)
		}
	})
}

func sameWords(a, b string) bool {
	one, two := strings.Fields(a), strings.Fields(b)
	slices.Sort(one)
	slices.Sort(two)
	return slices.Equal(one, two)
}

func wantNotStored(t *testing.T, r reply) {
	t.Helper()
	if !strings.Contains(r.header.Get("Cache-Control"), "no-store") || !strings.Contains(r.header.Get("Pragma"), "no-cache") {
		t.Errorf("Cache-Control %q, Pragma %q", r.header.Get("Cache-Control"), r.header.Get("Pragma"))
	}
}

// openID are the checks of the ID token.
func (k *smartKit) openID(t *testing.T, app smartApp, tokens reply) {
	configuration := k.send(t, http.MethodGet, kitIssuer+"/.well-known/openid-configuration", nil)
	t.Run("openid_retrieve_configuration", func(t *testing.T) { k.wantStatus(t, "configuration", configuration, 200) })
	t.Run("openid_required_configuration_fields", func(t *testing.T) {
		for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"} {
			if configuration.body[name] == nil {
				t.Errorf("it lacks %s", name)
			}
		}
		if algs, _ := configuration.body["id_token_signing_alg_values_supported"].([]any); !slices.Contains(algs, any("RS256")) {
			t.Errorf("algorithms %v", algs)
		}
	})
	answer := k.send(t, http.MethodGet, configuration.text("jwks_uri"), nil)
	var keys jose.JSONWebKeySet
	t.Run("openid_retrieve_jwks", func(t *testing.T) {
		k.wantStatus(t, "keys", answer, 200)
		must(t, json.Unmarshal([]byte(answer.raw), &keys))
	})
	var claims struct {
		jwt.Claims
		FHIRUser string `json:"fhirUser"`
		Nonce    string `json:"nonce"`
	}
	t.Run("openid_token_header", func(t *testing.T) {
		parsed, err := jwt.ParseSigned(tokens.text("id_token"), []jose.SignatureAlgorithm{jose.RS256})
		must(t, err)
		found := keys.Key(parsed.Headers[0].KeyID)
		if len(found) != 1 {
			t.Fatalf("no key %q", parsed.Headers[0].KeyID)
		}
		must(t, parsed.Claims(found[0], &claims))
	})
	t.Run("openid_token_payload", func(t *testing.T) {
		must(t, claims.ValidateWithLeeway(jwt.Expected{Issuer: configuration.text("issuer"), AnyAudience: jwt.Audience{app.id}, Time: time.Now()}, 0))
		if claims.Subject == "" || len(claims.Subject) > 255 || claims.Expiry == nil || claims.IssuedAt == nil || claims.Nonce != "nonce" {
			t.Errorf("%+v", claims)
		}
	})
	t.Run("openid_fhir_user_claim", func(t *testing.T) {
		path, found := strings.CutPrefix(claims.FHIRUser, kitFHIR)
		if !found || path != "/Patient/"+k.member.String() {
			t.Fatalf("fhirUser is %q", claims.FHIRUser)
		}
		user := k.read(t, tokens.text("access_token"), path)
		k.wantStatus(t, "fhirUser", user, 200)
		if user.text("resourceType") != "Patient" {
			t.Errorf("%v", user.body)
		}
		wantOrigin(t, user) // cors_openid_fhir_user_claim
	})
}

// refresh are the checks of a refresh with and without scope, of which each uses the token of the one before.
func (k *smartKit) refresh(t *testing.T, app smartApp, tokens reply) {
	for name, scope := range map[string]url.Values{"refresh_without_scopes": nil, "refresh_with_scopes": {"scope": {tokens.text("scope")}}} {
		t.Run(name, func(t *testing.T) {
			again := app.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.text("refresh_token")}}, scope)
			k.wantStatus(t, "refresh", again, 200)
			if again.text("access_token") == "" || again.text("token_type") == "" || again.body["expires_in"] == nil || !sameWords(again.text("scope"), tokens.text("scope")) || again.text("patient") != k.member.String() {
				t.Errorf("%v", again.body)
			}
			wantNotStored(t, again)
			k.wantStatus(t, "the new token", k.read(t, again.text("access_token"), "/Patient/"+k.member.String()), 200)
			tokens.body["refresh_token"] = again.text("refresh_token")
		})
	}
}

func (k *smartKit) ehr(t *testing.T, kind string) {
	t.Parallel()
	scope := strings.Replace(kitScope, "launch/patient", "launch", 1)
	app := k.app(t, kind, scope)
	made := app.handle(t, url.Values{"encounter": {"visit-1"}, "intent": {"summary"}, "need_patient_banner": {"true"}, "fhirContext": {`[{"reference":"ImagingStudy/7"}]`}})
	t.Run("launch_received", func(t *testing.T) {
		k.wantStatus(t, "launch", made, 201)
		if made.text("launch") == "" || made.text("iss") != kitFHIR {
			t.Errorf("%v", made.body)
		}
	})
	back, verifier := app.authorize(t, url.Values{"scope": {scope}, "launch": {made.text("launch")}})
	t.Run("code_received", func(t *testing.T) { wantCode(t, back) })
	tokens := app.redeem(t, back.Get("code"), verifier, nil)
	k.tokenResponse(t, kind, tokens, scope)
	t.Run("launch_context", func(t *testing.T) {
		entries, _ := tokens.body["fhirContext"].([]any)
		if tokens.text("encounter") != "visit-1" || tokens.text("intent") != "summary" || tokens.body["need_patient_banner"] != true || tokens.text("smart_style_url") == "" || len(entries) != 1 {
			t.Errorf("%v", tokens.body)
		}
	})
	k.openID(t, app, tokens)
	k.refresh(t, app, tokens)
}
