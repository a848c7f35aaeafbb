package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"huskyidp/provider"
)

// TestFAPIMetadata are the rules of conformance 9.1 that concern this slice.
func TestFAPIMetadata(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	var doc struct {
		ResponseTypes  []string `json:"response_types_supported"`
		ResponseModes  []string `json:"response_modes_supported"`
		GrantTypes     []string `json:"grant_types_supported"`
		Scopes         []string `json:"scopes_supported"`
		Challenges     []string `json:"code_challenge_methods_supported"`
		IDToken        []string `json:"id_token_signing_alg_values_supported"`
		RequestObject  []string `json:"request_object_signing_alg_values_supported"`
		Userinfo       []string `json:"userinfo_signing_alg_values_supported"`
		Authorization  []string `json:"authorization_signing_alg_values_supported"`
		PAR            string   `json:"pushed_authorization_request_endpoint"`
		Iss            bool     `json:"authorization_response_iss_parameter_supported"`
		RequestURI     *bool    `json:"request_uri_parameter_supported"`
		RequireRequest *bool    `json:"require_pushed_authorization_requests"`
	}
	must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/oauth-authorization-server").body), &doc))
	for name, has := range map[string]bool{
		"code": slices.Contains(doc.ResponseTypes, "code"), "authorization_code": slices.Contains(doc.GrantTypes, "authorization_code"),
		"openid": slices.Contains(doc.Scopes, "openid"), "S256": slices.Contains(doc.Challenges, "S256"),
		"the PAR endpoint": doc.PAR == b.issuer+"/par", "iss in answers": doc.Iss,
		"require_pushed_authorization_requests": doc.RequireRequest != nil, "request_uri_parameter_supported": doc.RequestURI != nil && !*doc.RequestURI,
		"ES256 and PS256 for ID tokens":      slices.Contains(doc.IDToken, "PS256") && slices.Contains(doc.IDToken, "ES256"),
		"ES256 and PS256 of request objects": slices.Contains(doc.RequestObject, "PS256") && slices.Contains(doc.RequestObject, "ES256"),
		"no unsigned request objects":        !slices.Contains(doc.RequestObject, "none"),
		"ES256 for userinfo":                 slices.Contains(doc.Userinfo, "ES256"),
		"PS256 for JARM":                     slices.Contains(doc.Authorization, "PS256") && slices.Contains(doc.ResponseModes, "jwt"),
	} {
		if !has {
			t.Errorf("the metadata lack %s", name)
		}
	}
}

// TestFAPIRequests are the modules of conformance 9.3, named after them.
func TestFAPIRequests(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	one, two := b.parties(nil)
	long := strings.Repeat("aB9-._~x", 16) // 128 characters

	t.Run("happy-flow", func(t *testing.T) {
		for _, p := range []party{one, two} {
			fields, verifier := p.request(nil)
			a := p.push(fields)
			lifetime, _ := a.body["expires_in"].(float64)
			if a.status != 201 || a.header.Get("Cache-Control") != "no-store" || lifetime < 60 || lifetime > 90 ||
				len(strings.TrimPrefix(a.text("request_uri"), "urn:ietf:params:oauth:request_uri:")) != 43 {
				t.Fatalf("PAR answered %d %v %v", a.status, a.header, a.body)
			}
			w := b.browser()
			// Copies beside the request_uri are ignored (FAPI 5.3.3.2).
			back := w.signIn(p.open(w, a.text("request_uri"), url.Values{"response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {p.redirect}}))
			q := p.answered(back)
			if q.Get("state") != "s" || q.Get("iss") != b.issuer || len(q) != 3 {
				t.Errorf("answer %v", q)
			}
			tokens := p.redeem(q.Get("code"), verifier)
			tokens.want(t, 200, "")
			claims, header := b.verified(tokens.text("id_token"))
			if tokens.text("token_type") != "DPoP" || header.Algorithm != "ES256" || claims["nonce"] != "n" || claims["aud"] != p.id {
				t.Errorf("%s, ID token %v %v", tokens.text("token_type"), header, claims)
			}
			p.userinfo(tokens.text("access_token")).want(t, 200, "")
		}
	})
	t.Run("user-rejects-authentication", func(t *testing.T) {
		for _, p := range []party{one, two} {
			w := b.browser()
			uri, _ := p.pushed(url.Values{"state": {long}})
			action, fields := formOf(t, p.open(w, uri, nil))
			q := p.answered(w.post(strings.Replace(action, "/login", "/login/cancel", 1), fields))
			if q.Get("error") != "access_denied" || q.Get("state") != long || q.Get("iss") != b.issuer || q.Has("code") {
				t.Errorf("answer %v", q)
			}
		}
	})
	for name, change := range map[string]url.Values{
		"ensure-authorization-request-without-state-success": {"state": nil},
		"ensure-authorization-request-without-nonce-success": {"nonce": nil},
		"…-with-64-char-nonce-success":                       {"nonce": {strings.Repeat("n", 64)}},
		"…-with-long-nonce":                                  {"nonce": {strings.Repeat("n", 384)}},
		"…-with-long-state":                                  {"state": {strings.Repeat("s", 1000)}},
		"ensure-other-scope-order-succeeds":                  {"scope": {"profile openid email"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := b.signedIn()
			uri, verifier := one.pushed(change)
			q := one.answered(one.open(w, uri, nil))
			state := "s"
			if sent, changed := change["state"]; changed {
				state = strings.Join(sent, "")
			}
			if q.Get("state") != state || q.Has("state") != (state != "") {
				t.Errorf("answer %v", q)
			}
			tokens := one.redeem(q.Get("code"), verifier)
			tokens.want(t, 200, "")
			claims, _ := b.verified(tokens.text("id_token"))
			want := "n"
			if sent, changed := change["nonce"]; changed {
				want = strings.Join(sent, "")
			}
			if got, _ := claims["nonce"].(string); got != want {
				t.Errorf("nonce %q, want %q", got, want)
			}
		})
	}
	for _, test := range []struct {
		name   string
		change url.Values
		code   string
	}{
		{"ensure-request-object-without-redirect-uri-fails", url.Values{"redirect_uri": nil}, "invalid_request"},
		{"plain-fapi-tolerate-unregistered-redirect-uri", url.Values{"redirect_uri": {"https://elsewhere.example/"}}, "invalid_request"},
		{"ensure-response-type-code-idtoken-fails", url.Values{"response_type": {"code id_token"}}, "unsupported_response_type"},
		{"ensure-response-type-token-fails", url.Values{"response_type": {"token"}}, "unsupported_response_type"},
		{"par-ensure-pkce-required", url.Values{"code_challenge": nil, "code_challenge_method": nil}, "invalid_request"},
		{"par-plain-pkce-rejected", url.Values{"code_challenge_method": {"plain"}}, "invalid_request"},
		{"par-authorization-request-containing-request_uri-form-param", url.Values{"request_uri": {"urn:ietf:params:oauth:request_uri:x"}}, "invalid_request"},
		{"prompt none with another", url.Values{"prompt": {"none login"}}, "invalid_request"},
		{"a repeated parameter", url.Values{"state": {"a", "b"}}, "invalid_request"},
		{"an unsigned request object", url.Values{"request": {"e30.e30."}}, "request_not_supported"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fields, _ := one.request(test.change)
			a := one.push(fields)
			a.want(t, 400, test.code)
			if a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", a.header)
			}
		})
	}
	t.Run("ensure-unsigned-authorization-request-without-using-par-fails", func(t *testing.T) {
		fields, _ := two.request(nil)
		q := two.answered(b.signedIn().get("/authorize?" + fields.Encode()))
		if q.Get("error") != "invalid_request" || q.Get("state") != "s" || q.Has("code") {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("ensure-different-nonce-inside-and-outside-request-object", func(t *testing.T) {
		uri, verifier := one.pushed(nil)
		q := one.answered(one.open(b.signedIn(), uri, url.Values{"nonce": {"outside"}, "state": {"outside"}}))
		claims, _ := b.verified(one.redeem(q.Get("code"), verifier).text("id_token"))
		if claims["nonce"] != "n" || q.Get("state") != "s" {
			t.Errorf("answer %v, nonce %v", q, claims["nonce"])
		}
	})
	t.Run("state-only-outside-request-object-not-used", func(t *testing.T) {
		uri, _ := one.pushed(url.Values{"state": nil})
		if q := one.answered(one.open(b.signedIn(), uri, url.Values{"state": {"outside"}})); q.Has("state") || q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
	})
}

// TestPAR are the modules of conformance 9.4 (RFC 9126, S-34).
func TestPAR(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	one, two := b.parties(nil)

	t.Run("par-without-duplicate-parameters", func(t *testing.T) {
		uri, verifier := one.pushed(nil)
		one.redeem(one.answered(one.open(b.signedIn(), uri, nil)).Get("code"), verifier).want(t, 200, "")
	})
	t.Run("par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", func(t *testing.T) {
		w := b.browser()
		uri, verifier := one.pushed(nil)
		first, second := one.open(w, uri, nil), one.open(w, uri, nil)
		if second.url.Path != "/login" {
			t.Fatalf("the second visit led to %s (%d)", second.url, second.status)
		}
		one.redeem(one.answered(w.signIn(second)).Get("code"), verifier).want(t, 200, "")
		// The first tab's request is answered no more, and the app learns of it.
		if q := one.answered(w.signIn(first)); q.Get("error") != "invalid_request_uri" || q.Has("code") {
			t.Errorf("the first tab got %v", q)
		}
	})
	t.Run("par-attempt-reuse-request_uri", func(t *testing.T) {
		w := b.signedIn()
		uri, _ := one.pushed(nil)
		one.answered(one.open(w, uri, nil))
		if again := one.open(w, uri, nil); !again.errorPage() || !strings.Contains(again.body, "invalid_request_uri") || !strings.Contains(again.body, "https://app.example/start") {
			t.Errorf("the second use led to %s (%d) %v", again.url, again.status, again.location)
		}
	})
	t.Run("ends when the member cancels", func(t *testing.T) {
		w := b.browser()
		uri, _ := one.pushed(nil)
		action, fields := formOf(t, one.open(w, uri, nil))
		if q := one.answered(w.post(strings.Replace(action, "/login", "/login/cancel", 1), fields)); q.Get("error") != "access_denied" {
			t.Errorf("cancel got %v", q)
		}
		for _, other := range []*browser{w, b.signedIn()} {
			if again := one.open(other, uri, nil); !again.errorPage() || !strings.Contains(again.body, "invalid_request_uri") {
				t.Errorf("afterwards it led to %s (%d) %v", again.url, again.status, again.location)
			}
		}
	})
	t.Run("par-attempt-to-use-expired-request_uri", func(t *testing.T) {
		w := b.browser()
		uri, _ := one.pushed(nil)
		begun := one.open(w, uri, nil)
		b.clock.advance(91 * time.Second)
		if late := one.open(w, uri, nil); !late.errorPage() || !strings.Contains(late.body, "invalid_request_uri") || !strings.Contains(late.body, "request_uri") {
			t.Errorf("the expired one led to %s (%d)", late.url, late.status)
		}
		if q := one.answered(w.signIn(begun)); q.Get("code") == "" { // what was begun in time may end later
			t.Errorf("the sign-in begun in time got %v", q)
		}
	})
	t.Run("par-attempt-to-use-request_uri-for-different-client", func(t *testing.T) {
		w := b.signedIn()
		uri, verifier := one.pushed(nil)
		if foreign := two.open(w, uri, nil); !foreign.errorPage() {
			t.Errorf("another client's led to %s (%d) %v", foreign.url, foreign.status, foreign.location)
		}
		if nobody := w.get("/authorize?" + url.Values{"request_uri": {uri}}.Encode()); !nobody.errorPage() {
			t.Errorf("without client_id: %s (%d)", nobody.url, nobody.status)
		}
		one.redeem(one.answered(one.open(w, uri, nil)).Get("code"), verifier).want(t, 200, "") // not burnt
	})
	t.Run("par-attempt-invalid-http-method", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, b.issuer+"/par", nil)
		must(t, err)
		response, err := b.server.Client().Do(r)
		must(t, err)
		response.Body.Close()
		if response.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("PUT answered %d", response.StatusCode)
		}
	})
	t.Run("client authentication", func(t *testing.T) {
		fields, _ := one.request(nil)
		b.send(b.server.Client(), http.MethodPost, "/par", fields, nil).want(t, 401, "invalid_client")
		fields.Set("client_assertion", one.assertion(fault{Broken: true}))
		one.push(fields).want(t, 401, "invalid_client")
		fields.Set("client_assertion", two.assertion())
		one.push(fields).want(t, 401, "invalid_client")
	})
	t.Run("every client may push", func(t *testing.T) {
		for _, method := range []string{"none", "client_secret_basic", "client_secret_post"} {
			id, secret := b.client(func(m *provider.Metadata) { m.TokenEndpointAuthMethod = method })
			free := party{&holder{b: b, id: id}, callback}
			fields, _ := free.request(nil)
			header := http.Header{}
			switch method {
			case "client_secret_post":
				fields.Set("client_secret", secret)
			case "client_secret_basic":
				header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(id+":"+secret)))
				fields.Del("client_id") // RFC 9126 2.1: the header says who it is
			}
			uri := b.send(b.server.Client(), http.MethodPost, "/par", fields, header).text("request_uri")
			if q := free.answered(free.open(b.signedIn(), uri, nil)); q.Get("code") == "" {
				t.Errorf("%s: answer %v", method, q)
			}
		}
	})
	t.Run("ensure-pkce-code-verifier-required", func(t *testing.T) {
		for _, verifier := range []string{"", oauth2.GenerateVerifier()} {
			uri, _ := one.pushed(nil)
			one.redeem(one.answered(one.open(b.signedIn(), uri, nil)).Get("code"), verifier).want(t, 400, "invalid_grant")
		}
	})
	t.Run("nothing readable is stored", func(t *testing.T) {
		one.pushed(url.Values{"login_hint": {"maria@example.org"}})
		var found bool
		must(t, b.db.Pool().QueryRow(t.Context(), `select exists (select from par_requests where position('maria'::bytea in request) > 0)`).Scan(&found))
		if found {
			t.Error("a login_hint is stored in the clear")
		}
	})
}

// TestPARRace: of tabs that end at the same moment one gets a code.
func TestPARRace(t *testing.T) {
	t.Parallel()
	b := newBench(t, 8)
	one, _ := b.parties(nil)
	w := b.signedIn()
	uri, _ := one.pushed(nil)
	const tabs = 16
	answers := make(chan page, tabs)
	for range tabs {
		go func() { answers <- one.open(w, uri, nil) }()
	}
	codes := 0
	for range tabs {
		switch p := <-answers; {
		case p.location != nil && p.location.Query().Get("code") != "":
			codes++
		case p.location != nil && p.location.Query().Get("error") == "invalid_request_uri" || p.errorPage():
		default:
			t.Errorf("led to %s (%d) %v", p.url, p.status, p.location)
		}
	}
	if codes != 1 {
		t.Errorf("%d codes for one request_uri", codes)
	}
}

// TestFAPICodes are the modules of conformance 9.6 on codes.
func TestFAPICodes(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	one, two := b.parties(nil)
	w := b.signedIn()
	code := func() (string, string) {
		uri, verifier := one.pushed(url.Values{"scope": {"openid offline_access"}})
		return one.answered(one.open(w, uri, nil)).Get("code"), verifier
	}
	t.Run("ensure-authorization-code-is-bound-to-client", func(t *testing.T) {
		c, verifier := code()
		party{two.holder, one.redirect}.redeem(c, verifier).want(t, 400, "invalid_grant")
	})
	t.Run("attempt-reuse-authorization-code-after-one-second", func(t *testing.T) {
		c, verifier := code()
		first := one.redeem(c, verifier)
		first.want(t, 200, "")
		b.clock.advance(time.Second)
		one.redeem(c, verifier).want(t, 400, "invalid_grant")
		one.userinfo(first.text("access_token")).want(t, 401, "invalid_token")
	})
	t.Run("ensure-token-endpoint-fails-with-expired-auth-code", func(t *testing.T) {
		c, verifier := code()
		b.clock.advance(62 * time.Second)
		one.redeem(c, verifier).want(t, 400, "invalid_grant")
	})
	t.Run("refresh-token", func(t *testing.T) {
		c, verifier := code()
		token := one.redeem(c, verifier).text("refresh_token")
		two.refresh(token).want(t, 400, "invalid_grant")
		b.token("", "", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}).want(t, 401, "invalid_client")
		again := one.refresh(token)
		again.want(t, 200, "")
		one.userinfo(again.text("access_token")).want(t, 200, "")
		b.clock.advance(30 * time.Second)
		one.refresh(token).want(t, 200, "") // sender-constrained ones are not rotated (S-38)
	})
}
