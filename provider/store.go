package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/ory/fosite"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// store speaks SQL on the tables of this package.
type store struct {
	db      *postgres.DB
	audit   *audit.Log
	keyring *seal.Keyring
	now     func() time.Time
}

// grantColumns join a grant with what the account says today (S-39): a closed
// account, or a password changed since, voids it; so does the end of its session, a
// sign-out only what lasts no longer than the member is there.
const grantColumns = `
	g.id, g.client_id, g.account_id, g.subject, g.sid, g.scopes, g.audience, g.auth_time, g.acr, g.amr, g.nonce,
	g.redirect_uri, g.code_hash, g.code_challenge, g.code_expires_at, g.created_at, g.expires_at, g.claims, g.dpop_jkt,
	coalesce(g.revoked_at, case when not a.active or a.credentials_changed_at > g.created_at then g.created_at end,
		(select e.ended_at from session_ends e where e.sid = g.sid and (e.voids = 'all' or not 'offline_access' = any(g.scopes)))) as revoked_at`

func (g *grant) scanTargets() []any {
	return []any{&g.ID, &g.ClientID, &g.AccountID, &g.Subject, &g.SID, &g.Scopes, &g.Audience, &g.AuthTime, &g.ACR, &g.AMR,
		&g.Nonce, &g.RedirectURI, &g.CodeHash, &g.CodeChallenge, &g.CodeExpiresAt, &g.CreatedAt, &g.ExpiresAt, &g.Claims, &g.DPoPJKT, &g.RevokedAt}
}

func (u *unit) loadByCode(ctx context.Context, hash []byte) error {
	g := &grant{}
	err := u.store.db.From(ctx).QueryRow(ctx, `
		select `+grantColumns+`, r.grant_id is not null
		from grants g
		join account_states a on a.account_id = g.account_id
		left join code_redemptions r on r.grant_id = g.id
		where g.code_hash = $1`, hash).Scan(append(g.scanTargets(), &u.redeemed)...)
	return u.keep(g, nil, err)
}

func (u *unit) loadByRefreshToken(ctx context.Context, hash []byte) error {
	g, t := &grant{}, &refreshToken{Hash: hash}
	err := u.store.db.From(ctx).QueryRow(ctx, `
		select `+grantColumns+`, t.expires_at, t.bound_key, next.created_at, coalesce(next.bound_key, ''), next.resource
		from refresh_tokens t
		join grants g on g.id = t.grant_id
		join account_states a on a.account_id = g.account_id
		left join refresh_tokens next on next.predecessor = t.hash
		where t.hash = $1`, hash).Scan(append(g.scanTargets(), &t.ExpiresAt, &t.BoundKey, &t.SuccessorAt, &t.SuccessorKey, &t.SuccessorFor)...)
	return u.keep(g, t, err)
}

func (u *unit) keep(g *grant, t *refreshToken, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fosite.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("loading the grant: %w", err)
	}
	u.grant, u.token, u.loaded = g, t, true
	return nil
}

// flushAuthorize inserts the grant whose code is about to be sent, and ends what it
// came from. The error is errLostRace when a pushed request was answered before.
func (u *unit) flushAuthorize(ctx context.Context, flowHash, pushed []byte) error {
	b := &pgx.Batch{}
	queueGrant(b, u.grant)
	if flowHash != nil {
		b.Queue(`update interactions set finished_at = coalesce(finished_at, @now), refusal = null, refused_at = null where flow_hash = @flow_hash`,
			pgx.NamedArgs{"now": u.now, "flow_hash": flowHash})
	}
	if pushed != nil { // a use by another interaction violates par_requests_uses_check and undoes the batch
		b.Queue(`
			update par_requests set used_at = coalesce(used_at, @now), used_by = coalesce(used_by, @flow_hash),
				uses = uses + case when used_by = @flow_hash then 0 else 1 end
			where handle_hash = @handle_hash`, pgx.NamedArgs{"now": u.now, "handle_hash": pushed, "flow_hash": flowHash})
	}
	u.queueOpaque(b, &u.grant.ID)
	kind := audit.CodeIssued
	if u.access != "" {
		kind = audit.TokensIssued
	}
	u.store.audit.Queue(b, ctx, u.event(kind))
	err := u.store.db.From(ctx).SendBatch(ctx, b).Close()
	if postgres.Violated(err) == "par_requests_uses_check" {
		return errLostRace
	}
	return err
}

// queueGrant adds the insert of a new grant.
func queueGrant(b *pgx.Batch, g *grant) {
	b.Queue(`
		insert into grants (id, client_id, account_id, subject, sid, scopes, audience, auth_time, acr, amr, nonce,
			redirect_uri, code_hash, code_challenge, code_expires_at, created_at, expires_at, consent_id, claims, dpop_jkt)
		values (@id, @client_id, @account_id, @subject, @sid, @scopes, @audience, @auth_time, @acr, @amr, @nonce,
			@redirect_uri, @code_hash, @code_challenge, @code_expires_at, @created_at, @expires_at, @consent_id, @claims, @dpop_jkt)`,
		pgx.NamedArgs{"id": g.ID, "client_id": g.ClientID, "account_id": g.AccountID, "subject": g.Subject, "sid": g.SID,
			"scopes": g.Scopes, "audience": g.Audience, "auth_time": g.AuthTime, "acr": g.ACR, "amr": g.AMR, "nonce": g.Nonce,
			"redirect_uri": g.RedirectURI, "code_hash": g.CodeHash, "code_challenge": g.CodeChallenge,
			"code_expires_at": g.CodeExpiresAt, "created_at": g.CreatedAt, "expires_at": g.ExpiresAt, "consent_id": g.ConsentID, "claims": g.Claims,
			"dpop_jkt": g.DPoPJKT})
}

// flushTokens marks the code or refresh token used and stores what is issued: one
// batch, which a constraint undoes as a whole when another request was first or
// the grant has been revoked meanwhile.
func (u *unit) flushTokens(ctx context.Context) error {
	if u.grant == nil && u.opaque == nil { // client_credentials with a JWT writes nothing
		return nil
	}
	b := &pgx.Batch{}
	if u.grant == nil {
		u.queueOpaque(b, nil)
		return u.store.db.From(ctx).SendBatch(ctx, b).Close()
	}
	kind := audit.TokensIssued
	args := pgx.NamedArgs{"grant_id": u.grant.ID, "now": u.now, "hash": u.newRefresh, "predecessor": nil, "made_at": u.store.now(),
		"expires_at": u.refreshExpiry(), "bound_key": u.sender.key(), "resource": u.resource}
	if u.token == nil {
		b.Queue(`insert into code_redemptions (grant_id, redeemed_at, succeeded)
			values ((select id from grants where id = @grant_id and revoked_at is null), @now, true)`, args)
	} else {
		kind = audit.TokensRefreshed
		args["predecessor"] = u.token.Hash
	}
	switch {
	case u.newRefresh == nil || u.token != nil && u.token.retriesLastStep:
	case u.token.fixed():
		b.Queue(`update refresh_tokens
			set expires_at = @expires_at, grant_id = (select id from grants where id = @grant_id and revoked_at is null)
			where hash = @hash`, args)
	default:
		b.Queue(`insert into refresh_tokens (hash, grant_id, predecessor, created_at, expires_at, bound_key, resource)
			values (@hash, (select id from grants where id = @grant_id and revoked_at is null), @predecessor, @made_at, @expires_at, @bound_key, @resource)`, args)
	}
	u.queueOpaque(b, &u.grant.ID)
	u.store.audit.Queue(b, ctx, u.event(kind))
	err := u.store.db.From(ctx).SendBatch(ctx, b).Close()
	if postgres.Violated(err) != "" {
		return errLostRace
	}
	return err
}

// queueOpaque adds the row of an opaque access token, if there is one.
func (u *unit) queueOpaque(b *pgx.Batch, grantID *uuid.UUID) {
	if u.opaque != nil {
		b.Queue(`insert into access_tokens (hash, grant_id, claims, expires_at) values ($1, $2, $3, $4)`,
			u.opaque.hash, grantID, u.opaque.claims, u.opaque.claims.Expiry.Time())
	}
}

// flushFailure records what a refused token request means for the grant: a replay
// revokes it, any other failure kills the code (S-32).
func (u *unit) flushFailure(ctx context.Context) error {
	if !u.loaded {
		return nil
	}
	b := &pgx.Batch{}
	args := pgx.NamedArgs{"grant_id": u.grant.ID, "now": u.now}
	switch {
	case u.replayed:
		kind := audit.CodeReplayed
		if u.token != nil {
			kind = audit.RefreshReplayed
		}
		b.Queue(`update grants set revoked_at = @now where id = @grant_id and revoked_at is null`, args)
		u.store.audit.Queue(b, ctx, u.event(kind))
	case u.token == nil && !u.redeemed:
		b.Queue(`insert into code_redemptions (grant_id, redeemed_at, succeeded) values (@grant_id, @now, false)
			on conflict on constraint code_redemptions_pkey do nothing`, args)
	default:
		return nil
	}
	return u.store.db.From(ctx).SendBatch(ctx, b).Close()
}

// refreshExpiry is the idle end of a new refresh token, never past the grant's end.
func (u *unit) refreshExpiry() time.Time {
	idle := u.now.Add(refreshIdle)
	if u.grant.ExpiresAt.Before(idle) {
		return u.grant.ExpiresAt
	}
	return idle
}

func (u *unit) event(kind audit.Kind) audit.Event {
	return audit.Event{Kind: kind, At: u.now, AccountID: u.grant.AccountID.String(), ClientID: u.grant.ClientID,
		SessionID: u.grant.SID, Success: !u.replayed}
}
