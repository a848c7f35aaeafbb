package provider

import (
	"crypto/sha256"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	lru "github.com/hashicorp/golang-lru/v2"

	"huskyidp/internal/jws"
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
	cache *lru.Cache[[sha256.Size]byte, verified]
}

func newVerifiedTokens() verifiedTokens {
	cache, err := lru.New[[sha256.Size]byte, verified](verifiedKept)
	if err != nil { // of a size below 1
		panic(err)
	}
	return verifiedTokens{cache}
}

// accessToken verifies a JWT access token: its signature, by a currently published key, its issuer and its lifetime.
func (s *strategy) accessToken(token string, now time.Time) (accessClaims, error) {
	digest := sha256.Sum256([]byte(token))
	known, ok := s.verified.cache.Get(digest)
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
	if c.Issuer != s.issuer || c.Expiry == nil || c.ID == "" {
		return accessClaims{}, errToken
	}
	if !now.Before(c.Expiry.Time()) {
		return accessClaims{}, tokenExpired
	}
	if !ok {
		s.verified.cache.Add(digest, known)
	}
	return c, nil
}

// errToken is returned for a token that is not one of ours, of another kind, or not valid now.
var errToken = errors.New("provider: the token is not valid")

// tokenError is an errToken of a token that is or was ours: its holder may know the cause.
type tokenError string

const (
	tokenExpired tokenError = "The access token has expired."
	tokenRevoked tokenError = "The access token was ended: by its client, by the member, with its session, or because a code or refresh token was used twice."
	tokenIsID    tokenError = "The token is an ID token, not the access token that came with it."
)

func (e tokenError) Error() string      { return string(e) }
func (tokenError) Is(target error) bool { return target == errToken }

// tokenCause describes an errToken. A token that was never ours has one answer.
func tokenCause(err error) string {
	if known, ok := errors.AsType[tokenError](err); ok {
		return string(known)
	}
	return "The access token is unknown: it is not whole, no access token of this server (a refresh token or a code is none), or ended long ago."
}

// signingAlgs are the algorithms of our own keys; never none or HMAC (S-44).
var signingAlgs = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

// parse verifies a compact JWS with the published key that its kid names, and reads its claims. The header's typ must
// be the given one, so that kinds are never interchangeable (S-40); keys in headers are ignored. The text is decoded
// strictly, so that no other text is the same token (RFC 4648 3.5).
func (s *strategy) parse(token, typ string, claims any) (kid string, err error) {
	if jws.Check(token, 8<<10) != nil {
		return "", errToken
	}
	parsed, err := jwt.ParseSigned(token, signingAlgs)
	if err != nil || len(parsed.Headers) != 1 {
		return "", errToken
	}
	header := parsed.Headers[0]
	key, ok := s.keys.Current().Key(header.KeyID)
	if !ok || key.Algorithm != "" && key.Algorithm != header.Algorithm {
		return "", errToken
	}
	if parsed.Claims(key.Key) != nil {
		return "", errToken
	}
	switch got, _ := header.ExtraHeaders[jose.HeaderType].(string); {
	case got == typ:
	case got == "JWT":
		return "", tokenIsID
	default:
		return "", errToken
	}
	if parsed.UnsafeClaimsWithoutVerification(claims) != nil { // verified above
		return "", errToken
	}
	return header.KeyID, nil
}

// parseIDTokenHint verifies an ID token given as a hint. It may have expired (OpenID Connect Core 3.1.2.1, RP-Initiated
// Logout 4).
func (s *strategy) parseIDTokenHint(token string) (idClaims, error) {
	var c idClaims
	if _, err := s.parse(token, "JWT", &c); err != nil {
		return c, err
	}
	if c.Issuer != s.issuer || c.Subject == "" || c.Audience == "" {
		return c, errToken
	}
	return c, nil
}
