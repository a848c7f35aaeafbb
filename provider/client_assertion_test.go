package provider_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/internal/outbound"
	"huskyidp/provider"
)

// TestClientAssertions is conformance 9.5, row by row, at both endpoints: what is
// accepted gets as far as the refresh token, which is nonsense, or to a request_uri.
func TestClientAssertions(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	other := b.holder("ES256", nil)
	deep := json.RawMessage(strings.Repeat("[", 20) + strings.Repeat("]", 20))
	seconds := func(n int64) int64 { return b.clock.now().Unix() + n }
	for _, test := range []struct {
		name   string
		alg    string // of the client's key; ES256 if empty
		change func(p *holder) fault
		ok     bool
	}{
		{"happy-flow", "ES256", func(*holder) fault { return fault{} }, true},
		{"happy-flow PS256", "PS256", func(*holder) fault { return fault{} }, true},
		{"happy-flow EdDSA", "EdDSA", func(*holder) fault { return fault{} }, true},
		{"par-test-array-as-audience-fails", "", func(*holder) fault { return claimed("aud", []string{b.issuer, "https://other.example"}) }, false},
		{"an array with the issuer alone", "", func(*holder) fault { return claimed("aud", []string{b.issuer}) }, false},
		{"par-test-par-endpoint-url-as-audience-fails", "", func(*holder) fault { return claimed("aud", b.issuer+"/par") }, false},
		{"par-test-token-endpoint-url-as-audience-fails", "", func(*holder) fault { return claimed("aud", b.issuer+"/token") }, false},
		{"par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted", "", func(*holder) fault {
			return fault{Claims: map[string]any{"iat": seconds(8), "nbf": seconds(8)}}
		}, true},
		{"par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails", "", func(*holder) fault { return claimed("nbf", seconds(70)) }, false},
		{"iat over 60 seconds in the future", "", func(*holder) fault { return claimed("iat", seconds(70)) }, false},
		{"ensure-client-id-in-token-endpoint", "", func(*holder) fault {
			return fault{Header: map[string]any{"kid": other.key.kid}, Claims: map[string]any{"iss": other.id, "sub": other.id}, Key: other.key.private}
		}, false},
		{"ensure-signed-client-assertion-with-RS256-fails", "PS256", func(*holder) fault { return fault{Alg: "RS256"} }, false},
		{"ensure-client-assertion-exp-is-5-minutes-in-past-fails", "", func(*holder) fault { return claimed("exp", seconds(-300)) }, false},
		{"ensure-client-assertion-wrong-aud-fails", "", func(*holder) fault { return claimed("aud", "https://other.example") }, false},
		{"ensure-client-assertion-no-sub-fails", "", func(*holder) fault { return claimed("sub", nil) }, false},

		// our own additions
		{"no iss", "", func(*holder) fault { return claimed("iss", nil) }, false},
		{"no aud", "", func(*holder) fault { return claimed("aud", nil) }, false},
		{"no exp", "", func(*holder) fault { return claimed("exp", nil) }, false},
		{"no jti", "", func(*holder) fault { return claimed("jti", nil) }, false},
		{"no iat and nbf", "", func(*holder) fault { return fault{Claims: map[string]any{"iat": nil, "nbf": nil}} }, true},
		{"exp over five minutes ahead", "", func(*holder) fault { return claimed("exp", seconds(330)) }, false},
		{"exp as text", "", func(*holder) fault { return claimed("exp", "tomorrow") }, false},
		{"exp beyond all years", "", func(*holder) fault { return claimed("exp", 1e300) }, false},
		{"issuer with a slash", "", func(*holder) fault { return claimed("aud", b.issuer+"/") }, false},
		{"unknown kid", "", func(*holder) fault { return headed("kid", "unknown") }, false},
		{"no kid", "", func(*holder) fault { return headed("kid", nil) }, true},
		{"another client's key", "", func(*holder) fault { return fault{Key: other.key.private} }, false},
		{"broken signature", "", func(*holder) fault { return fault{Broken: true} }, false},
		{"none", "", func(*holder) fault { return fault{Alg: "none"} }, false},
		{"HS256 over the public key", "", func(*holder) fault { return fault{Alg: "HS256"} }, false},
		{"key in the header", "", func(p *holder) fault { return headed("jwk", p.key.public()) }, false},
		{"jku", "", func(*holder) fault { return headed("jku", "https://evil.example/jwks") }, false},
		{"x5u", "", func(*holder) fault { return headed("x5u", "https://evil.example/cert") }, false},
		{"x5c", "", func(*holder) fault { return headed("x5c", []string{}) }, false},
		{"unknown critical header", "", func(*holder) fault { return fault{Header: map[string]any{"crit": []string{"x"}, "x": 1}} }, false},
		{"unknown claim and header", "", func(*holder) fault {
			return fault{Header: map[string]any{"extra": 1}, Claims: map[string]any{"extra": map[string]any{"a": 1}}}
		}, true},
		{"over 8 KiB", "", func(*holder) fault { return claimed("extra", strings.Repeat("x", 8<<10)) }, false},
		{"deep JSON", "", func(*holder) fault { return claimed("extra", deep) }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			alg := test.alg
			if alg == "" {
				alg = "ES256"
			}
			p := b.holder(alg, nil)
			status, code, pushed := 401, "invalid_client", 401
			if test.ok {
				status, code, pushed = 400, "invalid_grant", 201
			}
			p.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"},
				"client_assertion": {p.assertion(test.change(p))}}, p.proof("POST", "/token", "")).want(t, status, code)
			if a, _ := p.push(url.Values{"client_assertion": {p.assertion(test.change(p))}}); a.status != pushed {
				t.Errorf("PAR answered %d %v, want %d", a.status, a.body, pushed)
			}
		})
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}
	with := func(more url.Values) url.Values {
		all := url.Values{}
		for _, values := range []url.Values{refresh, more} {
			for name, value := range values {
				all[name] = value
			}
		}
		return all
	}
	t.Run("ensure-client-assertion-in-token-endpoint", func(t *testing.T) {
		p := b.holder("ES256", nil)
		p.post("/token", with(url.Values{"client_assertion": nil, "client_assertion_type": nil})).want(t, 401, "invalid_client")
		p.post("/token", with(url.Values{"client_assertion_type": {"x"}})).want(t, 401, "invalid_client")
		p.post("/token", with(url.Values{"client_assertion_type": nil})).want(t, 401, "invalid_client")
		p.post("/token", with(url.Values{"client_secret": {"x"}})).want(t, 400, "invalid_request")
	})
	t.Run("without client_id", func(t *testing.T) {
		p := b.holder("ES256", nil)
		p.post("/token", with(url.Values{"client_id": nil}), p.proof("POST", "/token", "")).want(t, 400, "invalid_grant")
		p.post("/token", with(url.Values{"client_id": nil, "client_assertion": {"a.b.c"}})).want(t, 401, "invalid_client")
	})
	t.Run("a jti is used once by a client", func(t *testing.T) {
		p, q := b.holder("ES256", nil), b.holder("ES256", nil)
		jti := claimed("jti", rand.Text())
		use := func(p *holder) answer {
			return p.post("/token", with(url.Values{"client_assertion": {p.assertion(jti)}}), p.proof("POST", "/token", ""))
		}
		use(p).want(t, 400, "invalid_grant")
		use(p).want(t, 401, "invalid_client")
		use(q).want(t, 400, "invalid_grant")
	})
	t.Run("a refused assertion is not spent", func(t *testing.T) {
		p := b.holder("ES256", nil)
		jti := claimed("jti", rand.Text())
		p.post("/token", with(url.Values{"client_assertion": {p.assertion(jti, claimed("aud", "x"))}})).want(t, 401, "invalid_client")
		p.post("/token", with(url.Values{"client_assertion": {p.assertion(jti)}}), p.proof("POST", "/token", "")).want(t, 400, "invalid_grant")
	})
	t.Run("16 uses of one assertion at once", func(t *testing.T) {
		p := b.holder("ES256", nil)
		assertion := p.assertion()
		got := race(16, func() answer { return p.post("/token", with(url.Values{"client_assertion": {assertion}})) })
		if got[400] != 1 || got[401] != 15 {
			t.Errorf("16 uses: %v, want one accepted", got)
		}
	})
	t.Run("a client with a secret cannot switch", func(t *testing.T) {
		p := b.holder("ES256", nil)
		p.id, _ = b.client(func(m *provider.Metadata) { m.JWKS = provider.NewKeySet(p.key.public()) })
		p.post("/token", refresh).want(t, 401, "invalid_client")
	})
}

// TestAssertionsOfOtherProfiles covers conformance 6 and S-37: every algorithm, and the
// audiences that clients outside of FAPI send.
func TestAssertionsOfOtherProfiles(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	ask := func(t *testing.T, alg string, change func(*provider.Metadata), faults ...fault) answer {
		t.Helper()
		p := b.holder(alg, func(m *provider.Metadata) {
			m.Profile, m.TokenEndpointAuthMethod = provider.ProfileOwn, "private_key_jwt"
			if change != nil {
				change(m)
			}
		})
		return p.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_assertion": {p.assertion(faults...)}})
	}
	for _, alg := range []string{"RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA"} {
		ask(t, alg, nil).want(t, 400, "invalid_grant")
		ask(t, alg, func(m *provider.Metadata) { m.TokenEndpointAuthSigningAlg = alg }).want(t, 400, "invalid_grant")
	}
	for _, alg := range []string{"PS384", "RS512"} {
		ask(t, "RS256", nil, fault{Alg: "RS384", Header: map[string]any{"alg": alg}}).want(t, 401, "invalid_client")
	}
	ask(t, "RS256", func(m *provider.Metadata) { m.TokenEndpointAuthSigningAlg = "PS256" }).want(t, 401, "invalid_client")
	keyFor := func(change func(*jose.JSONWebKey)) func(*provider.Metadata) {
		return func(m *provider.Metadata) { change(&m.JWKS.Keys[0]) }
	}
	ask(t, "RS256", keyFor(func(k *jose.JSONWebKey) { k.Use, k.Algorithm = "sig", "RS256" })).want(t, 400, "invalid_grant")
	ask(t, "RS256", keyFor(func(k *jose.JSONWebKey) { k.Use = "enc" })).want(t, 401, "invalid_client")
	ask(t, "RS256", keyFor(func(k *jose.JSONWebKey) { k.Algorithm = "PS256" })).want(t, 401, "invalid_client")
	for aud, ok := range map[string]bool{b.issuer: true, b.issuer + "/token": true, b.issuer + "/par": false, "https://other.example/token": false} {
		status, code := 401, "invalid_client"
		if ok {
			status, code = 400, "invalid_grant"
		}
		ask(t, "ES256", nil, claimed("aud", aud)).want(t, status, code)
		ask(t, "ES256", nil, claimed("aud", []string{aud})).want(t, status, code)
		ask(t, "ES256", nil, claimed("aud", []string{aud, b.issuer + "/token"})).want(t, status, code)
		ask(t, "ES256", nil, claimed("aud", []string{"https://other.example", aud})).want(t, 401, "invalid_client")
	}
	ask(t, "ES256", nil, claimed("aud", []string{})).want(t, 401, "invalid_client")
}

// TestKeysByAddress is oidcc-registration-jwks-uri and oidcc-refresh-token-rp-key-rotation,
// with S-67's one error text.
func TestKeysByAddress(t *testing.T) {
	t.Parallel()
	var served []jose.JSONWebKey
	fetches := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetches++
		if served == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: served})
	}))
	t.Cleanup(server.Close)
	b := newBenchIn(t, 4, func(b *bench, d *provider.Deps) {
		client := outbound.New(outbound.Options{Allow: []string{strings.TrimPrefix(server.URL, "https://")},
			RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
		d.ClientKeys = outbound.NewKeys(client, outbound.KeysOptions{Now: b.clock.now})
	})
	p := b.holder("RS256", func(m *provider.Metadata) {
		m.Profile, m.TokenEndpointAuthMethod, m.JWKS, m.JWKSURI = provider.ProfileOwn, "private_key_jwt", nil, server.URL+"/jwks"
	})
	served = []jose.JSONWebKey{newKeyPair(t, "ES256").public(), p.key.public()}
	code, verifier := b.code(b.signedIn(), p.id)
	first := p.redeem(code, verifier)
	first.want(t, 200, "")
	refresh := func(token string) answer {
		return p.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
	}
	p.key = newKeyPair(t, "ES256")
	served = []jose.JSONWebKey{p.key.public()}
	refresh(first.text("refresh_token")).want(t, 401, "invalid_client")
	b.clock.advance(time.Minute)
	refresh(first.text("refresh_token")).want(t, 200, "")
	if fetches != 2 {
		t.Errorf("%d fetches, want 2", fetches)
	}
	served = nil
	b.clock.advance(2 * time.Hour)
	a := refresh("x")
	a.want(t, 401, "invalid_client")
	if text := a.text("error_description"); strings.Contains(text, "404") || strings.Contains(text, "127.0.0.1") || !strings.Contains(text, "jwks_uri") {
		t.Errorf("error_description %q", text)
	}
}

// FuzzAssertion: whatever the assertion, the answer is an OAuth error.
func FuzzAssertion(f *testing.F) {
	b := newBenchIn(f, 4)
	p := b.holder("ES256", nil)
	f.Add(p.assertion())
	f.Add(p.assertion(fault{Alg: "none"}))
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJFUzI1NiIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9.e30.AAAA")
	f.Fuzz(func(t *testing.T, assertion string) {
		fields := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
		r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader(fields.Encode()))
		r.Host = strings.TrimPrefix(b.issuer, "https://")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		b.server.Config.Handler.ServeHTTP(w, r)
		if !slices.Contains([]int{400, 401, 413, 429}, w.Code) || w.Code != 413 && w.Code != 429 && !strings.Contains(w.Body.String(), `"error"`) {
			t.Fatalf("status %d for %q: %s", w.Code, assertion, w.Body)
		}
	})
}
