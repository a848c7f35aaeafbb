package provider

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// AdminScope is the scope of the support desk's API. The programme's own clients may be registered for it; it always
// requires a second step (S-61).
const AdminScope = "admin"

// ErrToken is returned for an access token that is not ours, has expired or was revoked, or whose client or account is
// closed.
var ErrToken = errToken

// Access is a person's access token, as an API in this program needs it.
type Access struct {
	AccountID uuid.UUID
	ClientID  string
	SessionID string
	Audience  string
	Scopes    []string
	ACR       string
	AuthTime  time.Time
	Bound     bool // to a key, which the caller must also prove (RFC 9449, RFC 8705)
}

// CheckAccess verifies an access token for an API in this program: signature, type, issuer, expiry, and that neither it
// nor its grant was revoked. The caller checks the rest. The error is ErrToken, or one of the database.
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
