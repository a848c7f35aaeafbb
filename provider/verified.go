package provider

import (
	"crypto/sha256"
	"time"

	"github.com/maypok86/otter/v2"
)

// verifiedKept bounds the memory of verified tokens (S-69): about 8 MiB.
const verifiedKept = 10_000

// verified is an access token of ours whose signature was found to be good.
type verified struct {
	kid    string
	claims accessClaims
}

// verifiedTokens remembers, by the digest of the whole token, those that need no second look at their signature: it would be a
// quarter of what introspection costs. Only that is remembered. Whether the key still counts, the token has ended or it was
// revoked is asked each time.
type verifiedTokens struct {
	cache *otter.Cache[[sha256.Size]byte, verified]
}

func newVerifiedTokens() verifiedTokens {
	return verifiedTokens{otter.Must(&otter.Options[[sha256.Size]byte, verified]{
		MaximumSize:      verifiedKept,
		ExpiryCalculator: otter.ExpiryWriting[[sha256.Size]byte, verified](accessTokenLifetime),
	})}
}

// accessToken verifies a JWT access token: its signature, by a key that is published now, and its issuer and life.
func (s *strategy) accessToken(token string, now time.Time) (accessClaims, error) {
	digest := sha256.Sum256([]byte(token))
	known, ok := s.verified.cache.GetIfPresent(digest)
	if ok {
		_, ok = s.keys.Current().Key(known.kid)
	}
	if !ok {
		kid, err := s.parse(token, "at+jwt", &known.claims)
		if err != nil {
			return accessClaims{}, err
		}
		known.kid = kid
	}
	c := known.claims
	if c.Issuer != s.issuer || c.Expiry == nil || !now.Before(c.Expiry.Time()) || c.ID == "" {
		return accessClaims{}, errToken
	}
	if !ok {
		s.verified.cache.Set(digest, known)
	}
	return c, nil
}
