package provider_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

// object is a request object of the party, right but for change (conformance 10.1).
func (p party) object(change ...fault) string {
	fields, _ := p.request(nil)
	now := p.b.clock.now()
	claims := map[string]any{"iss": p.id, "aud": p.b.issuer, "client_id": p.id, "nbf": now.Unix(), "exp": now.Unix() + 60}
	for name, values := range fields {
		claims[name] = values[0]
	}
	return p.key.forge(map[string]any{"kid": p.key.kid, "typ": "oauth-authz-req+jwt"}, claims, change...)
}

func signedOnly(m *provider.Metadata) {
	m.RequestObjectSigningAlg, m.RequireSignedRequest = "ES256", true
}

// TestSignedRequests are the modules of conformance 10.1 (RFC 9101, S-35): a client
// that must sign pushes request objects.
func TestSignedRequests(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	one, two := b.parties(signedOnly)
	now, rsa := b.clock.now().Unix(), newKeyPair(t, "RS256")
	for _, test := range []struct {
		name   string
		change fault
		code   string // "" is 201
	}{
		{"happy-flow", fault{}, ""},
		{"without typ", headed("typ", nil), ""},
		{"ensure-request-object-with-multiple-aud-succeeds", claimed("aud", []string{"https://other.example", b.issuer}), ""},
		{"ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted", claimed("nbf", now+8), ""},
		{"…-with-nbf-over-60-seconds-in-the-future", fault{Claims: map[string]any{"nbf": now + 70, "exp": now + 180}}, "invalid_request_object"},
		{"…-without-exp-fails", claimed("exp", nil), "invalid_request_object"},
		{"…-without-nbf-fails", claimed("nbf", nil), "invalid_request_object"},
		{"ensure-expired-request-object-fails", fault{Claims: map[string]any{"nbf": now - 600, "exp": now - 300}}, "invalid_request_object"},
		{"…-with-bad-aud-fails", claimed("aud", "https://other.example"), "invalid_request_object"},
		{"without aud", claimed("aud", nil), "invalid_request_object"},
		{"aud of the endpoint", claimed("aud", b.issuer+"/par"), "invalid_request_object"},
		{"…-with-exp-over-60-fails", claimed("exp", now+4200), "invalid_request_object"},
		{"…-with-nbf-over-60-fails", claimed("nbf", now-4200), "invalid_request_object"},
		{"without iss", claimed("iss", nil), "invalid_request_object"},
		{"iss of client 2", claimed("iss", two.id), "invalid_request_object"},
		{"client_id of client 2", claimed("client_id", two.id), "invalid_request_object"},
		{"without client_id", claimed("client_id", nil), "invalid_request_object"},
		{"exp as text", claimed("exp", "soon"), "invalid_request_object"},
		{"ensure-signed-request-object-with-RS256-fails", fault{Alg: "RS256", Key: rsa.private}, "invalid_request_object"},
		{"ensure-request-object-signature-algorithm-is-not-none", fault{Alg: "none"}, "invalid_request_object"},
		{"ensure-request-object-with-invalid-signature-fails", fault{Broken: true}, "invalid_request_object"},
		{"ensure-matching-key-in-authorization-request", fault{Key: two.key.private}, "invalid_request_object"},
		{"an unknown kid", headed("kid", "other"), "invalid_request_object"},
		{"a key in the header", fault{Key: two.key.private, Header: map[string]any{"jwk": two.key.public()}}, "invalid_request_object"},
		{"another typ", headed("typ", "at+jwt"), "invalid_request_object"},
		{"par-authorization-request-containing-request_uri", claimed("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request_object"},
		{"request inside", claimed("request", "e30.e30.c2ln"), "invalid_request_object"},
		{"HS256 over the public key", fault{Alg: "HS256"}, "invalid_request_object"},
		{"an unknown crit", headed("crit", []string{"extra"}), "invalid_request_object"},
		{"too long", claimed("extra", strings.Repeat("x", 16<<10)), "invalid_request_object"},
		{"nested too deep", claimed("extra", deep(20)), "invalid_request_object"},
		{"ensure-request-object-without-redirect-uri-fails", claimed("redirect_uri", nil), "invalid_request"},
		{"plain inside", claimed("code_challenge_method", "plain"), "invalid_request"},
		{"other response type inside", claimed("response_type", "code id_token"), "unsupported_response_type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := one.push(url.Values{"request": {one.object(test.change)}})
			if test.code == "" {
				a.want(t, 201, "")
			} else {
				a.want(t, 400, test.code)
			}
		})
	}
	for name, text := range map[string]string{"no JWT": "{}", "encrypted": "e30.c2ln.c2ln.c2ln.c2ln", "no signature": "e30.e30."} {
		t.Run(name, func(t *testing.T) {
			one.push(url.Values{"request": {text}}).want(t, 400, "invalid_request_object")
		})
	}
	t.Run("ensure-unsigned-request-at-par-endpoint-fails", func(t *testing.T) {
		fields, _ := one.request(nil)
		one.push(fields).want(t, 400, "invalid_request")
	})
	t.Run("parameters outside are not merged", func(t *testing.T) {
		a := one.push(url.Values{"request": {one.object(fault{Claims: map[string]any{"state": nil, "nonce": nil}})},
			"state": {"outside"}, "nonce": {"outside"}, "prompt": {"none login"}, "max_age": {"x"}})
		a.want(t, 201, "")
		if q := one.answered(one.open(b.signedIn(), a.text("request_uri"), nil)); q.Has("state") || q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("without PAR", func(t *testing.T) {
		direct := b.party(callback, func(m *provider.Metadata) { signedOnly(m); connect(m) })
		w := b.signedIn()
		good := url.Values{"client_id": {direct.id}, "request": {direct.object()}}
		if q := direct.answered(w.get("/authorize?" + good.Encode())); q.Get("code") == "" || q.Get("state") != "s" {
			t.Errorf("answer %v", q)
		}
		bad := url.Values{"client_id": {direct.id}, "request": {direct.object(fault{Broken: true})}}
		if p := w.get("/authorize?" + bad.Encode()); !p.errorPage() || !strings.Contains(p.body, "invalid_request_object") {
			t.Errorf("a broken one led to %s (%d) %v", p.url, p.status, p.location)
		}
		plain, _ := direct.request(nil)
		if q := direct.answered(w.get("/authorize?" + plain.Encode())); q.Get("error") != "invalid_request" {
			t.Errorf("an unsigned one got %v", q)
		}
	})
}

func deep(n int) any {
	var value any = 1
	for range n {
		value = []any{value}
	}
	return value
}

// TestRequestObjectAlgorithms: each one that the metadata name is taken, by the client
// that registered it and by no other.
func TestRequestObjectAlgorithms(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	algs := []string{"RS256", "PS256", "ES256", "EdDSA"}
	for _, registered := range algs {
		key := newKeyPair(t, registered)
		id, _ := b.client(func(m *provider.Metadata) {
			m.TokenEndpointAuthMethod, m.RequestObjectSigningAlg, m.JWKS = "none", registered, provider.NewKeySet(key.public())
		})
		p := party{&holder{b: b, id: id, key: key}, callback}
		for _, used := range algs {
			f := fault{Alg: used}
			if strings.TrimLeft(registered, "RP") != strings.TrimLeft(used, "RP") { // RS256 and PS256 share a key
				f.Key = newKeyPair(t, used).private
			}
			q := p.answered(b.browser().get("/authorize?" + url.Values{"client_id": {id}, "request": {p.object(f)}, "redirect_uri": {callback},
				"response_type": {"code"}, "prompt": {"none"}}.Encode()))
			want := "invalid_request_object"
			if used == registered {
				want = "login_required"
			}
			if q.Get("error") != want {
				t.Errorf("registered %s, signed with %s: %v", registered, used, q)
			}
		}
	}
}

// TestMergedRequest: a client that may sign has the object's members put over its
// parameters, numbers and objects unharmed (OpenID Connect Core 6.1; conformance 4).
func TestMergedRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	p := b.party(callback, func(m *provider.Metadata) { connect(m); m.RequestObjectSigningAlg = "ES256" })
	send := func(w *browser, object string, outside url.Values) page {
		fields, _ := p.request(outside)
		fields.Set("request", object)
		return w.get("/authorize?" + fields.Encode())
	}
	t.Run("request-object-with-state-and-nonce-inside", func(t *testing.T) {
		object := p.object(fault{Header: map[string]any{"typ": "JWT"}, Claims: map[string]any{"state": "inside", "nonce": "inside"}})
		if q := p.answered(send(b.signedIn(), object, url.Values{"state": nil, "nonce": nil})); q.Get("state") != "inside" || q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("outside parameters count where the object has none", func(t *testing.T) {
		if q := p.answered(send(b.signedIn(), p.object(claimed("state", nil)), url.Values{"state": {"outside"}})); q.Get("state") != "outside" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("max_age is a number", func(t *testing.T) {
		w := b.signedIn()
		b.clock.advance(5 * time.Second)
		if led := send(w, p.object(claimed("max_age", 2)), nil); led.url.Path != "/login" {
			t.Errorf("max_age 2 led to %s (%d) %v", led.url, led.status, led.location)
		}
		if q := p.answered(send(w, p.object(claimed("max_age", 15000)), nil)); q.Get("code") == "" {
			t.Errorf("max_age 15000 got %v", q)
		}
	})
	t.Run("claims is an object", func(t *testing.T) {
		fields, verifier := p.request(nil)
		fields.Set("request", p.object(claimed("code_challenge", nil), claimed("claims", map[string]any{"userinfo": map[string]any{"name": nil}})))
		q := p.answered(b.signedIn().get("/authorize?" + fields.Encode()))
		info := p.userinfo(p.redeem(q.Get("code"), verifier).text("access_token"))
		if info.text("name") != "MARÍA NÚÑEZ DE LA CRUZ" {
			t.Errorf("userinfo %v", info.body)
		}
	})
	t.Run("ensure-request-object-with-redirect-uri", func(t *testing.T) {
		if q := p.answered(send(b.signedIn(), p.object(), url.Values{"redirect_uri": {callback + "_invalid"}})); q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
		off := b.party(callback, connect)
		fields, _ := off.request(url.Values{"redirect_uri": {callback + "_invalid"}, "request": {off.object()}})
		if led := b.signedIn().get("/authorize?" + fields.Encode()); !led.errorPage() {
			t.Errorf("without request objects: %s (%d) %v", led.url, led.status, led.location)
		}
	})
	t.Run("another response_type inside", func(t *testing.T) {
		if q := p.answered(send(b.signedIn(), p.object(claimed("response_type", "code token")), nil)); q.Get("error") != "invalid_request_object" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("without nbf", func(t *testing.T) {
		if q := p.answered(send(b.signedIn(), p.object(claimed("nbf", nil)), nil)); q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
	})
	for name, change := range map[string]fault{
		"unsigned-request-object-supported-correctly-or-rejected-as-unsupported": {Alg: "none"},
		"a broken signature": {Broken: true},
		"expired":            claimed("exp", b.clock.now().Unix()-60),
	} {
		t.Run(name, func(t *testing.T) {
			if q := p.answered(send(b.signedIn(), p.object(change), nil)); q.Get("error") != "invalid_request_object" || q.Get("state") != "s" || q.Has("code") {
				t.Errorf("answer %v", q)
			}
		})
	}
	t.Run("request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", func(t *testing.T) {
		fields, _ := p.request(url.Values{"request_uri": {"https://app.example/object#x"}, "state": nil})
		if q := p.answered(b.signedIn().get("/authorize?" + fields.Encode())); q.Get("error") != "request_uri_not_supported" {
			t.Errorf("answer %v", q)
		}
		fields.Set("request", p.object())
		if q := p.answered(b.signedIn().get("/authorize?" + fields.Encode())); q.Get("error") != "invalid_request" {
			t.Errorf("with both: %v", q)
		}
	})
}

// FuzzRequestObject: whatever is signed by the client, or not, the PAR endpoint answers
// 201 or an OAuth error, and what it takes can be opened.
func FuzzRequestObject(f *testing.F) {
	b := newBenchIn(f, 4)
	p := b.party(callback, func(m *provider.Metadata) {
		signedOnly(m)
		m.Profile, m.TokenEndpointAuthMethod = provider.ProfileOwn, "none"
	})
	for _, payload := range []string{
		`{"response_type":"code","redirect_uri":"` + callback + `","scope":"openid","max_age":1e3,"claims":{"userinfo":{"name":null}}}`,
		`{"response_type":["code"],"redirect_uri":null,"prompt":true,"state":"\u0000","request_uri":""}`,
		`{"exp":-1}`, `[]`, `{"aud":[1]}`, `{"claims":"{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[1,null]}}}"}`, "\xff",
	} {
		f.Add([]byte(payload), true)
		f.Add([]byte(payload), false)
	}
	f.Fuzz(func(t *testing.T, payload []byte, complete bool) {
		if i := bytes.IndexByte(payload, '{'); i == 0 && complete { // make the frame right, so that the rest is looked at
			now := b.clock.now().Unix()
			head, err := json.Marshal(map[string]any{"iss": p.id, "aud": b.issuer, "client_id": p.id, "nbf": now, "exp": now + 60,
				"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"})
			must(t, err)
			payload = append(append(head[:len(head)-1], ','), payload[1:]...)
		}
		text := encodeJSON(map[string]any{"alg": "ES256", "kid": p.key.kid}) + "." + base64.RawURLEncoding.EncodeToString(payload)
		compact := text + "." + base64.RawURLEncoding.EncodeToString(sign("ES256", p.key.private, []byte(text)))
		a := p.pushRecorded(url.Values{"client_id": {p.id}, "request": {compact}})
		if a.Code != 201 && (a.Code < 400 || a.Code >= 500 || !strings.Contains(a.Body.String(), `"error"`)) {
			t.Fatalf("status %d for %q: %s", a.Code, payload, a.Body)
		}
	})
}

func (p party) pushRecorded(fields url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/par", strings.NewReader(fields.Encode()))
	r.Host = strings.TrimPrefix(p.b.issuer, "https://")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	p.b.server.Config.Handler.ServeHTTP(w, r)
	return w
}
