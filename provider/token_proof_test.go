package provider_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/provider"
)

// accessClaims reads the claims of a JWT without looking at its signature.
func accessClaims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	var claims map[string]any
	must(t, json.Unmarshal(raw, &claims))
	return claims
}

// TestFAPIHappyFlow is conformance 9.2 with private_key_jwt and DPoP.
func TestFAPIHappyFlow(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	for _, alg := range []string{"ES256", "PS256"} {
		t.Run(alg, func(t *testing.T) {
			p := b.holder(alg, func(m *provider.Metadata) { m.IDTokenSignedResponseAlg = alg })
			a := p.tokens(b.signedIn())
			if a.text("token_type") != "DPoP" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("token_type %q, headers %v", a.text("token_type"), a.header)
			}
			if cnf, _ := accessClaims(t, a.text("access_token"))["cnf"].(map[string]any); cnf["jkt"] != p.dpop.thumbprint() || len(cnf) != 1 {
				t.Errorf("cnf %v, want the jkt %s", cnf, p.dpop.thumbprint())
			}
			signed, err := jose.ParseSignedCompact(a.text("id_token"), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
			must(t, err)
			if signed.Signatures[0].Header.KeyID == "" {
				t.Error("the ID token has no kid")
			}
			p.userinfo(a.text("access_token"), p.proof("GET", "/userinfo", a.text("access_token"))).want(t, 200, "")
		})
	}
}

// TestDPoPAtToken is conformance 9.7 at PAR and token endpoint.
func TestDPoPAtToken(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	p := b.holder("ES256", nil)
	other := &holder{b: b, id: p.id, key: p.key, dpop: newKeyPair(t, "ES256")}
	jkt := url.Values{"dpop_jkt": {p.dpop.thumbprint()}}
	proof := func(faults ...fault) string { return p.proof("POST", "/token", "", faults...) }
	seconds := func(n int64) int64 { return b.clock.now().Unix() + n }
	redeemed := func(change url.Values, atPAR, atToken []string) answer {
		code, verifier := p.code(w, change, atPAR...)
		return p.redeem(code, verifier, atToken...)
	}
	for _, test := range []struct {
		name    string
		par     url.Values
		atPAR   []string
		atToken []string
		code    string // of the error; "" for success
	}{
		{"check-dpop-proof-nbf-exp", nil, nil, []string{proof(fault{Claims: map[string]any{"nbf": seconds(0), "exp": seconds(60)}})}, ""},
		{"ensure-dpopproof-with-iat-10seconds-before-succeeds", nil, nil, []string{proof(claimed("iat", seconds(-10)))}, ""},
		{"ensure-dpopproof-with-iat-10seconds-after-succeeds", nil, nil, []string{proof(claimed("iat", seconds(8)))}, ""},
		{"ensure-dpopproof-with-iat-10seconds-before-succeeds at PAR", nil, []string{p.proof("POST", "/par", "", claimed("iat", seconds(-10)))}, []string{proof()}, ""},
		{"ensure-dpopproof-with-iat-10seconds-after-succeeds at PAR", nil, []string{p.proof("POST", "/par", "", claimed("iat", seconds(8)))}, []string{proof()}, ""},
		{"ensure-token-endpoint-fails-with-mismatched-dpop-jkt", jkt, nil, []string{other.proof("POST", "/token", "")}, "invalid_grant"},
		{"ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt", nil, []string{p.proof("POST", "/par", "")}, []string{other.proof("POST", "/token", "")}, "invalid_grant"},
		{"ensure-dpopproof-at-par-endpoint-binding-success", nil, []string{p.proof("POST", "/par", "")}, []string{proof()}, ""},
		{"ensure-dpop-auth-code-binding-success", jkt, nil, []string{proof()}, ""},
		{"dpop_jkt and a proof at PAR", jkt, []string{p.proof("POST", "/par", "")}, []string{proof()}, ""},
		{"ensure-holder-of-key-required", nil, nil, nil, "invalid_dpop_proof"},
		{"two proofs", nil, nil, []string{proof(), proof()}, "invalid_dpop_proof"},
		{"a proof for another address", nil, nil, []string{p.proof("POST", "/userinfo", "")}, "invalid_dpop_proof"},
		{"a proof for another method", nil, nil, []string{p.proof("GET", "/token", "")}, "invalid_dpop_proof"},
		{"iat an hour back", nil, nil, []string{proof(claimed("iat", seconds(-3600)))}, "invalid_dpop_proof"},
		{"RS256", nil, nil, []string{proof(fault{Alg: "RS256", Key: newKeyPair(t, "RS256").private})}, "invalid_dpop_proof"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status := 400
			if test.code == "" {
				status = 200
			}
			redeemed(test.par, test.atPAR, test.atToken).want(t, status, test.code)
		})
	}
	t.Run("ensure-mismatched-dpop-jkt-fails", func(t *testing.T) {
		a, _ := p.push(jkt, other.proof("POST", "/par", ""))
		a.want(t, 400, "invalid_dpop_proof")
	})
	t.Run("a malformed dpop_jkt", func(t *testing.T) {
		a, _ := p.push(url.Values{"dpop_jkt": {"x"}})
		a.want(t, 400, "invalid_request")
	})
	t.Run("the same jti twice", func(t *testing.T) {
		jti := claimed("jti", rand.Text())
		redeemed(nil, nil, []string{proof(jti)}).want(t, 200, "")
		redeemed(nil, nil, []string{proof(jti)}).want(t, 400, "invalid_dpop_proof")
		redeemed(nil, nil, []string{other.proof("POST", "/token", "", jti)}).want(t, 200, "") // another key's
	})
	t.Run("a code at the authorization endpoint is bound as well", func(t *testing.T) {
		id, secret := b.client(nil)
		address, verifier := b.request(id, jkt)
		code := w.get(address).location.Query().Get("code")
		b.redeem(id, secret, code, verifier).want(t, 400, "invalid_grant")
	})
}

// TestDPoPNegative is dpop-negative-tests and access-token-type-header-case-sensitivity
// of conformance 9.7 at the resource.
func TestDPoPNegative(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	p := b.holder("ES256", nil)
	other := &holder{b: b, dpop: newKeyPair(t, "ES256")}
	token := p.tokens(b.signedIn()).text("access_token")
	proof := func(faults ...fault) string { return p.proof("GET", "/userinfo", token, faults...) }
	seconds := func(n int64) int64 { return b.clock.now().Unix() + n }
	private := jose.JSONWebKey{Key: p.dpop.private}
	upper := "HTTPS" + strings.TrimPrefix(b.issuer, "https") + "/userinfo"
	for _, test := range []struct {
		name   string
		proofs []string
		ok     bool
	}{
		{"two DPoP headers", []string{proof(), proof()}, false},
		{"not a JWT", []string{"x"}, false},
		{"no typ", []string{proof(headed("typ", nil))}, false},
		{"no alg", []string{proof(headed("alg", nil))}, false},
		{"no jwk", []string{proof(headed("jwk", nil))}, false},
		{"no jti", []string{proof(claimed("jti", nil))}, false},
		{"no htm", []string{proof(claimed("htm", nil))}, false},
		{"no htu", []string{proof(claimed("htu", nil))}, false},
		{"no iat", []string{proof(claimed("iat", nil))}, false},
		{"no ath", []string{proof(claimed("ath", nil))}, false},
		{"wrong typ", []string{proof(headed("typ", "JWT"))}, false},
		{"RS256", []string{proof(fault{Alg: "RS256", Key: newKeyPair(t, "RS256").private})}, false},
		{"none", []string{proof(fault{Alg: "none"})}, false},
		{"broken signature", []string{proof(fault{Broken: true})}, false},
		{"private key in jwk", []string{proof(headed("jwk", private))}, false},
		{"wrong htm", []string{proof(claimed("htm", "POST"))}, false},
		{"other htu", []string{proof(claimed("htu", b.issuer+"/token"))}, false},
		{"wrong ath", []string{proof(claimed("ath", "x"))}, false},
		{"other key", []string{other.proof("GET", "/userinfo", token)}, false},
		{"no proof at all", nil, false},
		{"iat one hour back", []string{proof(claimed("iat", seconds(-3600)))}, false},
		{"iat one hour ahead", []string{proof(claimed("iat", seconds(3600)))}, false},

		{"htu with query and fragment", []string{proof(claimed("htu", b.issuer+"/userinfo?a=b#c"))}, true},
		{"unknown header and claims", []string{proof(fault{Header: map[string]any{"x": 1}, Claims: map[string]any{"x": 1}})}, true},
		{"scheme and host of htu in upper case", []string{proof(claimed("htu", upper))}, true},
		{"check-dpop-proof-nbf-exp", []string{proof(fault{Claims: map[string]any{"nbf": seconds(0), "exp": seconds(60)}})}, true},
		{"ensure-dpopproof-with-iat-10seconds-before-succeeds", []string{proof(claimed("iat", seconds(-10)))}, true},
		{"ensure-dpopproof-with-iat-10seconds-after-succeeds", []string{proof(claimed("iat", seconds(8)))}, true},
		{"a good proof after all that", []string{proof()}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := p.userinfo(token, test.proofs...)
			challenge := a.header.Get("WWW-Authenticate")
			switch {
			case test.ok && a.status != 200:
				t.Errorf("answer %d %v", a.status, a.body)
			case !test.ok && (a.status != 401 || !strings.HasPrefix(challenge, "DPoP ") || !strings.Contains(challenge, `error="`)):
				t.Errorf("answer %d %v, WWW-Authenticate %q", a.status, a.body, challenge)
			}
		})
	}
	use := func(scheme string, header http.Header) answer {
		header.Set("Authorization", scheme+" "+token)
		return b.send(b.server.Client(), http.MethodGet, "/userinfo", nil, header)
	}
	t.Run("access-token-type-header-case-sensitivity", func(t *testing.T) {
		use("dPOP", http.Header{"Dpop": {proof()}}).want(t, 200, "")
		id, secret := b.client(nil)
		code, verifier := b.code(b.signedIn(), id)
		plain := b.redeem(id, secret, code, verifier).text("access_token")
		b.send(b.server.Client(), http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"bEARER " + plain}}).want(t, 200, "")
		p.userinfo(plain, p.proof("GET", "/userinfo", plain)).want(t, 401, "invalid_token") // a bearer token has no key
	})
	t.Run("bound token as Bearer without proof", func(t *testing.T) {
		a := use("Bearer", http.Header{})
		a.want(t, 401, "invalid_token")
		if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "DPoP ") {
			t.Errorf("WWW-Authenticate %q", a.header.Get("WWW-Authenticate"))
		}
		use("Bearer", http.Header{"Dpop": {proof()}}).want(t, 401, "invalid_token")
	})
	t.Run("header name in upper case", func(t *testing.T) {
		use("DPoP", http.Header{"DPOP": {proof()}}).want(t, 200, "")
	})
	t.Run("the same jti twice", func(t *testing.T) {
		same := proof()
		p.userinfo(token, same).want(t, 200, "")
		p.userinfo(token, same).want(t, 401, "invalid_dpop_proof")
	})
	t.Run("POST", func(t *testing.T) {
		b.send(b.server.Client(), http.MethodPost, "/userinfo", nil, http.Header{"Authorization": {"DPoP " + token},
			"Dpop": {p.proof("POST", "/userinfo", token)}}).want(t, 200, "")
	})
	t.Run("no token", func(t *testing.T) {
		a := b.send(b.server.Client(), http.MethodGet, "/userinfo", nil, nil)
		if got := a.header.Values("WWW-Authenticate"); a.status != 401 || len(got) != 2 || got[0] != "Bearer" || !strings.HasPrefix(got[1], "DPoP algs=") {
			t.Errorf("answer %d, WWW-Authenticate %q", a.status, got)
		}
	})
	t.Run("16 uses of one proof at once", func(t *testing.T) {
		same := proof()
		if got := race(16, func() answer { return p.userinfo(token, same) }); got[200] != 1 || got[401] != 15 {
			t.Errorf("16 uses: %v, want one accepted", got)
		}
	})
}

// TestDPoPRefresh is the refresh-token module of conformance 9.6 with DPoP.
func TestDPoPRefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	p, stranger := b.holder("ES256", nil), b.holder("ES256", nil)
	first := p.tokens(w)
	token := first.text("refresh_token")
	refresh := func(p *holder, more url.Values, proofs ...string) answer {
		fields := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
		for name, values := range more {
			fields[name] = values
		}
		return p.post("/token", fields, proofs...)
	}
	p.dpop = newKeyPair(t, "ES256")
	a := refresh(p, nil, p.proof("POST", "/token", ""))
	a.want(t, 200, "")
	if cnf, _ := accessClaims(t, a.text("access_token"))["cnf"].(map[string]any); a.text("token_type") != "DPoP" || cnf["jkt"] != p.dpop.thumbprint() {
		t.Errorf("token_type %q, cnf %v: want the new key", a.text("token_type"), cnf)
	}
	if a.text("refresh_token") != token {
		t.Error("the refresh token was rotated (S-38)")
	}
	p.userinfo(a.text("access_token"), p.proof("GET", "/userinfo", a.text("access_token"))).want(t, 200, "")
	b.clock.advance(30 * time.Second)
	refresh(p, nil, p.proof("POST", "/token", "")).want(t, 200, "")

	refresh(p, url.Values{"client_assertion": nil, "client_assertion_type": nil}, p.proof("POST", "/token", "")).want(t, 401, "invalid_client")
	refresh(p, nil).want(t, 400, "invalid_dpop_proof")
	refresh(stranger, nil, stranger.proof("POST", "/token", "")).want(t, 400, "invalid_grant")
	refresh(p, nil, p.proof("POST", "/token", "")).want(t, 200, "") // none of it has ended the grant

	t.Run("idle for 24 h since the last use", func(t *testing.T) {
		b.clock.advance(23 * time.Hour)
		refresh(p, nil, p.proof("POST", "/token", "")).want(t, 200, "")
		b.clock.advance(23 * time.Hour)
		refresh(p, nil, p.proof("POST", "/token", "")).want(t, 200, "")
		b.clock.advance(24*time.Hour + time.Second)
		refresh(p, nil, p.proof("POST", "/token", "")).want(t, 400, "invalid_grant")
	})
	t.Run("16 uses at once", func(t *testing.T) {
		token = p.tokens(b.signedIn()).text("refresh_token")
		if got := race(16, func() answer { return refresh(p, nil, p.proof("POST", "/token", "")) }); got[200] != 16 {
			t.Errorf("16 uses of a bound refresh token: %v, want all accepted", got)
		}
	})
	t.Run("a revoked grant", func(t *testing.T) {
		_, err := b.db.Pool().Exec(t.Context(), "update grants set revoked_at = now()")
		must(t, err)
		refresh(p, nil, p.proof("POST", "/token", "")).want(t, 400, "invalid_grant")
	})
}

// A public client's refresh token is bound to its key (RFC 9449 section 5); one of a
// client that need not use DPoP cannot be unbound again.
func TestDPoPByChoice(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	id, _ := b.client(func(m *provider.Metadata) { m.TokenEndpointAuthMethod = "none" })
	p := &holder{b: b, id: id, dpop: newKeyPair(t, "ES256")}
	other := &holder{b: b, id: id, dpop: newKeyPair(t, "ES256")}
	plain := url.Values{"client_assertion": nil, "client_assertion_type": nil}
	ask := func(fields url.Values, proofs ...string) answer {
		for name := range plain {
			fields[name] = nil
		}
		return p.post("/token", fields, proofs...)
	}
	p.key = newKeyPair(t, "ES256") // for the assertion that is left out
	code, verifier := b.code(w, id)
	first := ask(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {callback}},
		p.proof("POST", "/token", ""))
	first.want(t, 200, "")
	if first.text("token_type") != "DPoP" {
		t.Errorf("token_type %q", first.text("token_type"))
	}
	refresh := func(proofs ...string) answer {
		return ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.text("refresh_token")}}, proofs...)
	}
	refresh().want(t, 400, "invalid_dpop_proof")
	refresh(other.proof("POST", "/token", "")).want(t, 400, "invalid_grant")
	refresh(p.proof("POST", "/token", "")).want(t, 200, "")
}

// TestDPoPNonce covers conformance 9.2 (nonce) and the iat row of 9.7 on a deployment
// that demands nonces.
func TestDPoPNonce(t *testing.T) {
	t.Parallel()
	b := newBenchIn(t, 4, func(_ *bench, d *provider.Deps) { d.RequireDPoPNonce = true })
	p := b.holder("ES256", nil)
	code, verifier := p.code(b.signedIn(), nil)
	asked := p.redeem(code, verifier, p.proof("POST", "/token", ""))
	asked.want(t, 400, "use_dpop_nonce")
	nonce := claimed("nonce", asked.header.Get("DPoP-Nonce"))
	a := p.redeem(code, verifier, p.proof("POST", "/token", "", nonce)) // the code has survived
	a.want(t, 200, "")
	token := a.text("access_token")
	refused := p.userinfo(token, p.proof("GET", "/userinfo", token))
	refused.want(t, 401, "use_dpop_nonce")
	if challenge := refused.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, `DPoP error="use_dpop_nonce"`) {
		t.Errorf("WWW-Authenticate %q", challenge)
	}
	nonce = claimed("nonce", refused.header.Get("DPoP-Nonce"))
	p.userinfo(token, p.proof("GET", "/userinfo", token, nonce)).want(t, 200, "")
	p.userinfo(token, p.proof("GET", "/userinfo", token, nonce, claimed("iat", b.clock.now().Add(-time.Hour).Unix()))).want(t, 200, "")
	p.userinfo(token, p.proof("GET", "/userinfo", token, claimed("nonce", "x"))).want(t, 401, "use_dpop_nonce")
	b.clock.advance(9 * time.Minute)
	if asked, _ := p.push(nil, p.proof("POST", "/par", "", nonce)); asked.status != 201 && asked.text("error") != "use_dpop_nonce" {
		t.Errorf("PAR with a nonce of nine minutes: %d %v", asked.status, asked.body)
	}
	b.clock.advance(2 * time.Minute)
	if asked, _ := p.push(nil, p.proof("POST", "/par", "", nonce)); asked.status != 400 || asked.text("error") != "use_dpop_nonce" {
		t.Errorf("PAR with a nonce of eleven minutes: %d %v", asked.status, asked.body)
	}
}

// TestDPoPIntrospection: a bound token reports its key (conformance 11.2).
func TestDPoPIntrospection(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	p := b.holder("ES256", nil)
	id, secret := b.client(func(m *provider.Metadata) { m.ResourceServer = []string{b.issuer} })
	token := p.tokens(b.signedIn()).text("access_token")
	r := b.send(b.server.Client(), http.MethodPost, "/introspect", url.Values{"token": {token}},
		http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}})
	cnf, _ := r.body["cnf"].(map[string]any)
	if r.body["active"] != true || r.body["token_type"] != "DPoP" || cnf["jkt"] != p.dpop.thumbprint() {
		t.Errorf("introspection %v", r.body)
	}
}

// TestProofRoundTrips: a proof by keys costs one round trip more than a secret.
func TestProofRoundTrips(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	p := b.holder("ES256", nil)
	w := b.signedIn()
	code, verifier := p.code(w, nil)
	before := b.trips.Total()
	a := p.redeem(code, verifier, p.proof("POST", "/token", ""))
	a.want(t, 200, "")
	if got := b.trips.Total() - before; got > 3 {
		t.Errorf("code exchange with assertion and proof: %d round trips, want at most 3 (load, mark used, write)", got)
	}
	token := a.text("access_token")
	before = b.trips.Total()
	p.userinfo(token, p.proof("GET", "/userinfo", token)).want(t, 200, "")
	if got := b.trips.Total() - before; got > 2 {
		t.Errorf("userinfo with a proof: %d round trips, want at most 2", got)
	}
	var left int
	b.clock.advance(48 * time.Hour)
	must(t, b.provider.Sweep(t.Context()))
	must(t, b.db.Pool().QueryRow(t.Context(), "select count(*) from used_jtis").Scan(&left))
	if left != 0 {
		t.Errorf("%d used jtis are left after the sweep", left)
	}
}
