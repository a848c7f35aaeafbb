package main

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func (k *smartKit) introspection(t *testing.T) {
	t.Parallel()
	app := k.app(t, "symmetric", kitScope+" launch")
	scope := kitScope + " launch"
	made := app.handle(t, url.Values{"encounter": {"visit-1"}})
	tokens := app.launch(t, url.Values{"scope": {scope}, "launch": {made.text("launch")}})
	active := k.server.post(t, "/introspect", url.Values{"token": {tokens.text("access_token")}})
	t.Run("request_active", func(t *testing.T) { k.wantStatus(t, "introspection", active, 200) })
	t.Run("response_active", func(t *testing.T) {
		expiry, _ := active.body["exp"].(float64)
		if active.body["active"] != true || active.text("client_id") != app.id || !sameWords(active.text("scope"), tokens.text("scope")) || int64(expiry) <= time.Now().Unix() ||
			active.text("patient") != k.member.String() || active.text("encounter") != "visit-1" || active.text("iss") != kitIssuer || active.text("sub") == "" ||
			active.text("fhirUser") != kitFHIR+"/Patient/"+k.member.String() {
			t.Errorf("%v", active.body)
		}
	})
	invalid := k.server.post(t, "/introspect", url.Values{"token": {"invalid_token_value"}})
	t.Run("request_invalid", func(t *testing.T) { k.wantStatus(t, "introspection", invalid, 200) })
	t.Run("response_invalid", func(t *testing.T) {
		if invalid.body["active"] != false || len(invalid.body) != 1 {
			t.Errorf("%v", invalid.body)
		}
	})
	t.Run("request_unauthorized", func(t *testing.T) {
		anybody := k.send(t, http.MethodPost, kitIssuer+"/introspect", url.Values{"token": {tokens.text("access_token")}})
		k.wantStatus(t, "without authentication", anybody, 401)
	})
	t.Run("token_of_another_server", func(t *testing.T) {
		other := k.register(t, map[string]any{"client_name": "Other", "profile": "service", "resource_server": []string{"https://other.example/r4"}})
		foreign := other.post(t, "/introspect", url.Values{"token": {tokens.text("access_token")}})
		if foreign.body["active"] != false || len(foreign.body) != 1 {
			t.Errorf("%v", foreign.body)
		}
	})
}

func (k *smartKit) backendServices(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.SignatureAlgorithm{jose.RS384, jose.ES384} {
		t.Run(string(alg), func(t *testing.T) {
			key := newKey(t, alg)
			app := k.register(t, map[string]any{"client_name": "Bulk", "profile": "service", "audience": []string{kitFHIR}, "scope": "system/*.rs",
				"token_endpoint_auth_method": "private_key_jwt", "jwks": keySet(key)})
			app.alg, app.key = alg, key
			ask := func(change url.Values) reply {
				return app.token(t, url.Values{"grant_type": {"client_credentials"}, "scope": {"system/Patient.rs system/Observation.rs"}}, change)
			}
			t.Run("invalid_grant_type", func(t *testing.T) {
				k.wantStatus(t, "grant_type", ask(url.Values{"grant_type": {"not_a_grant_type"}}), 400)
			})
			t.Run("invalid_client_assertion", func(t *testing.T) {
				k.wantStatus(t, "client_assertion_type", ask(url.Values{"client_assertion_type": {"not_an_assertion_type"}}), 400, 401)
			})
			t.Run("invalid_jwt", func(t *testing.T) {
				k.wantStatus(t, "no JWT", ask(url.Values{"client_assertion": {"not_a_jwt"}}), 400, 401)
				k.wantStatus(t, "another key", ask(url.Values{"client_assertion": {app.assertion(t, newKey(t, alg), nil)}}), 401)
				k.wantStatus(t, "another iss", ask(url.Values{"client_assertion": {app.assertion(t, key, map[string]any{"iss": "not_a_client"})}}), 401)
				k.wantStatus(t, "too long", ask(url.Values{"client_assertion": {app.assertion(t, key, map[string]any{"exp": time.Now().Add(10 * time.Minute).Unix()})}}), 401)
			})
			got := ask(nil)
			t.Run("auth_request_success", func(t *testing.T) { k.wantStatus(t, "tokens", got, 200) })
			t.Run("auth_response_body", func(t *testing.T) {
				if got.text("access_token") == "" || got.text("token_type") != "Bearer" && got.text("token_type") != "bearer" || got.body["expires_in"] != 300.0 || !slices.Contains(got.scopes(), "system/Patient.rs") {
					t.Errorf("%v", got.body)
				}
			})
			t.Run("data", func(t *testing.T) {
				everyone := k.read(t, got.text("access_token"), "/Patient")
				k.wantStatus(t, "search", everyone, 200)
				if everyone.body["total"] != 2.0 {
					t.Errorf("%v", everyone.body)
				}
				k.wantStatus(t, "another type", k.read(t, got.text("access_token"), "/Coverage"), 403)
			})
		})
	}
}

func (k *smartKit) singlePatient(t *testing.T) {
	t.Parallel()
	for version, scope := range map[string]string{
		"v1": "openid fhirUser launch/patient offline_access patient/Patient.read patient/Coverage.read patient/ExplanationOfBenefit.read patient/Observation.read patient/RelatedPerson.read",
		"v2": "openid fhirUser launch/patient offline_access patient/*.rs"} {
		t.Run("scopes_"+version, func(t *testing.T) {
			app := k.app(t, "symmetric", scope)
			app.posts = version == "v2"
			tokens := app.launch(t, url.Values{"scope": {scope}})
			token, patient := tokens.text("access_token"), k.member.String()
			t.Run("patient_context", func(t *testing.T) {
				k.wantStatus(t, "patient", k.read(t, token, "/Patient/"+tokens.text("patient")), 200)
			})
			t.Run("unauthorized_access", func(t *testing.T) {
				none := k.send(t, http.MethodGet, kitFHIR+"/Patient/"+patient, nil)
				k.wantStatus(t, "no token", none, 401)
				if none.header.Get("WWW-Authenticate") == "" || none.text("resourceType") != "OperationOutcome" {
					t.Errorf("%v %s", none.header, none.raw)
				}
			})
			t.Run("unrestricted_access", func(t *testing.T) {
				for _, kind := range []string{"Coverage", "ExplanationOfBenefit", "Observation", "RelatedPerson"} {
					found := k.read(t, token, "/"+kind+"?patient="+patient)
					k.wantStatus(t, kind, found, 200)
					for _, one := range entries(found) {
						k.wantStatus(t, kind, k.read(t, token, "/"+kind+"/"+one["id"].(string)), 200)
					}
				}
			})
			t.Run("another_patient", func(t *testing.T) {
				k.wantStatus(t, "read", k.read(t, token, "/Patient/"+k.other.String()), 403)
				k.wantStatus(t, "search", k.read(t, token, "/Observation?patient="+k.other.String()), 403)
			})
		})
	}
}

// entries are the resources of a Bundle.
func entries(bundle reply) (all []map[string]any) {
	list, _ := bundle.body["entry"].([]any)
	for _, one := range list {
		all = append(all, one.(map[string]any)["resource"].(map[string]any))
	}
	return all
}

// limitedApp: the member unticks kinds of data.
func (k *smartKit) limitedApp(t *testing.T) {
	t.Parallel()
	app := k.app(t, "symmetric", kitScope)
	tokens := app.launch(t, url.Values{"scope": {kitScope}}, "group_patient_claims", "group_patient_results")
	t.Run("limited_scope_grant", func(t *testing.T) {
		if !slices.Contains(tokens.scopes(), "patient/Coverage.rs") || slices.Contains(tokens.scopes(), "patient/Observation.rs") || slices.Contains(tokens.scopes(), "patient/ExplanationOfBenefit.rs") {
			t.Errorf("granted %v", tokens.scopes())
		}
	})
	t.Run("restricted_access", func(t *testing.T) {
		for path, want := range map[string]int{"/Patient/" + k.member.String(): 200, "/Coverage": 200, "/Observation": 403, "/ExplanationOfBenefit": 403, "/RelatedPerson": 403} {
			k.wantStatus(t, path, k.read(t, tokens.text("access_token"), path), want)
		}
	})
}
