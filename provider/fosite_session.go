package provider

import (
	"maps"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/token/jwt"
)

// tokenSession is what fosite passes through its handlers to the storage and the strategies: one request's client and
// grant, in our form and in fosite's. It is never stored.
type tokenSession struct {
	client *Client
	now    time.Time
	presentedGrant
	terms terms // set before fosite issues
	made  made  // set as fosite issues

	claims  *jwt.IDTokenClaims
	headers *jwt.Headers
	expires map[fosite.TokenType]time.Time
}

var _ openid.Session = (*tokenSession)(nil)

// newTokenSession returns a session. fosite's own claims hold only what its handlers require: ID tokens are made from
// the grant.
func newTokenSession(client *Client, p presentedGrant, now time.Time) *tokenSession {
	s := &tokenSession{
		client:         client,
		now:            now,
		presentedGrant: p,
		claims:         &jwt.IDTokenClaims{},
		headers:        &jwt.Headers{},
		expires:        make(map[fosite.TokenType]time.Time, 3),
	}
	if p.grant != nil {
		s.claims.Subject = p.grant.Subject
	}
	return s
}

func sessionOf(r fosite.Requester) *tokenSession { return r.GetSession().(*tokenSession) }

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
