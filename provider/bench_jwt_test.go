package provider_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/internal/dpop"
	"huskyidp/provider"
)

// The JWT bench of conformance 14: a JWT that is right but for one thing.

// keyPair is a client's key. alg is what it signs with.
type keyPair struct {
	private crypto.Signer
	alg     string
	kid     string
}

func newKeyPair(t testing.TB, alg string) keyPair {
	t.Helper()
	k := keyPair{alg: alg, kid: rand.Text()}
	var err error
	switch alg {
	case "ES256":
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		k.private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "EdDSA":
		_, k.private, err = ed25519.GenerateKey(rand.Reader)
	default:
		k.private, err = rsaKey()
	}
	must(t, err)
	return k
}

// rsaKey is made once: it takes longer than all the rest.
var rsaKey = sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// rsaKeys are likewise made once; those of one database differ.
var rsaKeys [8]struct {
	sync.Once
	*rsa.PrivateKey
	err error
}

func (b *bench) newRSA(random io.Reader, bits int) (*rsa.PrivateKey, error) {
	k := &rsaKeys[b.rsaKeys.Add(1)-1]
	k.Do(func() { k.PrivateKey, k.err = rsa.GenerateKey(random, bits) })
	return k.PrivateKey, k.err
}

func (k keyPair) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private.Public(), KeyID: k.kid}
}

func (k keyPair) thumbprint() string {
	key := k.public()
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// forge signs what is right with what change makes of it: a nil value leaves a member
// out. It signs by hand, so that nothing is too wrong for it.
func (k keyPair) forge(header, claims map[string]any, change ...fault) string {
	f := fault{Header: maps.Clone(header), Claims: maps.Clone(claims), Alg: k.alg}
	for _, c := range change {
		maps.Copy(f.Header, c.Header)
		maps.Copy(f.Claims, c.Claims)
		if c.Alg != "" {
			f.Alg = c.Alg
		}
		if c.Key != nil {
			f.Key = c.Key
		}
		f.Broken = f.Broken || c.Broken
	}
	if _, set := f.Header["alg"]; !set {
		f.Header["alg"] = f.Alg
	}
	if f.Key == nil {
		f.Key = k.private
	}
	isNil := func(_ string, value any) bool { return value == nil }
	maps.DeleteFunc(f.Header, isNil)
	maps.DeleteFunc(f.Claims, isNil)
	text := encodeJSON(f.Header) + "." + encodeJSON(f.Claims)
	signature := sign(f.Alg, f.Key, []byte(text))
	if f.Broken {
		signature[len(signature)/2] ^= 1
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// fault is what a test changes of a JWT.
type fault struct {
	Header, Claims map[string]any
	Alg            string        // in the header and of the signature
	Key            crypto.Signer // that signs
	Broken         bool          // one bit of the signature is turned
}

func claimed(name string, value any) fault { return fault{Claims: map[string]any{name: value}} }
func headed(name string, value any) fault  { return fault{Header: map[string]any{name: value}} }

func encodeJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func sign(alg string, key crypto.Signer, text []byte) []byte {
	digest, hash := sha256.Sum256(text), crypto.SHA256
	sum := digest[:]
	if strings.HasSuffix(alg, "384") {
		longer := sha512.Sum384(text)
		sum, hash = longer[:], crypto.SHA384
	}
	var signature []byte
	var err error
	switch {
	case alg == "none":
		return []byte{0}
	case alg == "HS256": // over the public key, as if it were a secret
		der, _ := x509.MarshalPKIXPublicKey(key.Public())
		mac := hmac.New(sha256.New, der)
		mac.Write(text)
		return mac.Sum(nil)
	case alg == "EdDSA":
		signature, err = key.Sign(rand.Reader, text, crypto.Hash(0))
	case strings.HasPrefix(alg, "PS"):
		signature, err = key.Sign(rand.Reader, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
	case strings.HasPrefix(alg, "RS"):
		signature, err = key.Sign(rand.Reader, sum, hash)
	default:
		private := key.(*ecdsa.PrivateKey)
		size := (private.Params().BitSize + 7) / 8
		r, s, failed := ecdsa.Sign(rand.Reader, private, sum)
		signature, err = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), failed
	}
	if err != nil {
		panic(err)
	}
	return signature
}

// holder is a client that proves itself with keys.
type holder struct {
	b    *bench
	id   string
	key  keyPair // of its assertions
	dpop keyPair
}

// holder registers a client of the profile fapi2 whose metadata change may alter.
func (b *bench) holder(alg string, change func(*provider.Metadata)) *holder {
	b.t.Helper()
	p := &holder{b: b, key: newKeyPair(b.t, alg), dpop: newKeyPair(b.t, "ES256")}
	p.id, _ = b.client(func(m *provider.Metadata) {
		m.Profile, m.JWKS = provider.ProfileFAPI2, provider.NewKeySet(p.key.public())
		if change != nil {
			change(m)
		}
	})
	return p
}

// assertion is the client's, right but for change (RFC 7523 section 3).
func (p *holder) assertion(change ...fault) string {
	now := p.b.clock.now()
	return p.key.forge(map[string]any{"kid": p.key.kid},
		map[string]any{"iss": p.id, "sub": p.id, "aud": p.b.issuer, "jti": rand.Text(), "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Unix() + 60},
		change...)
}

// proof is a DPoP proof for a request, right but for change (RFC 9449 section 4.2).
func (p *holder) proof(method, path, accessToken string, change ...fault) string {
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": p.b.issuer + path, "iat": p.b.clock.now().Unix()}
	if accessToken != "" {
		claims["ath"] = dpop.Hash(accessToken)
	}
	public := p.dpop.public()
	public.KeyID = ""
	return p.dpop.forge(map[string]any{"typ": "dpop+jwt", "jwk": public}, claims, change...)
}
