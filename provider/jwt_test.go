package provider_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"huskyidp/provider"
)

// clientKey is a key pair of a test client.
type clientKey struct {
	alg     jose.SignatureAlgorithm
	kid     string
	private crypto.Signer
}

func newClientKey(t testing.TB, alg jose.SignatureAlgorithm, kid string) clientKey {
	t.Helper()
	k := clientKey{alg: alg, kid: kid}
	var err error
	switch alg {
	case jose.ES256:
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, k.private, err = ed25519.GenerateKey(rand.Reader)
	default:
		k.private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	must(t, err)
	return k
}

// set is what the client registers.
func (k clientKey) set() *provider.KeySet {
	return provider.NewKeySet(jose.JSONWebKey{Key: k.private.Public(), KeyID: k.kid, Use: "sig"})
}

// forge is a JWT about to be signed: a test changes one thing of a good one.
type forge struct {
	key    clientKey
	alg    jose.SignatureAlgorithm // of key; "none" for no signature
	typ    string
	header map[string]any // further members
	claims map[string]any
	mangle func(compact string) string
}

func (f forge) sign(t testing.TB) string {
	t.Helper()
	if f.alg == "none" {
		encode := base64.RawURLEncoding.EncodeToString
		return encode([]byte(`{"alg":"none"}`)) + "." + encode(f.payload(t)) + "."
	}
	options := (&jose.SignerOptions{}).WithHeader("kid", f.key.kid)
	if f.typ != "" {
		options.WithType(jose.ContentType(f.typ))
	}
	for name, value := range f.header {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: f.alg, Key: f.key.private}, options)
	must(t, err)
	signed, err := signer.Sign(f.payload(t))
	must(t, err)
	compact, err := signed.CompactSerialize()
	must(t, err)
	if f.mangle != nil {
		return f.mangle(compact)
	}
	return compact
}

// payload are the claims that are not nil.
func (f forge) payload(t testing.TB) []byte {
	t.Helper()
	claims := maps.Clone(f.claims)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	payload, err := json.Marshal(claims)
	must(t, err)
	return payload
}

// brokenSignature changes a character in the middle of the signature.
func brokenSignature(compact string) string {
	i := strings.LastIndexByte(compact, '.') + 10
	other := byte('A')
	if compact[i] == other {
		other = 'B'
	}
	return compact[:i] + string(other) + compact[i+1:]
}

// verified reads a JWT of ours with the published keys, and its header.
func (b *bench) verified(compact string) (claims map[string]any, header jose.Header) {
	b.t.Helper()
	parsed, err := jwt.ParseSigned(compact, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256})
	if err != nil {
		b.t.Fatalf("%v: %q", err, compact)
	}
	key, ok := b.keys.Current().Key(parsed.Headers[0].KeyID)
	if !ok {
		b.t.Fatalf("the kid %q is not published", parsed.Headers[0].KeyID)
	}
	must(b.t, parsed.Claims(key.Key, &claims))
	return claims, parsed.Headers[0]
}
