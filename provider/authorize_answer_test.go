package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

// response opens the JWT of an answer (conformance 10.2) and holds its frame.
func (p party) response(fields url.Values, alg string) map[string]any {
	p.b.t.Helper()
	if len(fields) != 1 {
		p.b.t.Errorf("the address has %v in addition to the response", fields)
	}
	claims, header := p.b.verified(fields.Get("response"))
	expiry, _ := claims["exp"].(float64)
	ahead := time.Unix(int64(expiry), 0).Sub(p.b.clock.now())
	if header.ExtraHeaders["typ"] != nil || header.Algorithm != alg || header.KeyID == "" || claims["iss"] != p.b.issuer || claims["aud"] != p.id || ahead < 10*time.Second || ahead > 10*time.Minute {
		p.b.t.Errorf("the response is %v %v, for %v", header, claims, ahead)
	}
	return claims
}

// TestJARM: the answer travels in a signed JWT, success and errors (JARM 2).
func TestJARM(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	jarm := func(alg string) func(*provider.Metadata) {
		return func(m *provider.Metadata) {
			m.ResponseModes, m.AuthorizationSignedResponseAlg = []string{"jwt", "form_post.jwt", "query"}, alg
		}
	}
	for _, alg := range []string{"ES256", "PS256", "RS256"} {
		p := b.party(dummy, func(m *provider.Metadata) {
			if jarm(alg)(m); alg == "RS256" { // not FAPI's
				connect(m)
			}
		})
		for _, mode := range []string{"jwt", "query.jwt"} {
			t.Run("happy-flow "+alg+" "+mode, func(t *testing.T) {
				uri, verifier := p.pushed(url.Values{"response_mode": {mode}})
				claims := p.response(p.answered(p.open(b.signedIn(), uri, nil)), alg)
				code, _ := claims["code"].(string)
				if claims["state"] != "s" || len(claims) != 5 {
					t.Errorf("the response holds %v", claims)
				}
				p.redeem(code, verifier).want(t, 200, "")
			})
		}
		t.Run("form_post.jwt "+alg, func(t *testing.T) {
			uri, verifier := p.pushed(url.Values{"response_mode": {"form_post.jwt"}})
			action, fields := formOf(t, p.open(b.signedIn(), uri, nil))
			if action != p.redirect {
				t.Errorf("the form goes to %s", action)
			}
			code, _ := p.response(fields, alg)["code"].(string)
			p.redeem(code, verifier).want(t, 200, "")
		})
	}
	one, _ := b.parties(jarm("ES256"))
	t.Run("errors come the same way", func(t *testing.T) {
		uri, _ := one.pushed(url.Values{"response_mode": {"jwt"}, "prompt": {"none"}, "state": nil})
		claims := one.response(one.answered(one.open(b.browser(), uri, nil)), "ES256")
		if _, state := claims["state"]; claims["error"] != "login_required" || state || claims["code"] != nil {
			t.Errorf("the response holds %v", claims)
		}
		w := b.browser()
		uri, _ = one.pushed(url.Values{"response_mode": {"jwt"}})
		action, fields := formOf(t, one.open(w, uri, nil))
		claims = one.response(one.answered(w.post(strings.Replace(action, "/login", "/login/cancel", 1), fields)), "ES256")
		if claims["error"] != "access_denied" || claims["state"] != "s" {
			t.Errorf("the response holds %v", claims)
		}
		direct, _ := one.request(url.Values{"response_mode": {"jwt"}})
		claims = one.response(one.answered(b.browser().get("/authorize?"+direct.Encode())), "ES256")
		if claims["error"] != "invalid_request" {
			t.Errorf("without PAR: %v", claims)
		}
	})
	t.Run("a client of signed answers gets no other", func(t *testing.T) {
		only, _ := b.parties(func(m *provider.Metadata) { connect(m); m.ResponseModes = []string{"jwt"} })
		uri, _ := only.pushed(nil)
		if claims := only.response(only.answered(only.open(b.signedIn(), uri, nil)), "RS256"); claims["code"] == nil {
			t.Errorf("the response holds %v", claims)
		}
		fields, _ := only.request(url.Values{"response_mode": {"query"}})
		if claims := only.response(only.answered(b.signedIn().get("/authorize?"+fields.Encode())), "RS256"); claims["error"] != "unsupported_response_mode" {
			t.Errorf("query: %v", claims)
		}
		only.push(fields).want(t, 400, "unsupported_response_mode")
	})
	t.Run("a client that registered no jwt mode", func(t *testing.T) {
		id, _ := b.client(nil)
		for _, mode := range []string{"jwt", "query.jwt", "form_post.jwt", "fragment.jwt", "fragment", "web_message"} {
			address, _ := b.request(id, url.Values{"response_mode": {mode}})
			p := b.signedIn().get(address)
			if p.location == nil || p.location.Query().Get("error") != "unsupported_response_mode" || p.location.Query().Get("iss") != b.issuer {
				t.Errorf("%s led to %s (%d) %v", mode, p.url, p.status, p.location)
			}
		}
	})
	t.Run("it is no ID token", func(t *testing.T) {
		uri, _ := one.pushed(url.Values{"response_mode": {"jwt"}})
		response := one.answered(one.open(b.signedIn(), uri, nil)).Get("response")
		fields, _ := one.request(url.Values{"id_token_hint": {response}})
		one.push(fields).want(t, 400, "invalid_request")
	})
}
