package dpop_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/internal/dpop"
)

const address = "https://idp.example/userinfo"

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

var key = func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}()

// proof signs the common claims with what change makes of header and claims; a nil
// value leaves a member out.
func proof(t testing.TB, alg jose.SignatureAlgorithm, private crypto.Signer, header, change map[string]any) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{
		"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: private.Public()}}}
	for name, value := range header {
		if value == nil {
			delete(options.ExtraHeaders, jose.HeaderKey(name))
		} else {
			options.ExtraHeaders[jose.HeaderKey(name)] = value
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: private}, options)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"jti": "id-1", "htm": "GET", "htu": address, "iat": now.Unix(), "ath": dpop.Hash("token")}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func request() dpop.Request {
	return dpop.Request{Method: "GET", URLs: []string{address}, AccessToken: "token", Now: now}
}

// TestVerify covers RFC 9449 section 4.3 and the rows of conformance 9.7 that a proof
// alone decides.
func TestVerify(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	raw := func(header, claims string) string {
		return encode([]byte(header)) + "." + encode([]byte(claims)) + ".c2ln"
	}
	with := func(name string, value any) string {
		return proof(t, jose.ES256, key, nil, map[string]any{name: value})
	}
	head := func(name string, value any) string {
		return proof(t, jose.ES256, key, map[string]any{name: value}, nil)
	}
	good := proof(t, jose.ES256, key, nil, nil)
	parts := strings.Split(good, ".")
	for _, test := range []struct {
		name, proof string
		ok          bool
	}{
		{"as it should be", good, true},
		{"nbf and exp", proof(t, jose.ES256, key, nil, map[string]any{"nbf": now.Unix(), "exp": now.Unix() + 60}), true},
		{"unknown claim", with("extra", map[string]any{"a": 1}), true},
		{"unknown header", head("extra", "x"), true},
		{"iat 10 s before", with("iat", now.Unix()-10), true},
		{"iat 8 s after", with("iat", now.Unix()+8), true},
		{"iat with a fraction", with("iat", float64(now.Unix())+0.5), true},
		{"htu in upper case", with("htu", "HTTPS://IDP.EXAMPLE/userinfo"), true},
		{"htu with the default port", with("htu", "https://idp.example:443/userinfo"), true},
		{"htu with query and fragment", with("htu", address+"?a=1#b"), true},

		{"no JWT", "x", false},
		{"empty", "", false},
		{"no typ", head("typ", nil), false},
		{"wrong typ", head("typ", "JWT"), false},
		{"no alg", raw(`{"typ":"dpop+jwt"}`, `{}`), false},
		{"no jwk", head("jwk", nil), false},
		{"private key in jwk", head("jwk", jose.JSONWebKey{Key: key}), false},
		{"symmetric key in jwk", head("jwk", map[string]any{"kty": "oct", "k": "c2VjcmV0"}), false},
		{"no jti", with("jti", nil), false},
		{"no htm", with("htm", nil), false},
		{"no htu", with("htu", nil), false},
		{"no iat", with("iat", nil), false},
		{"no ath", with("ath", nil), false},
		{"wrong htm", with("htm", "POST"), false},
		{"htm in lower case", with("htm", "get"), false},
		{"other path", with("htu", "https://idp.example/token"), false},
		{"other host", with("htu", "https://evil.example/userinfo"), false},
		{"other port", with("htu", "https://idp.example:8443/userinfo"), false},
		{"http", with("htu", "http://idp.example/userinfo"), false},
		{"user information", with("htu", "https://a@idp.example/userinfo"), false},
		{"wrong ath", with("ath", dpop.Hash("other")), false},
		{"iat an hour back", with("iat", now.Unix()-3600), false},
		{"iat an hour ahead", with("iat", now.Unix()+3600), false},
		{"iat as text", with("iat", "now"), false},
		{"jti as number", with("jti", 7), false},
		{"broken signature", parts[0] + "." + parts[1] + "." + encode(bytes.Repeat([]byte{7}, 64)), false},
		{"other claims under the signature", parts[0] + "." + encode([]byte(`{}`)) + "." + parts[2], false},
		{"none", raw(`{"typ":"dpop+jwt","alg":"none"}`, `{}`), false},
		{"none without a signature", parts[0] + "." + parts[1] + ".", false},
		{"too long", with("extra", strings.Repeat("x", 8<<10)), false},
		{"deep", with("extra", json.RawMessage(strings.Repeat("[", 20)+strings.Repeat("]", 20))), false},
	} {
		p, err := dpop.Verify(test.proof, request())
		if _, typed := errors.AsType[*dpop.Error](err); (err == nil) != test.ok || !test.ok && !typed {
			t.Errorf("%s: Verify = %v, want success %v", test.name, err, test.ok)
		}
		if test.ok && (p.ID != "id-1" || len(p.Thumbprint) != 43 || !p.Expires.After(now) || p.Issued.Before(now.Add(-2*time.Minute)) || p.Issued.After(now.Add(time.Minute))) {
			t.Errorf("%s: proof %+v", test.name, p)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		alg jose.SignatureAlgorithm
		key crypto.Signer
		ok  bool
	}{
		{jose.PS256, big, true}, {jose.ES256, key, true}, {jose.EdDSA, edwards, true},
		{jose.RS256, big, false}, {jose.PS384, big, false}, {jose.ES384, p384, false},
	} {
		_, err := dpop.Verify(proof(t, test.alg, test.key, nil, nil), request())
		if (err == nil) != test.ok {
			t.Errorf("%s: %v, want success %v", test.alg, err, test.ok)
		}
	}
}

// TestThumbprint is the example of RFC 9449 section 4.1 and 6.1.
func TestThumbprint(t *testing.T) {
	const example = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik" +
		"VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR" +
		"nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE" +
		"QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj" +
		"oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia" +
		"WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg" +
		"4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	p, err := dpop.Verify(example, dpop.Request{Method: "POST", URLs: []string{"https://server.example.com/token"}, Now: time.Unix(1562262616, 0)})
	if err != nil || p.Thumbprint != "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" {
		t.Errorf("Verify = %+v, %v", p, err)
	}
}

func TestFromHeader(t *testing.T) {
	h := http.Header{}
	if got, err := dpop.FromHeader(h); got != "" || err != nil {
		t.Errorf("none: %q, %v", got, err)
	}
	h.Add("DPOP", "a")
	if got, err := dpop.FromHeader(h); got != "a" || err != nil {
		t.Errorf("one: %q, %v", got, err)
	}
	h.Add("dpop", "b")
	if _, err := dpop.FromHeader(h); err == nil {
		t.Error("two were taken")
	}
}

func TestNonces(t *testing.T) {
	mac := func(window []byte) []byte {
		h := hmac.New(sha256.New, []byte("secret"))
		h.Write(window)
		return h.Sum(nil)
	}
	nonces := &dpop.Nonces{MAC: mac, VerifyMAC: func(got, window []byte) bool { return hmac.Equal(got, mac(window)) }}
	r := request()
	r.Nonces = nonces
	for _, test := range []struct {
		name  string
		nonce any
		iat   time.Time
		ok    bool
	}{
		{"this window's", nonces.Current(now), now, true},
		{"the last window's", nonces.Current(now.Add(-5 * time.Minute)), now, true},
		{"a wrong clock with the right nonce", nonces.Current(now), now.Add(time.Hour), true},
		{"none", nil, now, false},
		{"nonsense", "x", now, false},
		{"an old one", nonces.Current(now.Add(-10 * time.Minute)), now, false},
		{"the next window's", nonces.Current(now.Add(5 * time.Minute)), now, false},
	} {
		_, err := dpop.Verify(proof(t, jose.ES256, key, nil, map[string]any{"nonce": test.nonce, "iat": test.iat.Unix()}), r)
		if (err == nil) != test.ok || !test.ok && !errors.Is(err, dpop.ErrNonce) {
			t.Errorf("%s: Verify = %v, want success %v", test.name, err, test.ok)
		}
	}
}

// FuzzVerify: whatever the proof, Verify returns, and takes nothing that its key did not sign.
func FuzzVerify(f *testing.F) {
	good := proof(f, jose.ES256, key, nil, nil)
	f.Add(good)
	f.Add("a.b.c")
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","typ":"dpop+jwt","jwk":{"kty":"EC","crv":"P-256"},"crit":["b64"],"b64":false}`)) + ".e30.AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := dpop.Verify(text, request())
		if err == nil && p.ID != "id-1" { // no other was ever signed
			t.Errorf("a forged proof was taken: %+v", p)
		}
	})
}
