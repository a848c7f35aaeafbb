package provider

import (
	"maps"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/token/jwt"
)

// tokenSession is what fosite carries through its handlers: the facts of a grant
// in the shapes that fosite reads. It is rebuilt from the grant's row, never stored.
type tokenSession struct {
	claims  *jwt.IDTokenClaims
	headers *jwt.Headers
	expires map[fosite.TokenType]time.Time
}

var _ openid.Session = (*tokenSession)(nil)

// newTokenSession wraps the grant; g is nil for client_credentials. fosite's own claims
// hold only what its handlers insist on: ID tokens are made from the grant.
func newTokenSession(g *grant) *tokenSession {
	s := &tokenSession{
		claims:  &jwt.IDTokenClaims{},
		headers: &jwt.Headers{},
		expires: make(map[fosite.TokenType]time.Time, 2),
	}
	if g != nil {
		s.claims.Subject = g.Subject
	}
	return s
}

func (s *tokenSession) SetExpiresAt(kind fosite.TokenType, at time.Time) { s.expires[kind] = at }
func (s *tokenSession) GetExpiresAt(kind fosite.TokenType) time.Time     { return s.expires[kind] }
func (s *tokenSession) GetUsername() string                              { return "" }
func (s *tokenSession) GetSubject() string                               { return s.claims.Subject }
func (s *tokenSession) IDTokenClaims() *jwt.IDTokenClaims                { return s.claims }
func (s *tokenSession) IDTokenHeaders() *jwt.Headers                     { return s.headers }

// Clone copies by value: fosite's own session copies by reflection.
func (s *tokenSession) Clone() fosite.Session {
	clone := *s
	claims := *s.claims
	clone.claims, clone.headers, clone.expires = &claims, &jwt.Headers{}, maps.Clone(s.expires)
	return &clone
}
