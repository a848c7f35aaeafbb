package fhirdemo

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// access is what the provider says about a token, in the members of an introspection response.
type access struct {
	Active   bool            `json:"active"`
	Audience string          `json:"aud"`
	Expiry   int64           `json:"exp"`
	Scope    string          `json:"scope"`
	Patient  string          `json:"patient"` // "" for the token of a service
	Sender   json.RawMessage `json:"cnf"`     // the key that the token is bound to
}

// authenticate returns what the caller's token allows (RFC 6750).
func (s *Server) authenticate(r *http.Request) (access, error) {
	const realm = `Bearer realm="fhir"`
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return access{}, &refusal{http.StatusUnauthorized, "login", "An access token is needed: Authorization: Bearer.", realm}
	}
	valid := true
	var err error
	if strings.Count(token, ".") == 2 {
		valid, err = s.verify(r.Context(), token)
	}
	var a access
	if valid && err == nil {
		a, err = s.introspect(r.Context(), token)
	}
	if err != nil {
		return access{}, err
	}
	// A token that is bound to a key is not a Bearer token (RFC 9449 7.2).
	if !a.Active || a.Audience != s.options.BaseURL || !s.options.Now().Before(time.Unix(a.Expiry, 0)) || a.Sender != nil {
		return access{}, &refusal{http.StatusUnauthorized, "login", "The access token is not valid here.", realm + `, error="invalid_token"`}
	}
	return a, nil
}

// algorithms are those that the provider signs with.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

// verify reports whether a JWT is an access token that the provider issued for this server and that has not expired (RFC
// 9068 4). The error is that of fetching the keys.
func (s *Server) verify(ctx context.Context, token string) (bool, error) {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil || parsed.Headers[0].ExtraHeaders[jose.HeaderType] != "at+jwt" {
		return false, nil
	}
	key, err := s.key(ctx, parsed.Headers[0].KeyID)
	if err != nil || key == nil {
		return false, err
	}
	var claims jwt.Claims
	if parsed.Claims(key, &claims) != nil || claims.Expiry == nil {
		return false, nil
	}
	return claims.ValidateWithLeeway(jwt.Expected{Issuer: s.options.Issuer, AnyAudience: jwt.Audience{s.options.BaseURL}, Time: s.options.Now()}, 0) == nil, nil
}

// keysAge is how soon an unknown kid makes the keys be fetched again.
const keysAge = 10 * time.Second

// key returns the provider's key of that kid, nil if there is none.
func (s *Server) key(ctx context.Context, kid string) (*jose.JSONWebKey, error) {
	s.mutex.Lock()
	known, fetchedAt := s.keys, s.keysAt
	s.mutex.Unlock()
	now := s.options.Now()
	if found := known.Key(kid); len(found) == 1 {
		return &found[0], nil
	}
	if now.Sub(fetchedAt) < keysAge {
		return nil, nil
	}
	c, err := s.smart(ctx)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Keys, nil)
	if err != nil {
		return nil, err
	}
	body, err := s.call(r)
	if err != nil {
		return nil, err
	}
	var fresh jose.JSONWebKeySet
	if err := json.Unmarshal(body, &fresh); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	s.keys, s.keysAt = fresh, now
	s.mutex.Unlock()
	if found := fresh.Key(kid); len(found) == 1 {
		return &found[0], nil
	}
	return nil, nil
}
