package provider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"huskyidp/accounts"
	"huskyidp/provider"
)

// asked is an answered request with a claims parameter: the ID token's claims and
// userinfo.
func (p party) asked(w *browser, change url.Values) (idToken, userinfo map[string]any) {
	p.b.t.Helper()
	uri, verifier := p.pushed(change)
	tokens := p.redeem(p.answered(p.open(w, uri, nil)).Get("code"), verifier)
	if tokens.status != 200 {
		p.b.t.Fatalf("tokens: %d %v", tokens.status, tokens.body)
	}
	idToken, _ = p.b.verified(tokens.text("id_token"))
	return idToken, p.userinfo(tokens.text("access_token")).body
}

// TestClaimsParameter covers OpenID Connect Core 5.5.
func TestClaimsParameter(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	one, _ := b.parties(nil)
	w := b.signedIn()
	const name = "MARÍA NÚÑEZ DE LA CRUZ"

	t.Run("claims-essential", func(t *testing.T) {
		idToken, userinfo := one.asked(w, url.Values{"claims": {`{"userinfo":{"name":{"essential":true}}}`}})
		if userinfo["name"] != name || len(userinfo) != 2 || idToken["name"] != nil {
			t.Errorf("userinfo %v, ID token %v", userinfo, idToken)
		}
		idToken, userinfo = one.asked(w, url.Values{"claims": {`{"id_token":{"name":null,"email":{"value":"x"}}}`}})
		if idToken["name"] != name || idToken["email"] != "maria@example.org" || idToken["given_name"] != nil || len(userinfo) != 1 {
			t.Errorf("userinfo %v, ID token %v", userinfo, idToken)
		}
	})
	t.Run("test-claims-parameter-identity-claims", func(t *testing.T) {
		var doc struct {
			Claims []string `json:"claims_supported"`
		}
		must(t, json.Unmarshal([]byte(w.get("/.well-known/openid-configuration").body), &doc))
		every := map[string]any{"unknown": nil, "https://example.org/unknown": map[string]any{"essential": true}}
		for _, claim := range doc.Claims {
			if claim != "sub" {
				every[claim] = map[string]any{"essential": true}
			}
		}
		parameter, err := json.Marshal(map[string]any{"userinfo": every, "id_token": every, "unknown": every})
		must(t, err)
		idToken, userinfo := one.asked(w, url.Values{"claims": {string(parameter)}})
		for _, claim := range []string{"name", "given_name", "family_name", "birthdate", "preferred_username", "locale", "updated_at", "email",
			"email_verified", "husky_member_number", "husky_program", "husky_coverage_start"} {
			if idToken[claim] == nil || userinfo[claim] == nil {
				t.Errorf("%s: ID token %v, userinfo %v", claim, idToken[claim], userinfo[claim])
			}
		}
		for claim := range userinfo {
			if !slices.Contains(doc.Claims, claim) {
				t.Errorf("userinfo has %s", claim)
			}
		}
		if idToken["aud"] != one.id || idToken["iss"] != b.issuer {
			t.Errorf("the ID token's own claims changed: %v", idToken)
		}
	})
	t.Run("again after a refresh", func(t *testing.T) {
		uri, verifier := one.pushed(url.Values{"scope": {"openid offline_access"}, "claims": {`{"id_token":{"email":null}}`}})
		tokens := one.redeem(one.answered(one.open(w, uri, nil)).Get("code"), verifier)
		claims, _ := b.verified(one.refresh(tokens.text("refresh_token")).text("id_token"))
		if claims["email"] != "maria@example.org" {
			t.Errorf("the ID token is %v", claims)
		}
	})
	t.Run("a scope that the client may not have", func(t *testing.T) {
		narrow := b.party(callback, func(m *provider.Metadata) { m.Scope = []string{"openid", "email"} })
		_, userinfo := narrow.asked(w, url.Values{"claims": {`{"userinfo":{"husky_member_number":null,"name":null,"email":null}}`}})
		if len(userinfo) != 2 || userinfo["email"] == nil {
			t.Errorf("userinfo %v", userinfo)
		}
	})
	for _, test := range []struct{ name, claims, code string }{
		{"no JSON", `{"userinfo":`, "invalid_request"},
		{"an array", `[]`, "invalid_request"},
		{"a claim of a wrong form", `{"userinfo":{"name":"x"}}`, "invalid_request"},
		{"essential no boolean", `{"userinfo":{"name":{"essential":"yes"}}}`, "invalid_request"},
		{"deep", `{"userinfo":{"x":{"value":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}}}`, "invalid_request"},
		{"long", `{"userinfo":{"x":{"value":"` + strings.Repeat("x", 9000) + `"}}}`, "invalid_request"},
		{"sub of no text", `{"id_token":{"sub":{"value":7}}}`, "invalid_request"},
		{"an essential acr that cannot be had", `{"id_token":{"acr":{"essential":true,"values":["urn:mace:incommon:iap:silver"]}}}`, "unmet_authentication_requirements"},
		{"an essential acr by value", `{"id_token":{"acr":{"essential":true,"value":"2"}}}`, "unmet_authentication_requirements"},
		{"an essential acr, any", `{"id_token":{"acr":{"essential":true}}}`, ""},
		{"an essential acr that can be had", `{"id_token":{"acr":{"essential":true,"values":["2","` + accounts.ACRPassword + `"]}}}`, ""},
		{"a voluntary acr", `{"id_token":{"acr":{"values":["urn:mace:incommon:iap:silver"]}}}`, ""},
		{"auth_time", `{"id_token":{"auth_time":{"essential":true}}}`, ""},
		{"empty members", `{"id_token":null,"userinfo":{}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.code != "" {
				fields, _ := one.request(url.Values{"claims": {test.claims}})
				one.push(fields).want(t, 400, test.code)
				return
			}
			idToken, _ := one.asked(w, url.Values{"claims": {test.claims}})
			if idToken["acr"] != accounts.ACRPassword || idToken["auth_time"] == nil {
				t.Errorf("the ID token is %v", idToken)
			}
		})
	}
	t.Run("sub", func(t *testing.T) {
		mine, other := `{"id_token":{"sub":{"value":"`+b.account.Subject+`"}}}`, `{"userinfo":{"sub":{"value":"somebody"}}}`
		if idToken, _ := one.asked(w, url.Values{"claims": {mine}}); idToken["sub"] != b.account.Subject {
			t.Errorf("the ID token is %v", idToken)
		}
		uri, _ := one.pushed(url.Values{"claims": {other}, "prompt": {"none"}})
		if q := one.answered(one.open(w, uri, nil)); q.Get("error") != "login_required" {
			t.Errorf("another member's sub: %v", q)
		}
	})
	t.Run("ensure-request-with-acr-values-succeeds", func(t *testing.T) {
		for _, values := range []string{accounts.ACRPassword, "1 2"} {
			if idToken, _ := one.asked(w, url.Values{"acr_values": {values}}); idToken["acr"] != accounts.ACRPassword {
				t.Errorf("acr_values=%s gave %v", values, idToken["acr"])
			}
		}
	})
}

// TestClaimsNeedConsent: a partner asks the member for the scope that a claim belongs
// to, and gets it only when they left it ticked.
func TestClaimsNeedConsent(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	p := b.party(callback, func(m *provider.Metadata) { connect(m); m.Profile, m.OperatorName = provider.ProfilePartner, "Prueba" })
	claims := url.Values{"claims": {`{"userinfo":{"name":null,"email":null}}`}}
	for _, test := range []struct {
		ticked url.Values
		want   []string
	}{
		{url.Values{"group_email": {"on"}}, []string{"email", "sub"}},
		{url.Values{"group_email": {"on"}, "group_profile": {"on"}}, []string{"email", "name", "sub"}},
	} {
		w := b.signedIn()
		uri, verifier := p.pushed(url.Values{"claims": claims["claims"], "prompt": {"consent"}})
		form := p.open(w, uri, nil)
		if form.url.Path != "/consent" || !strings.Contains(form.body, "group_email") || !strings.Contains(form.body, "group_profile") {
			t.Fatalf("led to %s (%d)\n%s", form.url, form.status, form.body)
		}
		test.ticked.Set("duration", "90d")
		test.ticked.Set("act", "allow")
		tokens := p.redeem(p.answered(w.submit(form, test.ticked)).Get("code"), verifier)
		var got []string
		for name := range p.userinfo(tokens.text("access_token")).body {
			got = append(got, name)
		}
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("ticked %v: userinfo has %v, want %v", test.ticked, got, test.want)
		}
	}
}

// TestSignedUserinfo covers userinfo_signed_response_alg (Core 5.3.2; userinfo-rs256).
func TestSignedUserinfo(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	for _, alg := range []string{"RS256", "PS256", "ES256"} {
		id, secret := b.client(func(m *provider.Metadata) { m.UserinfoSignedResponseAlg, m.IDTokenSignedResponseAlg = alg, alg })
		code, verifier := b.code(b.signedIn(), id)
		tokens := b.redeem(id, secret, code, verifier)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.issuer+"/userinfo", nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+tokens.text("access_token"))
		response, err := b.server.Client().Do(r)
		must(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		must(t, err)
		claims, header := b.verified(string(body))
		if response.Header.Get("Content-Type") != "application/jwt" || header.Algorithm != alg || claims["iss"] != b.issuer || claims["aud"] != id ||
			claims["sub"] != b.account.Subject || claims["nonce"] != nil {
			t.Errorf("%s: %v %v %v", alg, response.Header, header, claims)
		}
		if _, header := b.verified(tokens.text("id_token")); header.Algorithm != alg {
			t.Errorf("the ID token is signed with %s, want %s", header.Algorithm, alg)
		}
		if address, _ := b.request(id, url.Values{"id_token_hint": {string(body)}}); b.signedIn().get(address).location.Query().Get("error") != "invalid_request" {
			t.Error("signed userinfo passes for an ID token")
		}
	}
}
