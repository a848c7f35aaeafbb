package provider

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// AdminScope is the scope of the support desk's API. Clients of the programme's own may be registered for it; a second step
// always goes with it (S-61).
const AdminScope = "admin"

// ErrToken says that an access token is not one of ours, ended, was revoked, or that its client or account is closed.
var ErrToken = errToken

// Access is an access token of a person, as an API in this program needs to know it.
type Access struct {
	AccountID uuid.UUID
	ClientID  string
	SessionID string
	Audience  string
	Scopes    []string
	ACR       string
	AuthTime  time.Time
	Bound     bool // to a key, which the caller must prove besides (RFC 9449, RFC 8705)
}

// CheckAccess verifies an access token for an API in this program: signature, type, issuer, life, and that neither it nor
// what it came from was revoked. The caller judges the rest. The error is ErrToken, or the database's.
func (s *Service) CheckAccess(ctx context.Context, token string) (Access, error) {
	found, err := s.lookUpAccess(ctx, token, s.now())
	if err != nil {
		return Access{}, err
	}
	if found.grant == nil { // a service's own token
		return Access{}, ErrToken
	}
	if _, err := s.clients.Find(ctx, found.claims.ClientID); err != nil {
		return Access{}, ErrToken
	}
	a := Access{
		AccountID: found.grant.AccountID, ClientID: found.claims.ClientID, SessionID: found.grant.SID, Audience: found.claims.Audience,
		Scopes: words(found.claims.Scope), ACR: found.claims.ACR, Bound: found.claims.Sender != nil,
	}
	if found.claims.AuthTime != nil {
		a.AuthTime = found.claims.AuthTime.Time()
	}
	return a, nil
}
