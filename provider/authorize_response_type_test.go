package provider_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

// frontTypes are the response types of the Implicit and Hybrid plans (conformance 4).
var frontTypes = []string{"id_token", "id_token token", "code id_token", "code token", "code id_token token"}

func has(types, word string) bool { return slices.Contains(strings.Fields(types), word) }

// frontParty registers a client of one response type. Its consent is given.
func (b *bench) frontParty(types, mode, method string) (relyingParty, *browser) {
	b.t.Helper()
	rp := relyingParty{bench: b, mode: mode, method: method, types: types}
	rp.id, rp.secret = b.client(func(m *provider.Metadata) {
		m.Profile, m.ResponseTypes, m.TokenEndpointAuthMethod = provider.ProfileCertification, []string{types}, method
	})
	w := b.signedIn()
	rp.consent(w, w.get(rp.address(url.Values{"scope": {"openid profile email offline_access"}})))
	return rp, w
}

// consent allows everything and returns the answer.
func (rp relyingParty) consent(w *browser, p page) url.Values {
	rp.t.Helper()
	if p.url.Path != "/consent" {
		rp.t.Fatalf("led to %s (%d)\n%s", p.url, p.status, p.body)
	}
	return rp.answer(w.submit(p, url.Values{"act": {"accept"}, "duration": {"13m"}, "group_profile": {"yes"}, "group_email": {"yes"},
		"group_member": {"yes"}, "group_offline_access": {"yes"}}))
}

// TestImplicitAndHybridOP are the modules of conformance 4 for the response types that
// answer with tokens, in both modes.
func TestImplicitAndHybridOP(t *testing.T) {
	t.Parallel()
	for _, way := range []struct{ mode, method string }{{"", "client_secret_basic"}, {"form_post", "client_secret_post"}} {
		for _, types := range frontTypes {
			t.Run(strings.TrimSpace(way.mode+" "+types), func(t *testing.T) {
				t.Parallel()
				rp, w := certifying(t, 4).frontParty(types, way.mode, way.method)
				rp.frontModules(t, w)
				rp.frontPrompts(t, w)
				rp.frontRefusals(t, w)
			})
		}
	}
}

func half(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// holds judges an answer to all of conformance 3 and returns the ID token's claims of
// the front channel, nil without one.
func (rp relyingParty) holds(t *testing.T, q url.Values, scope string, asked ...string) (front map[string]any, access string) {
	t.Helper()
	if q.Has("code") != has(rp.types, "code") || q.Has("id_token") != has(rp.types, "id_token") || q.Has("access_token") != has(rp.types, "token") || q.Has("refresh_token") {
		t.Fatalf("answer %v", q)
	}
	access = q.Get("access_token")
	if access != "" && (q.Get("token_type") != "Bearer" || q.Get("expires_in") != "600") { // 3.3.7
		t.Errorf("answer %v", q)
	}
	if access != "" && slices.Contains(strings.Fields(q.Get("scope")), "offline_access") != (has(rp.types, "code") && strings.Contains(scope, "offline_access")) {
		t.Errorf("scope %q: offline_access needs a code (Core 11)", q.Get("scope"))
	}
	subjects := map[string]bool{}
	if compact := q.Get("id_token"); compact != "" {
		var hashes []string
		front, _ = rp.verified(compact)
		for name, value := range map[string]string{"at_hash": access, "c_hash": q.Get("code")} { // 3.5.8
			if value == "" && front[name] != nil || value != "" && front[name] != half(value) {
				hashes = append(hashes, name)
			}
		}
		if hashes != nil || front["nonce"] != "n" || front["aud"] != rp.id || front["iss"] != rp.issuer {
			t.Errorf("wrong %v in %v", hashes, front)
		}
		subjects[front["sub"].(string)] = true
	}
	if access != "" { // 3.3.8
		info := rp.userinfo(access)
		info.want(t, 200, "")
		subjects[info.text("sub")] = true
	}
	if code := q.Get("code"); code != "" {
		tokens := rp.redeem(code)
		back := rp.idToken(tokens, asked...)
		if back["c_hash"] != nil || back["at_hash"] != half(tokens.text("access_token")) || (tokens.text("refresh_token") != "") != strings.Contains(scope, "offline_access") {
			t.Errorf("tokens %v, ID token %v", tokens.body, back)
		}
		subjects[back["sub"].(string)] = true
	}
	if len(subjects) != 1 || !subjects[rp.account.Subject] { // 3.5.5
		t.Errorf("subjects %v", subjects)
	}
	return front, access
}

func (rp relyingParty) frontModules(t *testing.T, w *browser) {
	for name, change := range map[string]url.Values{
		"server":               nil,
		"alternate-happy-flow": {"scope": {"email openid profile"}},
		"other order of words": {"response_type": {strings.Join(reversed(strings.Fields(rp.types)), " ")}},
		"display-popup":        {"display": {"popup"}},
		"ensure-request-with-unknown-parameter-succeeds": {"extra": {"foobar"}},
		"login-hint":                              {"login_hint": {"buffy@example.org"}},
		"ui-locales, claims-locales":              {"ui_locales": {"se"}, "claims_locales": {"se"}},
		"ensure-request-with-acr-values-succeeds": {"acr_values": {"1 2"}},
		"refresh-token":                           {"scope": {"openid offline_access"}},
	} {
		t.Run(name, func(t *testing.T) { rp := rp.in(t); rp.holds(t, rp.ask(w, change), change.Get("scope")) })
	}
	t.Run("scope-profile, scope-email, scope-all", func(t *testing.T) {
		rp := rp.in(t)
		front, access := rp.holds(t, rp.ask(w, url.Values{"scope": {"openid profile email"}}), "")
		info := front
		if access != "" {
			info = rp.userinfo(access).body
		}
		alone := rp.types == "id_token" // 3.5.9, 3.5.10: only then in the ID token
		if front != nil && (front["email"] != nil) != alone || (alone || access != "") && (info["email"] != "maria@example.org" || info["name"] == nil) {
			t.Errorf("ID token %v, userinfo %v", front, info)
		}
	})
	t.Run("claims-essential", func(t *testing.T) {
		rp := rp.in(t)
		q := rp.ask(w, url.Values{"claims": {`{"id_token":{"name":{"essential":true}}}`}})
		if front, _ := rp.holds(t, q, "", "name"); front != nil && (front["name"] == nil || front["given_name"] != nil) {
			t.Errorf("ID token %v", front)
		}
	})
	t.Run("ensure-post-request-succeeds", func(t *testing.T) {
		rp := rp.in(t)
		u, err := url.Parse(rp.address(nil))
		must(t, err)
		rp.holds(t, rp.answer(w.post(rp.issuer+"/authorize", u.Query())), "")
	})
	t.Run("codereuse", func(t *testing.T) { // what the front channel got ends as well
		rp := rp.in(t)
		q := rp.ask(w, nil)
		if q.Get("code") == "" {
			return
		}
		rp.redeem(q.Get("code"))
		rp.exchange(url.Values{"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {callback}}).want(t, 400, "invalid_grant")
		if token := q.Get("access_token"); token != "" {
			rp.userinfo(token).want(t, 401, "invalid_token")
		}
	})
}

func reversed(words []string) []string { slices.Reverse(words); return words }

func (rp relyingParty) frontPrompts(t *testing.T, w *browser) {
	t.Run("prompt-none-not-logged-in", func(t *testing.T) {
		rp := rp.in(t)
		long := strings.Repeat("aB9-._~x", 16)
		if q := rp.ask(rp.browser(), url.Values{"prompt": {"none"}, "state": {long}}); q.Get("error") != "login_required" || q.Get("state") != long || len(q) > 4 {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("prompt-none-logged-in, id-token-hint, max-age-10000", func(t *testing.T) {
		rp := rp.in(t)
		q := rp.ask(w, nil)
		hint := q.Get("id_token")
		if hint == "" {
			hint = rp.redeem(q.Get("code")).text("id_token")
		}
		rp.holds(t, rp.ask(w, url.Values{"prompt": {"none"}, "id_token_hint": {hint}, "max_age": {"10000"}}), "")
	})
	t.Run("prompt-login, max-age-1", func(t *testing.T) {
		rp := rp.in(t)
		rp.clock.advance(2 * time.Second)
		for _, change := range []url.Values{{"prompt": {"login"}}, {"max_age": {"1"}}} {
			p := w.get(rp.address(change))
			if p.url.Path != "/login" {
				t.Fatalf("%v led to %s (%d)", change, p.url, p.status)
			}
			rp.holds(t, rp.answer(w.signIn(p)), "")
			rp.clock.advance(2 * time.Second)
		}
	})
}

func (rp relyingParty) frontRefusals(t *testing.T, w *browser) {
	t.Run("ensure-request-without-nonce", func(t *testing.T) {
		rp := rp.in(t)
		q := rp.ask(w, url.Values{"nonce": nil})
		if refused := q.Get("error") == "invalid_request"; refused != has(rp.types, "id_token") || q.Get("state") != "s" || refused && (q.Has("code") || q.Has("access_token")) {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("response-type-missing", func(t *testing.T) {
		rp := rp.in(t)
		p := w.get(rp.address(url.Values{"response_type": nil}))
		if q := rp.answer(p); q.Get("error") != "invalid_request" || p.location != nil && p.location.Fragment != "" {
			t.Errorf("answer %v at %v", q, p.location)
		}
	})
	t.Run("ensure-registered-redirect-uri", func(t *testing.T) {
		if p := w.get(rp.address(url.Values{"redirect_uri": {callback + "/random"}})); !p.errorPage() {
			t.Errorf("led to %s (%d) %v", p.url, p.status, p.location)
		}
	})
	t.Run("never in the query", func(t *testing.T) { // OAuth 2.0 Multiple Response Types 5
		rp := rp.in(t)
		rp.mode = ""
		if q := rp.ask(w, url.Values{"response_mode": {"query"}}); q.Get("error") != "invalid_request" || q.Has("code") {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("another response type", func(t *testing.T) {
		rp := rp.in(t)
		for _, other := range append([]string{"code", "token", "none"}, frontTypes...) {
			if other == rp.types {
				continue
			}
			if q := rp.ask(w, url.Values{"response_type": {other}}); q.Get("error") != "unsupported_response_type" || q.Has("code") || q.Has("id_token") || q.Has("access_token") {
				t.Errorf("%s: answer %v", other, q)
			}
		}
	})
	if rp.types == "id_token" {
		t.Run("openid is missing", func(t *testing.T) {
			if q := rp.in(t).ask(w, url.Values{"scope": {"profile"}}); q.Get("error") != "invalid_request" {
				t.Errorf("answer %v", q)
			}
		})
	}
}

// TestCertificationSwitch (S-30): without the deployment's word neither metadata nor
// registration know the flows, and clients that were registered for them rest.
func TestCertificationSwitch(t *testing.T) {
	t.Parallel()
	b := certifying(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		m.Profile, m.ResponseTypes = provider.ProfileCertification, []string{"code id_token", "code"}
	})
	var open, shut map[string]any
	must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/openid-configuration").body), &open))
	b.refresh(id, secret, "x").want(t, 400, "invalid_grant") // it is authenticated
	b.rules = provider.Rules{}
	second := b.instance()
	b.server.Config.Handler = second.engine
	must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/openid-configuration").body), &shut))
	for _, member := range []string{"response_types_supported", "grant_types_supported", "response_modes_supported"} {
		was, _ := open[member].([]any)
		is, _ := shut[member].([]any)
		if len(was) <= len(is) || slices.ContainsFunc(is, func(v any) bool { return slices.Contains([]any{"implicit", "fragment", "id_token"}, v) }) {
			t.Errorf("%s: %v with the switch, %v without", member, was, is)
		}
	}
	b.refresh(id, secret, "x").want(t, 401, "invalid_client")
	_, _, err := second.clients.Create(t.Context(), "", provider.Metadata{ClientName: "x", Profile: provider.ProfileCertification, RedirectURIs: []string{callback}})
	if err == nil || !strings.HasPrefix(err.Error(), "profile:") {
		t.Errorf("registering it: %v", err)
	}
	for _, types := range frontTypes { // no other profile has them
		_, _, err := b.clients.Create(t.Context(), "", provider.Metadata{ClientName: "x", ResponseTypes: []string{types}, GrantTypes: []string{"authorization_code"}, RedirectURIs: []string{callback}})
		if err == nil || !strings.HasPrefix(err.Error(), "response_types:") {
			t.Errorf("%s for the programme's app: %v", types, err)
		}
	}
}

// TestUserinfoPostBody is userinfo-post-body (RFC 6750 2.2): a token in the form is for
// clients of the profile certification, and never beside another one.
func TestUserinfoPostBody(t *testing.T) {
	t.Parallel()
	rp, w := certifying(t, 4).frontParty("code", "query", "client_secret_post")
	token := rp.redeem(rp.ask(w, nil).Get("code")).text("access_token")
	post := func(form url.Values, header http.Header) answer {
		return rp.send(rp.server.Client(), http.MethodPost, "/userinfo", form, header)
	}
	if a := post(url.Values{"access_token": {token}}, nil); a.status != 200 || a.text("sub") == "" {
		t.Errorf("in the form: %d %v", a.status, a.body)
	}
	post(url.Values{"access_token": {token}}, http.Header{"Authorization": {"Bearer " + token}}).want(t, 400, "invalid_request")
	post(url.Values{"access_token": {token, token}}, nil).want(t, 400, "invalid_request")
	post(url.Values{"access_token": {""}}, nil).want(t, 401, "invalid_token")
	post(url.Values{"access_token": {"x"}}, nil).want(t, 401, "invalid_token")
}

// TestDynamicPlan (conformance 3.2.4, 5.1, 5.8, 6): with the switch on, an app that
// registers itself may ask for each response type, and for every scope when it names
// none.
func TestDynamicPlan(t *testing.T) {
	t.Parallel()
	b := certifying(t, 4)
	var doc map[string]any
	must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/openid-configuration").body), &doc))
	for member, want := range map[string][]any{"response_types_supported": {"code", "id_token", "id_token token"}, "grant_types_supported": {"authorization_code", "implicit"}} {
		for _, value := range want {
			if listed, _ := doc[member].([]any); !slices.Contains(listed, value) {
				t.Errorf("%s = %v", member, listed)
			}
		}
	}
	for _, types := range append([]string{"code"}, frontTypes...) {
		t.Run(types, func(t *testing.T) {
			grants := `"authorization_code","implicit"`
			if !has(types, "code") {
				grants = `"implicit"`
			}
			status, _, got := b.registration(http.MethodPost, doc["registration_endpoint"].(string), "initial-token",
				`{"client_name":"Plan","redirect_uris":["`+callback+`"],"response_types":["`+types+`"],"grant_types":[`+grants+`],"contacts":["a@example.org"]}`)
			if status != 201 || got["scope"] != "openid profile email offline_access husky.member" {
				t.Fatalf("registration: %d %v", status, got)
			}
			rp := relyingParty{bench: b, method: "client_secret_basic", types: types, id: got["client_id"].(string), secret: got["client_secret"].(string)}.in(t)
			w := b.signedIn()
			scope := "openid profile email husky.member"
			rp.holds(t, rp.consent(w, w.get(rp.address(url.Values{"scope": {scope}}))), scope)
		})
	}
}
