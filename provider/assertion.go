package provider

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"huskyidp/internal/jws"
)

// assertionType of RFC 7523 section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	maxAssertion   = 8 << 10 // bytes
	assertionLife  = 5 * time.Minute
	assertionAhead = time.Minute // of iat and nbf, for clients whose clock is fast
)

// assertion holds the claims of RFC 7523 section 3. Pointers tell what is missing.
type assertion struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"` // a string, or an array of them
	Expiry    *float64        `json:"exp"`
	IssuedAt  *float64        `json:"iat"`
	NotBefore *float64        `json:"nbf"`
	ID        string          `json:"jti"`
}

// refusal is the rule by which a client did not authenticate, in words that its maker
// is told.
type refusal string

func (r refusal) Error() string { return string(r) }

// claimedSubject reads sub before anything is proven: to find the client whose keys
// to ask, where the request has no client_id (RFC 7521 section 4.2).
func claimedSubject(token string) string {
	if jws.Check(token, maxAssertion) != nil {
		return ""
	}
	parsed, err := jwt.ParseSigned(token, algorithms(assertionAlgs))
	var claims assertion
	if err != nil || parsed.UnsafeClaimsWithoutVerification(&claims) != nil {
		return ""
	}
	return claims.Subject
}

// checkAssertion proves a client by a JWT that it signed (RFC 7523 section 3, S-37,
// S-44). What is still to be asked is whether it came before. The error is a refusal,
// or one of the database's and network's.
func (s *Service) checkAssertion(ctx context.Context, client *Client, path, token string, now time.Time) (onceOnly, error) {
	if jws.Check(token, maxAssertion) != nil {
		return onceOnly{}, refusal("The client assertion is not a signed JWT of at most 8 KiB.")
	}
	parsed, err := jwt.ParseSigned(token, client.assertionAlgorithms())
	if err != nil || len(parsed.Headers) != 1 {
		return onceOnly{}, refusal("The client assertion is not signed with an algorithm registered for the client.")
	}
	header := parsed.Headers[0]
	if bringsKey(token) {
		return onceOnly{}, refusal("The client assertion names a key in its header: keys are registered.")
	}
	keys, err := s.keysOf(ctx, client, header.KeyID, header.Algorithm)
	if err != nil {
		return onceOnly{}, err
	}
	var claims assertion
	for _, key := range keys {
		claims = assertion{}
		if parsed.Claims(key.Key, &claims) == nil {
			return onceOnly{"assertion", client.ID, claims.ID, claims.issued(), at(claims.Expiry)}, s.checkClaims(claims, client, path, now)
		}
	}
	return onceOnly{}, refusal("The client assertion's signature does not fit a registered key.")
}

// bringsKey tells of headers that say where the key is. They are never followed (S-44).
func bringsKey(token string) bool {
	encoded, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	var header map[string]json.RawMessage
	if err != nil || json.Unmarshal(raw, &header) != nil {
		return true
	}
	for _, name := range []string{"jwk", "jku", "x5u", "x5c"} {
		if _, there := header[name]; there {
			return true
		}
	}
	return false
}

// issued is iat, else the earliest that exp allows.
func (c assertion) issued() time.Time {
	if c.IssuedAt != nil {
		return at(c.IssuedAt)
	}
	return at(c.Expiry).Add(-assertionLife - 10*time.Second)
}

func (s *Service) checkClaims(c assertion, client *Client, path string, now time.Time) error {
	expiry := at(c.Expiry)
	switch {
	case c.Issuer != client.ID || c.Subject != client.ID:
		return refusal("The client assertion's iss and sub are not both the client_id.")
	case c.ID == "":
		return refusal("The client assertion has no jti.")
	case c.Expiry == nil || !now.Before(expiry):
		return refusal("The client assertion has expired, or has no exp.")
	case expiry.After(now.Add(assertionLife + 10*time.Second)):
		return refusal("The client assertion's exp is more than five minutes ahead.")
	case c.IssuedAt != nil && at(c.IssuedAt).After(now.Add(assertionAhead)),
		c.NotBefore != nil && at(c.NotBefore).After(now.Add(assertionAhead)):
		return refusal("The client assertion is from the future.")
	case !s.meansUs(c.Audience, client, path):
		return refusal("The client assertion's aud is not this server.")
	}
	return nil
}

// meansUs judges aud. FAPI 2.0 section 5.3.2.1 takes the issuer as a string and nothing
// else; other clients may name the address that they call, or the token endpoint.
func (s *Service) meansUs(aud json.RawMessage, client *Client, path string) bool {
	var all []string
	var one string
	if json.Unmarshal(aud, &one) == nil {
		all = []string{one}
	} else if client.Metadata.Profile == ProfileFAPI2 || json.Unmarshal(aud, &all) != nil {
		return false
	}
	if client.Metadata.Profile == ProfileFAPI2 {
		return one == s.strategy.issuer
	}
	ours := append(s.addresses("/token"), s.addresses(path)...)
	foreign := func(a string) bool { return a != s.strategy.issuer && !slices.Contains(ours, a) }
	return len(all) > 0 && !slices.ContainsFunc(all, foreign) // another server could use one that it got
}

// addresses are where a path of ours is reached: under the issuer, and under the
// listener that asks for certificates.
func (s *Service) addresses(path string) []string {
	all := []string{s.strategy.issuer + path}
	if s.proofs.MTLSAddress != "" {
		all = append(all, s.proofs.MTLSAddress+path)
	}
	return all
}

// assertionAlgorithms are those that the client may sign with: the one that it
// registered, else those of its profile (S-44).
func (c *Client) assertionAlgorithms() []jose.SignatureAlgorithm {
	if alg := c.Metadata.TokenEndpointAuthSigningAlg; alg != "" {
		return algorithms([]string{alg})
	}
	return algorithms(c.Metadata.profileAlgs())
}

func algorithms(names []string) []jose.SignatureAlgorithm {
	all := make([]jose.SignatureAlgorithm, len(names))
	for i, name := range names {
		all[i] = jose.SignatureAlgorithm(name)
	}
	return all
}

// at is the instant of a NumericDate (RFC 7519 section 2), kept within what a
// timestamp can hold.
func at(seconds *float64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return time.Unix(int64(min(max(*seconds, 0), 1<<33)), 0)
}
