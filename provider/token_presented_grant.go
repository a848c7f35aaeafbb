package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ory/fosite"

	"huskyidp/internal/seal"
)

// presentedGrant is the grant behind the code or refresh token of a token request. It is zero for a service's request,
// and for a code or token that is unknown or that the client may not use.
type presentedGrant struct {
	grant    *grant
	token    *refreshToken // nil for a code
	redeemed bool          // the code was presented before
}

var (
	// errLostRace is returned if another request used the same code or token first.
	errLostRace = errors.New("provider: the code or token was used by another request at the same moment")

	// errReplayed marks an error of a code or refresh token that was presented again: its grant is revoked (S-33,
	// S-38).
	errReplayed = errors.New("provider: the code or token was used before")
)

// load finds what a token request presents. It looks nothing up for a client that is not registered for the grant type.
func (s *Service) load(ctx context.Context, in call, client *Client) (presentedGrant, error) {
	grantType := in.form.Get("grant_type")
	named := in.form.Get(grantParameter[grantType])
	var p presentedGrant
	var err error
	switch {
	case !slices.Contains(client.Metadata.GrantTypes, grantType):
		return presentedGrant{}, nil // refused by the grant type's handler
	case grantType == "authorization_code":
		p, err = s.store.byCode(ctx, seal.Digest(named))
	case grantType == "refresh_token":
		p, err = s.store.byRefreshToken(ctx, seal.Digest(named))
	case grantType == grantDevice:
		return s.byDeviceCode(ctx, seal.Digest(named), client, in.now)
	}
	if errors.Is(err, errToken) {
		return presentedGrant{}, nil
	}
	return p, err
}

// byCode finds a grant by the digest of its code. The error is errToken for an unknown one.
func (s *store) byCode(ctx context.Context, hash []byte) (presentedGrant, error) {
	g, redeemed := &grant{}, false
	err := s.db.From(ctx).QueryRow(ctx, `
		select `+grantColumns+`, r.grant_id is not null
		from grants g
		join account_states a on a.account_id = g.account_id
		left join code_redemptions r on r.grant_id = g.id
		where g.code_hash = $1`, hash).Scan(append(g.scanTargets(), &redeemed)...)
	return presentedGrant{grant: g, redeemed: redeemed}.orUnknown(err)
}

// byRefreshToken finds a refresh token by its digest, and its grant. The error is errToken for an unknown one.
func (s *store) byRefreshToken(ctx context.Context, hash []byte) (presentedGrant, error) {
	g, t := &grant{}, &refreshToken{Hash: hash}
	err := s.db.From(ctx).QueryRow(ctx, `
		select `+grantColumns+`, t.expires_at, t.bound_key, next.created_at, coalesce(next.bound_key, ''), next.resource
		from refresh_tokens t
		join grants g on g.id = t.grant_id
		join account_states a on a.account_id = g.account_id
		left join refresh_tokens next on next.predecessor = t.hash
		where t.hash = $1`, hash).Scan(append(g.scanTargets(), &t.ExpiresAt, &t.BoundKey, &t.SuccessorAt, &t.SuccessorKey, &t.SuccessorFor)...)
	return presentedGrant{grant: g, token: t}.orUnknown(err)
}

func (p presentedGrant) orUnknown(err error) (presentedGrant, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return presentedGrant{}, errToken
	}
	if err != nil {
		return presentedGrant{}, fmt.Errorf("loading the grant: %w", err)
	}
	return p, nil
}

// stolen reports whether the code or token must be in somebody else's hands too: a code that its client has redeemed
// (S-33), a refresh token used longer than refreshRetry ago, or one presented by another client (S-38).
func (s *Service) stolen(p presentedGrant, client *Client, now time.Time) bool {
	switch {
	case p.grant == nil:
		return false
	case p.token == nil:
		return p.redeemed && p.grant.ClientID == client.ID
	case p.grant.RevokedAt != nil:
		return false
	case p.grant.ClientID != client.ID: // a token bound to a key is useless to others
		_, err := s.clients.Get(p.grant.ClientID)
		return err == nil && !p.token.fixed()
	}
	return p.token.outlived(now)
}

// checkReuse accepts the second use of a refresh token if it repeats the use that made the successor: soon after it,
// with the same key and for the same resource (S-38).
func (p presentedGrant) checkReuse(t terms, now time.Time) error {
	if p.token == nil || p.token.SuccessorAt == nil {
		return nil
	}
	if !p.token.outlived(now) && p.token.SuccessorKey == t.sender.key() && (p.token.SuccessorFor == nil || *p.token.SuccessorFor == t.resource) {
		return nil
	}
	return fosite.ErrInvalidGrant.WithWrap(errReplayed)
}

// join ends an exchange that lost a race for its code or token. Two uses of a code are a replay. A refresh joins the
// other one, whose row lock it has waited for: the successor is derived from the token, so both get the same one. It
// returns the database's current state.
func (s *Service) join(ctx context.Context, lost exchange, now time.Time) (presentedGrant, error) {
	busy := worded(fosite.ErrInvalidGrant, "The code or token is being used by another request.")
	if lost.token == nil {
		return lost.presentedGrant, busy.WithWrap(errReplayed)
	}
	found, err := s.store.byRefreshToken(ctx, lost.token.Hash)
	if errors.Is(err, errToken) {
		return lost.presentedGrant, fosite.ErrNotFound
	}
	if err != nil {
		return lost.presentedGrant, err
	}
	if found.grant.RevokedAt != nil || found.token.SuccessorAt == nil {
		return found, busy
	}
	if err := found.checkReuse(lost.terms, now); err != nil {
		return found, err
	}
	lost.presentedGrant = found
	err = s.store.saveTokens(ctx, lost, now)
	if errors.Is(err, errLostRace) {
		err = busy
	}
	return found, err
}
