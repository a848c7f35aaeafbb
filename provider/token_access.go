package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
)

// access is a verified access token: its claims and the grant behind it, nil for a service's own token.
type access struct {
	claims accessClaims
	grant  *grant
}

// lookUpAccess verifies an access token of either form in one round trip: signature or row, expiry, its own revocation,
// the grant and the account behind it. It does not check who asks. The error is errToken if the token is not valid.
func (s *Service) lookUpAccess(ctx context.Context, token string, now time.Time) (*access, error) {
	if len(token) > 8<<10 {
		return nil, errToken
	}
	if strings.Count(token, ".") != 2 {
		return s.store.opaqueAccess(ctx, token, now)
	}
	claims, err := s.strategy.accessToken(token, now)
	if err != nil {
		return nil, err
	}
	id, err := grantOf(claims.ID)
	if err != nil {
		return nil, errToken
	}
	return s.store.jwtAccess(ctx, claims, id, now)
}

// jwtAccess looks up whether a JWT has been revoked, alone or with its grant.
func (s *store) jwtAccess(ctx context.Context, claims accessClaims, grantID uuid.UUID, now time.Time) (*access, error) {
	a := &access{claims: claims}
	var revoked bool
	if grantID == uuid.Nil {
		err := s.db.From(ctx).QueryRow(ctx, `select exists (select from revoked_access_tokens where jti = $1)`, claims.ID).Scan(&revoked)
		return a.judge(revoked, err, now)
	}
	a.grant = &grant{}
	err := s.db.From(ctx).QueryRow(ctx, `
		select `+grantColumns+`, exists (select from revoked_access_tokens where jti = $2)
		from grants g
		join account_states a on a.account_id = g.account_id
		where g.id = $1`, grantID, claims.ID).Scan(append(a.grant.scanTargets(), &revoked)...)
	return a.judge(revoked, err, now)
}

// opaqueAccess looks up an opaque token by the digest of its whole value (S-40), and its grant, in one pipelined batch.
func (s *store) opaqueAccess(ctx context.Context, token string, now time.Time) (*access, error) {
	hash := seal.Digest(token)
	b := &pgx.Batch{}
	b.Queue(`
		select t.claims, t.grant_id, t.expires_at <= $2, exists (select from revoked_access_tokens r where r.jti = t.claims ->> 'jti')
		from access_tokens t where t.hash = $1`, hash, now)
	b.Queue(`
		select `+grantColumns+`
		from grants g
		join account_states a on a.account_id = g.account_id
		where g.id = (select grant_id from access_tokens where hash = $1)`, hash)
	results := s.db.From(ctx).SendBatch(ctx, b)
	a := &access{}
	var grantID *uuid.UUID
	var expired, revoked bool
	err := results.QueryRow().Scan(&a.claims, &grantID, &expired, &revoked)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = errToken
	case err == nil && expired:
		err = tokenExpired
	}
	if err == nil && grantID != nil {
		a.grant = &grant{}
		err = results.QueryRow().Scan(a.grant.scanTargets()...)
	}
	if closing := results.Close(); err == nil {
		err = closing
	}
	return a.judge(revoked, err, now)
}

func (a *access) judge(revoked bool, err error, now time.Time) (*access, error) {
	switch {
	case errors.Is(err, errToken):
		return nil, err
	case errors.Is(err, pgx.ErrNoRows): // the grant or its account is gone
		return nil, tokenRevoked
	case err != nil:
		return nil, fmt.Errorf("looking up an access token: %w", err)
	case revoked, a.grant != nil && a.grant.RevokedAt != nil:
		return nil, tokenRevoked
	case a.grant != nil && !now.Before(a.grant.ExpiresAt):
		return nil, tokenExpired
	}
	return a, nil
}

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
