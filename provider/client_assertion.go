package provider

import (
	"bytes"
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

// assertionType is the client_assertion_type of RFC 7523 section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	maxAssertion   = 8 << 10 // bytes
	assertionLife  = 5 * time.Minute
	assertionAhead = time.Minute // for iat and nbf, if the client's clock is fast
)

// assertion holds the claims of RFC 7523 section 3. A pointer is nil if its claim is missing.
type assertion struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"` // a string, or an array of them
	Expiry    *float64        `json:"exp"`
	IssuedAt  *float64        `json:"iat"`
	NotBefore *float64        `json:"nbf"`
	ID        string          `json:"jti"`
}

// refusal is the rule by which client authentication failed, in words for the client's developer.
type refusal string

func (r refusal) Error() string { return string(r) }

// claimedSubject reads sub before verification, to find the client whose keys to use if the request has no client_id
// (RFC 7521 section 4.2).
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

// checkAssertion authenticates a client by a JWT that it signed (RFC 7523 section 3, S-37, S-44). The caller still has
// to check for replay. The error is a refusal, or one of the database or the network.
func (s *Service) checkAssertion(ctx context.Context, client *Client, path, token string, now time.Time) (onceOnly, error) {
	if jws.Check(token, maxAssertion) != nil {
		return onceOnly{}, refusal("The client assertion is not a signed JWT of at most 8 KiB.")
	}
	parsed, err := jwt.ParseSigned(token, client.assertionAlgorithms())
	if err != nil || len(parsed.Headers) != 1 {
		return onceOnly{}, refusal("The client assertion is not signed with an algorithm registered for the client.")
	}
	header := parsed.Headers[0]
	if client.bringsKey(token) {
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

// bringsKey reports whether the header contains or locates a key. Such headers are never followed (S-44); a jku that
// repeats the registered jwks_uri is allowed (SMART App Launch 2.2, "Client Authentication: Asymmetric").
func (c *Client) bringsKey(token string) bool {
	encoded, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	var header map[string]json.RawMessage
	if err != nil || json.Unmarshal(raw, &header) != nil {
		return true
	}
	if text, err := json.Marshal(c.Metadata.JWKSURI); err == nil && c.Metadata.JWKSURI != "" && bytes.Equal(bytes.TrimSpace(header["jku"]), text) {
		delete(header, "jku")
	}
	for _, name := range []string{"jwk", "jku", "x5u", "x5c"} {
		if _, there := header[name]; there {
			return true
		}
	}
	return false
}

// issued returns iat, or else the earliest time that exp allows.
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

// meansUs reports whether aud names this server. FAPI 2.0 section 5.3.2.1 accepts only the issuer, as a string; other
// clients may also name the address that they call, or the token endpoint.
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
	return len(all) > 0 && !slices.ContainsFunc(all, foreign) // another server named in aud could replay it here
}

// addresses returns the URLs of a path: under the issuer, and under the listener that requests certificates.
func (s *Service) addresses(path string) []string {
	all := []string{s.strategy.issuer + path}
	if s.proofs.MTLSAddress != "" {
		all = append(all, s.proofs.MTLSAddress+path)
	}
	return all
}

// assertionAlgorithms returns the algorithms that the client may sign with: the registered one, or else those of its
// profile (S-44).
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

// at converts a NumericDate (RFC 7519 section 2), clamped to the range of a timestamp.
func at(seconds *float64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return time.Unix(int64(min(max(*seconds, 0), 1<<33)), 0)
}
