package provider

import (
	"crypto/sha256"
	"time"

	"github.com/maypok86/otter/v2"
)

// verifiedKept limits the cache of verified tokens (S-69): about 8 MiB.
const verifiedKept = 10_000

// verified is an access token of ours whose signature is valid.
type verified struct {
	kid    string
	claims accessClaims
}

// verifiedTokens caches, by the digest of the whole token, those whose signature has been verified: it would be a
// quarter of the cost of introspection. Nothing else is cached. Whether the key is still published, and the token
// expired or revoked, is checked each time.
type verifiedTokens struct {
	cache *otter.Cache[[sha256.Size]byte, verified]
}

func newVerifiedTokens() verifiedTokens {
	return verifiedTokens{otter.Must(&otter.Options[[sha256.Size]byte, verified]{
		MaximumSize:      verifiedKept,
		ExpiryCalculator: otter.ExpiryWriting[[sha256.Size]byte, verified](accessTokenLifetime),
	})}
}

// accessToken verifies a JWT access token: its signature, by a currently published key, its issuer and its lifetime.
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
