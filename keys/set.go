package keys

import (
	"cmp"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4"
)

type setPointer = atomic.Pointer[Set]

// Set is an immutable view of the published keys, active ones first. It is safe for concurrent use.
type Set struct {
	public  jose.JSONWebKeySet
	byKID   map[string]jose.JSONWebKey
	body    []byte
	etag    string
	active  map[string]jose.JSONWebKey // by stored algorithm; private
	version string                     // see versionOf
	signers sync.Map                   // signerKey -> jose.Signer; callers use a handful of pairs
}

type signerKey struct{ alg, typ string }

type usable struct {
	row
	private crypto.Signer
}

func newSet(keys []usable) (*Set, error) {
	s := &Set{byKID: map[string]jose.JSONWebKey{}, active: map[string]jose.JSONWebKey{}}
	s.public.Keys = []jose.JSONWebKey{} // "keys": [] rather than null
	order := map[State]int{Active: 0, Next: 1, Retiring: 2}
	slices.SortFunc(keys, func(a, b usable) int {
		return cmp.Or(order[a.State]-order[b.State], b.NotBefore.Compare(a.NotBefore), cmp.Compare(a.KID, b.KID))
	})
	for _, key := range keys {
		public := jose.JSONWebKey{Key: key.private.Public(), KeyID: key.KID, Use: "sig"}
		if key.Alg != string(jose.RS256) { // an RSA key signs RS256 and PS256, so it names neither
			public.Algorithm = key.Alg
		}
		s.public.Keys = append(s.public.Keys, public)
		s.byKID[key.KID] = public
		if key.State == Active {
			s.active[key.Alg] = jose.JSONWebKey{Key: key.private, KeyID: key.KID}
		}
	}
	body, err := json.Marshal(s.public)
	if err != nil {
		return nil, fmt.Errorf("writing the JWK Set: %w", err)
	}
	sum := sha256.Sum256(body)
	s.body, s.etag = body, `"`+hex.EncodeToString(sum[:12])+`"`
	for alg := range s.active { // the usual ones are ready before the first request
		for _, typ := range []string{"JWT", "at+jwt", "logout+jwt"} {
			if _, err := s.Signer(alg, typ); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// Signer returns the signer of alg (RS256, PS256, ES256 or EdDSA). Its signatures have the active key's kid and, unless
// empty, the header typ. Signers are cached, so typ must be a constant and never come from a request. The error is
// ErrUnknownAlgorithm if alg has no active key.
func (s *Set) Signer(alg, typ string) (jose.Signer, error) {
	if signer, ok := s.signers.Load(signerKey{alg, typ}); ok {
		return signer.(jose.Signer), nil
	}
	key, ok := s.active[keyAlg(alg)]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrUnknownAlgorithm, alg)
	}
	options := &jose.SignerOptions{}
	if typ != "" {
		options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, options)
	if err != nil {
		return nil, fmt.Errorf("preparing a signer for %s: %w", alg, err)
	}
	kept, _ := s.signers.LoadOrStore(signerKey{alg, typ}, signer)
	return kept.(jose.Signer), nil
}

// Algorithms lists the algorithms that Signer supports now, sorted.
func (s *Set) Algorithms() []string {
	var algs []string
	for alg := range s.active {
		algs = append(algs, alg)
		if alg == string(jose.RS256) {
			algs = append(algs, string(jose.PS256))
		}
	}
	slices.Sort(algs)
	return algs
}

// Public returns the published keys. The caller must not modify them.
func (s *Set) Public() jose.JSONWebKeySet { return s.public }

// JWKS returns the JWK Set as JSON and its strong entity tag including the quotes. The caller must not modify the
// bytes.
func (s *Set) JWKS() (body []byte, etag string) { return s.body, s.etag }

// Key returns a published key, to verify tokens of our own such as an id_token_hint.
func (s *Set) Key(kid string) (public jose.JSONWebKey, ok bool) {
	public, ok = s.byKID[kid]
	return public, ok
}
