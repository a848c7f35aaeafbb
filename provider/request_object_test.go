package provider_test

import (
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/provider"
)

// object is a good request object of the party (conformance 10.1), about to be signed.
func (p party) object(change map[string]any) forge {
	fields, _ := p.request(nil)
	now := p.b.clock.now()
	claims := map[string]any{"iss": p.id, "aud": p.b.issuer, "client_id": p.id, "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	for name, values := range fields {
		claims[name] = values[0]
	}
	maps.Copy(claims, change)
	return forge{key: p.key, alg: p.key.alg, typ: "oauth-authz-req+jwt", claims: claims}
}

func signedOnly(m *provider.Metadata) {
	m.RequestObjectSigningAlg, m.RequireSignedRequest = "ES256", true
}

// TestSignedRequests are the modules of conformance 10.1 (RFC 9101, S-35): a client
// that must sign pushes request objects.
func TestSignedRequests(t *testing.T) {
	b := newBench(t, 4)
	one, two := b.parties(signedOnly)
	rsa := newClientKey(t, jose.RS256, "k")
	now := b.clock.now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	claims := func(change map[string]any) func(*forge) {
		return func(f *forge) { maps.Copy(f.claims, change) }
	}
	for _, test := range []struct {
		name   string
		change func(*forge)
		code   string // "" is 201
	}{
		{"happy-flow", func(*forge) {}, ""},
		{"without typ", func(f *forge) { f.typ = "" }, ""},
		{"ensure-request-object-with-multiple-aud-succeeds", claims(map[string]any{"aud": []string{"https://other.example", b.issuer}}), ""},
		{"ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted", claims(map[string]any{"nbf": at(8 * time.Second)}), ""},
		{"…-with-nbf-over-60-seconds-in-the-future", claims(map[string]any{"nbf": at(70 * time.Second), "exp": at(3 * time.Minute)}), "invalid_request_object"},
		{"…-without-exp-fails", claims(map[string]any{"exp": nil}), "invalid_request_object"},
		{"…-without-nbf-fails", claims(map[string]any{"nbf": nil}), "invalid_request_object"},
		{"ensure-expired-request-object-fails", claims(map[string]any{"nbf": at(-10 * time.Minute), "exp": at(-5 * time.Minute)}), "invalid_request_object"},
		{"…-with-bad-aud-fails", claims(map[string]any{"aud": "https://other.example"}), "invalid_request_object"},
		{"without aud", claims(map[string]any{"aud": nil}), "invalid_request_object"},
		{"aud of the endpoint", claims(map[string]any{"aud": b.issuer + "/par"}), "invalid_request_object"},
		{"…-with-exp-over-60-fails", claims(map[string]any{"exp": at(70 * time.Minute)}), "invalid_request_object"},
		{"…-with-nbf-over-60-fails", claims(map[string]any{"nbf": at(-70 * time.Minute)}), "invalid_request_object"},
		{"without iss", claims(map[string]any{"iss": nil}), "invalid_request_object"},
		{"iss of client 2", claims(map[string]any{"iss": two.id}), "invalid_request_object"},
		{"client_id of client 2", claims(map[string]any{"client_id": two.id}), "invalid_request_object"},
		{"without client_id", claims(map[string]any{"client_id": nil}), "invalid_request_object"},
		{"exp as text", claims(map[string]any{"exp": "soon"}), "invalid_request_object"},
		{"ensure-signed-request-object-with-RS256-fails", func(f *forge) { f.key, f.alg = rsa, jose.RS256 }, "invalid_request_object"},
		{"ensure-request-object-signature-algorithm-is-not-none", func(f *forge) { f.alg = "none" }, "invalid_request_object"},
		{"ensure-request-object-with-invalid-signature-fails", func(f *forge) { f.mangle = brokenSignature }, "invalid_request_object"},
		{"ensure-matching-key-in-authorization-request", func(f *forge) { f.key = two.key }, "invalid_request_object"},
		{"an unknown kid", func(f *forge) { f.key.kid = "other" }, "invalid_request_object"},
		{"a key in the header", func(f *forge) {
			f.key = two.key
			f.header = map[string]any{"jwk": jose.JSONWebKey{Key: two.key.private.Public()}}
		}, "invalid_request_object"},
		{"another typ", func(f *forge) { f.typ = "at+jwt" }, "invalid_request_object"},
		{"par-authorization-request-containing-request_uri", claims(map[string]any{"request_uri": "urn:ietf:params:oauth:request_uri:x"}), "invalid_request_object"},
		{"request inside", claims(map[string]any{"request": "e30.e30.c2ln"}), "invalid_request_object"},
		{"no JWT", func(f *forge) { f.mangle = func(string) string { return "{}" } }, "invalid_request_object"},
		{"encrypted", func(f *forge) { f.mangle = func(string) string { return "e30.c2ln.c2ln.c2ln.c2ln" } }, "invalid_request_object"},
		{"too long", claims(map[string]any{"extra": strings.Repeat("x", 16<<10)}), "invalid_request_object"},
		{"nested too deep", claims(map[string]any{"extra": deep(20)}), "invalid_request_object"},
		{"ensure-request-object-without-redirect-uri-fails", claims(map[string]any{"redirect_uri": nil}), "invalid_request"},
		{"plain inside", claims(map[string]any{"code_challenge_method": "plain"}), "invalid_request"},
		{"other response type inside", claims(map[string]any{"response_type": "code id_token"}), "unsupported_response_type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := one.object(nil)
			test.change(&f)
			a := one.push(url.Values{"client_id": {one.id}, "request": {f.sign(t)}})
			if test.code == "" {
				a.want(t, 201, "")
			} else {
				a.want(t, 400, test.code)
			}
		})
	}
	t.Run("ensure-unsigned-request-at-par-endpoint-fails", func(t *testing.T) {
		fields, _ := one.request(nil)
		one.push(fields).want(t, 400, "invalid_request")
	})
	t.Run("parameters outside are not merged", func(t *testing.T) {
		a := one.push(url.Values{"client_id": {one.id}, "request": {one.object(map[string]any{"state": nil, "nonce": nil}).sign(t)},
			"state": {"outside"}, "nonce": {"outside"}, "prompt": {"none login"}, "max_age": {"x"}})
		a.want(t, 201, "")
		if q := one.answered(one.open(b.signedIn(), a.text("request_uri"), nil)); q.Has("state") || q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("without PAR", func(t *testing.T) {
		direct := b.party(callback, func(m *provider.Metadata) { signedOnly(m); m.RequirePAR = false })
		w := b.signedIn()
		good := url.Values{"client_id": {direct.id}, "request": {direct.object(nil).sign(t)}}
		if q := direct.answered(w.get("/authorize?" + good.Encode())); q.Get("code") == "" || q.Get("state") != "s" {
			t.Errorf("answer %v", q)
		}
		f := direct.object(nil)
		f.mangle = brokenSignature
		bad := url.Values{"client_id": {direct.id}, "request": {f.sign(t)}}
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
	b := newBench(t, 4)
	algs := []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}
	for _, registered := range algs {
		p := b.party(callback, nil)
		p.key = newClientKey(t, registered, "k")
		p.id, p.secret = b.client(func(m *provider.Metadata) {
			m.RequestObjectSigningAlg, m.RequireSignedRequest, m.JWKS = string(registered), true, p.key.set()
		})
		for _, used := range algs {
			f := p.object(nil)
			f.alg = used
			if used != registered && !(used == jose.PS256 && registered == jose.RS256) && !(used == jose.RS256 && registered == jose.PS256) {
				f.key = newClientKey(t, used, "k")
			}
			a := p.push(url.Values{"client_id": {p.id}, "request": {f.sign(t)}})
			if (a.status == 201) != (used == registered) {
				t.Errorf("registered %s, signed with %s: %d %v", registered, used, a.status, a.body)
			}
		}
	}
}

// TestMergedRequest: a client that may sign has the object's members put over its
// parameters, numbers and objects unharmed (OpenID Connect Core 6.1; conformance 4).
func TestMergedRequest(t *testing.T) {
	b := newBench(t, 4)
	p := b.party(callback, func(m *provider.Metadata) { m.RequirePAR, m.RequestObjectSigningAlg = false, "ES256" })
	send := func(w *browser, f forge, outside url.Values) page {
		fields, _ := p.request(outside)
		fields.Set("request", f.sign(t))
		return w.get("/authorize?" + fields.Encode())
	}
	t.Run("request-object-with-state-and-nonce-inside", func(t *testing.T) {
		f := p.object(map[string]any{"state": "inside", "nonce": "inside"})
		f.typ = "JWT"
		if q := p.answered(send(b.signedIn(), f, url.Values{"state": nil, "nonce": nil})); q.Get("state") != "inside" || q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("outside parameters count where the object has none", func(t *testing.T) {
		if q := p.answered(send(b.signedIn(), p.object(map[string]any{"state": nil}), url.Values{"state": {"outside"}})); q.Get("state") != "outside" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("max_age is a number", func(t *testing.T) {
		w := b.signedIn()
		b.clock.advance(5 * time.Second)
		if led := send(w, p.object(map[string]any{"max_age": 2}), nil); led.url.Path != "/login" {
			t.Errorf("max_age 2 led to %s (%d) %v", led.url, led.status, led.location)
		}
		if q := p.answered(send(w, p.object(map[string]any{"max_age": 15000}), nil)); q.Get("code") == "" {
			t.Errorf("max_age 15000 got %v", q)
		}
	})
	t.Run("claims is an object", func(t *testing.T) {
		fields, verifier := p.request(nil)
		fields.Set("request", p.object(map[string]any{"code_challenge": nil, "claims": map[string]any{"userinfo": map[string]any{"name": nil}}}).sign(t))
		q := p.answered(b.signedIn().get("/authorize?" + fields.Encode()))
		info := b.userinfo(p.redeem(q.Get("code"), verifier).text("access_token"))
		if info.text("name") != "MARÍA NÚÑEZ DE LA CRUZ" {
			t.Errorf("userinfo %v", info.body)
		}
	})
	t.Run("ensure-request-object-with-redirect-uri", func(t *testing.T) {
		if q := p.answered(send(b.signedIn(), p.object(nil), url.Values{"redirect_uri": {callback + "_invalid"}})); q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
		off := b.party(callback, func(m *provider.Metadata) { m.RequirePAR = false })
		fields, _ := off.request(url.Values{"redirect_uri": {callback + "_invalid"}, "request": {off.object(nil).sign(t)}})
		if led := b.signedIn().get("/authorize?" + fields.Encode()); !led.errorPage() {
			t.Errorf("without request objects: %s (%d) %v", led.url, led.status, led.location)
		}
	})
	t.Run("another response_type inside", func(t *testing.T) {
		if q := p.answered(send(b.signedIn(), p.object(map[string]any{"response_type": "code token"}), nil)); q.Get("error") != "invalid_request_object" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("without nbf", func(t *testing.T) {
		if q := p.answered(send(b.signedIn(), p.object(map[string]any{"nbf": nil}), nil)); q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
	})
	for name, break_ := range map[string]func(*forge){
		"unsigned-request-object-supported-correctly-or-rejected-as-unsupported": func(f *forge) { f.alg = "none" },
		"a broken signature": func(f *forge) { f.mangle = brokenSignature },
		"expired":            func(f *forge) { f.claims["exp"] = b.clock.now().Add(-time.Minute).Unix() },
	} {
		t.Run(name, func(t *testing.T) {
			f := p.object(nil)
			break_(&f)
			if q := p.answered(send(b.signedIn(), f, nil)); q.Get("error") != "invalid_request_object" || q.Get("state") != "s" || q.Has("code") {
				t.Errorf("answer %v", q)
			}
		})
	}
	t.Run("request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", func(t *testing.T) {
		fields, _ := p.request(url.Values{"request_uri": {"https://app.example/object#x"}, "state": nil})
		if q := p.answered(b.signedIn().get("/authorize?" + fields.Encode())); q.Get("error") != "request_uri_not_supported" {
			t.Errorf("answer %v", q)
		}
		fields.Set("request", p.object(nil).sign(t))
		if q := p.answered(b.signedIn().get("/authorize?" + fields.Encode())); q.Get("error") != "invalid_request" {
			t.Errorf("with both: %v", q)
		}
	})
}

// FuzzRequestObject: whatever is signed by the client, or not, the PAR endpoint answers
// 201 or an OAuth error, and what it takes can be opened.
func FuzzRequestObject(f *testing.F) {
	b := newBenchIn(f, 4)
	p := b.party(callback, func(m *provider.Metadata) { signedOnly(m); m.TokenEndpointAuthMethod = "none" })
	for _, payload := range []string{
		`{"response_type":"code","redirect_uri":"` + callback + `","scope":"openid","max_age":1e3,"claims":{"userinfo":{"name":null}}}`,
		`{"response_type":["code"],"redirect_uri":null,"prompt":true,"state":"\u0000","request_uri":""}`,
		`{"exp":-1}`, `[]`, `{"aud":[1]}`, `{"claims":"{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[1,null]}}}"}`, "\xff",
	} {
		f.Add([]byte(payload), true)
		f.Add([]byte(payload), false)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key.private}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	must(f, err)
	f.Fuzz(func(t *testing.T, payload []byte, complete bool) {
		if i := slices.Index(payload, '{'); i == 0 && complete { // make the frame right, so that the rest is looked at
			now := b.clock.now().Unix()
			head := forge{alg: "none", claims: map[string]any{"iss": p.id, "aud": b.issuer, "client_id": p.id, "nbf": now, "exp": now + 60,
				"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}}.payload(t)
			payload = append(append(head[:len(head)-1], ','), payload[1:]...)
		}
		signed, err := signer.Sign(payload)
		must(t, err)
		compact, err := signed.CompactSerialize()
		must(t, err)
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
