package provider

import (
	"errors"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// errToken is returned for a token that is not one of ours, of another kind, or not valid now.
var errToken = errors.New("provider: the token is not valid")

// signingAlgs are the algorithms of our own keys; never none or HMAC (S-44).
var signingAlgs = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

// parse verifies a compact JWS with the published key that its kid names, and reads its claims. The header's typ must
// be the given one, so that kinds are never interchangeable (S-40); keys in headers are ignored.
func (s *strategy) parse(token, typ string, claims any) (kid string, err error) {
	if len(token) > 8<<10 {
		return "", errToken
	}
	parsed, err := jwt.ParseSigned(token, signingAlgs)
	if err != nil || len(parsed.Headers) != 1 {
		return "", errToken
	}
	header := parsed.Headers[0]
	if got, _ := header.ExtraHeaders[jose.HeaderType].(string); got != typ {
		return "", errToken
	}
	key, ok := s.keys.Current().Key(header.KeyID)
	if !ok || key.Algorithm != "" && key.Algorithm != header.Algorithm {
		return "", errToken
	}
	if parsed.Claims(key.Key, claims) != nil {
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
