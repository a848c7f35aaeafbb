package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// granularScopes: scopes on a category of observations filter reads and searches.
func (k *smartKit) granularScopes(t *testing.T) {
	t.Parallel()
	for name, categories := range map[string][2]string{"granular_scopes_1": {"laboratory", "survey"}, "granular_scopes_2": {"vital-signs", "social-history"}} {
		t.Run(name, func(t *testing.T) {
			scope := "openid fhirUser launch/patient offline_access patient/Patient.rs patient/Observation.rs?" + categoryOf + categories[0] + " patient/Observation.rs?" + categoryOf + categories[1]
			app := k.app(t, "symmetric", scope)
			tokens := app.launch(t, url.Values{"scope": {scope}})
			t.Run("granted_scopes", func(t *testing.T) {
				if !sameWords(tokens.text("scope"), scope) {
					t.Errorf("granted %v", tokens.scopes())
				}
			})
			all := k.app(t, "symmetric", kitScope)
			whole := all.launch(t, url.Values{"scope": {kitScope}})
			everything := entries(k.read(t, whole.text("access_token"), "/Observation"))
			of := func(o map[string]any) string {
				return o["category"].([]any)[0].(map[string]any)["coding"].([]any)[0].(map[string]any)["code"].(string)
			}
			t.Run("granular_read", func(t *testing.T) {
				for _, one := range everything {
					want := http.StatusNotFound
					if of(one) == categories[0] || of(one) == categories[1] {
						want = http.StatusOK
					}
					k.wantStatus(t, of(one), k.read(t, tokens.text("access_token"), "/Observation/"+one["id"].(string)), want)
				}
			})
			t.Run("granular_search", func(t *testing.T) {
				found := entries(k.read(t, tokens.text("access_token"), "/Observation?patient="+k.member.String()))
				if len(found) == 0 || len(found) >= len(everything) {
					t.Errorf("%d of %d", len(found), len(everything))
				}
				for _, one := range found {
					if of(one) != categories[0] && of(one) != categories[1] {
						t.Errorf("%s was returned", of(one))
					}
				}
				if found := entries(k.read(t, tokens.text("access_token"), "/Observation?category=exam")); len(found) != 0 {
					t.Errorf("exam: %v", found)
				}
			})
			t.Run("granular_refresh", func(t *testing.T) {
				again := app.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.text("refresh_token")}}, nil)
				if k.wantStatus(t, "refresh", again, 200); !sameWords(again.text("scope"), scope) {
					t.Errorf("granted %v", again.scopes())
				}
				wider := app.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {again.text("refresh_token")}}, url.Values{"scope": {"patient/Observation.rs"}})
				if k.wantStatus(t, "more than granted", wider, 400); wider.text("error") != "invalid_scope" {
					t.Errorf("%v", wider.body)
				}
			})
		})
	}
}

// refused are launches and token requests that must fail.
func (k *smartKit) refused(t *testing.T) {
	t.Parallel()
	app := k.app(t, "symmetric", kitScope+" launch")
	wantError := func(t *testing.T, back url.Values, code string) {
		t.Helper()
		if back.Get("error") != code || back.Has("code") || back.Get("state") != "state" || back.Get("error_description") == "" {
			t.Errorf("called back with %v, want %s", back, code)
		}
	}
	t.Run("invalid_aud", func(t *testing.T) {
		back, _ := app.authorize(t, url.Values{"scope": {kitScope}, "aud": {"https://not-this-server.example/r4"}})
		wantError(t, back, "invalid_request")
	})
	t.Run("invalid_launch", func(t *testing.T) {
		back, _ := app.authorize(t, url.Values{"scope": {"openid launch patient/Patient.rs"}, "launch": {"not_a_launch"}})
		wantError(t, back, "invalid_request")
	})
	t.Run("scopes", func(t *testing.T) {
		for _, scope := range []string{"openid patient/Observation.cruds", "openid patient/Condition.rs", "openid patient/*.rs"} {
			back, _ := app.authorize(t, url.Values{"scope": {scope}})
			wantError(t, back, "invalid_scope")
		}
	})
	// each takes a code of its own, which the mistake ends
	for name, change := range map[string]url.Values{
		"invalid_token_request_code":         {"code": {"bad_code"}},
		"invalid_token_request_redirect_uri": {"redirect_uri": {kitOrigin + "/other"}},
		"no_code_verifier":                   {"code_verifier": nil},
		"blank_code_verifier":                {"code_verifier": {""}},
		"bad_code_verifier":                  {"code_verifier": {"5d4c1b1c-6a5f-4b39-9c6e-0a6f0f5a2c11-5d4c1b1c-6a5f-4b39"}},
		"plain_code_verifier":                {"code_verifier": {"the challenge"}},
	} {
		t.Run(name, func(t *testing.T) {
			back, verifier := app.authorize(t, url.Values{"scope": {kitScope}})
			if name == "plain_code_verifier" {
				change = url.Values{"code_verifier": {oauth2.S256ChallengeFromVerifier(verifier)}}
			}
			k.wantStatus(t, name, app.redeem(t, back.Get("code"), verifier, change), 400, 401)
		})
	}
	t.Run("invalid_token_request_client", func(t *testing.T) {
		back, verifier := app.authorize(t, url.Values{"scope": {kitScope}})
		wrong := app
		wrong.secret = "not_the_secret"
		k.wantStatus(t, "secret", wrong.redeem(t, back.Get("code"), verifier, nil), 401)
		wrong.id = "not_a_client"
		k.wantStatus(t, "client_id", wrong.redeem(t, back.Get("code"), verifier, nil), 401)
	})
	t.Run("code_twice", func(t *testing.T) {
		back, verifier := app.authorize(t, url.Values{"scope": {kitScope}})
		k.wantStatus(t, "once", app.redeem(t, back.Get("code"), verifier, nil), 200)
		k.wantStatus(t, "twice", app.redeem(t, back.Get("code"), verifier, nil), 400)
	})
	t.Run("invalid_token_refresh", func(t *testing.T) {
		k.wantStatus(t, "refresh", app.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"not_a_refresh_token"}}, nil), 400, 401)
	})
	t.Run("token_of_another_resource", func(t *testing.T) {
		plain := k.register(t, map[string]any{"client_name": "App", "redirect_uris": []string{kitReturn}, "scope": "openid profile offline_access"})
		tokens := plain.launch(t, url.Values{"scope": {"openid profile"}, "aud": nil})
		k.wantStatus(t, "an access token for userinfo", k.read(t, tokens.text("access_token"), "/Patient/"+k.member.String()), 401)
		k.wantStatus(t, "an ID token", k.read(t, tokens.text("id_token"), "/Patient/"+k.member.String()), 401)
	})
}

// revoked: what the app or the member ends stops within 60 seconds at the FHIR server, at once at the provider. It moves
// the FHIR server's clock, so it is not parallel to others.
func (k *smartKit) revoked(t *testing.T) {
	defer k.ahead.Store(0)
	app := k.app(t, "symmetric", kitScope, func(m map[string]any) { m["signals_delivery"] = "urn:ietf:rfc:8936" })
	for name, end := range map[string]func(*testing.T, reply){
		"by_the_app": func(t *testing.T, tokens reply) {
			k.wantStatus(t, "revocation", app.post(t, "/revoke", url.Values{"token": {tokens.text("refresh_token")}}), 200)
		},
		"by_the_member": func(t *testing.T, _ reply) {
			must(t, app.browser.Get(t.Context(), "/account/apps"))
			link := regexp.MustCompile(`href="(/account/apps/[0-9a-f-]{36}/stop)">[^<]*` + app.name).FindStringSubmatch(app.browser.Body)
			if link == nil {
				t.Fatalf("the app is not listed:\n%s", app.browser.Body)
			}
			must(t, app.browser.Get(t.Context(), link[1]))
			must(t, app.browser.Submit(t.Context(), nil))
			must(t, app.browser.Get(t.Context(), "/account/apps"))
			if strings.Contains(app.browser.Body, link[1]) {
				t.Error("a stopped app is still listed")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := app.launch(t, url.Values{"scope": {kitScope}})
			path := "/Patient/" + k.member.String()
			k.wantStatus(t, "before", k.read(t, tokens.text("access_token"), path), 200)
			began := time.Now()
			end(t, tokens)
			if told := app.heard(t); name == "by_the_member" && told != 1 {
				t.Errorf("the app was told %d times", told)
			}
			if got := k.server.post(t, "/introspect", url.Values{"token": {tokens.text("access_token")}}); got.body["active"] != false {
				t.Errorf("introspection: %v", got.body)
			}
			k.wantStatus(t, "refresh", app.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.text("refresh_token")}}, nil), 400)
			t.Logf("true in the list of apps, the app's signals, introspection and refresh after %v", time.Since(began))
			k.ahead.Add(int64(time.Minute))
			k.wantStatus(t, "after 60 s", k.read(t, tokens.text("access_token"), path), 401)
		})
	}
}
