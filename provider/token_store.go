package provider

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/time/rate"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// store executes SQL on the tables of this package. Statements for every code and token use numbered arguments: pgx
// parses a whole statement each time to find named ones.
type store struct {
	db      *postgres.DB
	audit   *audit.Log
	keyring *seal.Keyring
	now     func() time.Time

	errorRate *rate.Limiter // of rows in client_errors
}

// grantColumns joins a grant with the current state of the account (S-39): a closed account or a later change of
// password voids it, and so does the end of its session; a sign-out voids only grants without offline_access.
const grantColumns = `
	g.id, g.client_id, g.account_id, g.subject, g.sid, g.scopes, g.audience, g.auth_time, g.acr, g.amr, g.nonce,
	g.redirect_uri, g.code_hash, g.code_challenge, g.code_expires_at, g.created_at, g.expires_at, g.claims, g.dpop_jkt, g.launch,
	coalesce(g.revoked_at, case when not a.active or a.credentials_changed_at > g.created_at then g.created_at end,
		(select e.ended_at from session_ends e where e.sid = g.sid and (e.voids = 'all' or not 'offline_access' = any(g.scopes)))) as revoked_at`

func (g *grant) scanTargets() []any {
	return []any{&g.ID, &g.ClientID, &g.AccountID, &g.Subject, &g.SID, &g.Scopes, &g.Audience, &g.AuthTime, &g.ACR, &g.AMR,
		&g.Nonce, &g.RedirectURI, &g.CodeHash, &g.CodeChallenge, &g.CodeExpiresAt, &g.CreatedAt, &g.ExpiresAt, &g.Claims, &g.DPoPJKT, &g.Launch, &g.RevokedAt}
}

// saveGrant inserts the grant whose code or tokens are about to be sent, and ends the request that it came from. The
// error is errLostRace if a pushed request was answered before, errLaunchUsed if a launch was.
func (s *store) saveGrant(ctx context.Context, g *grant, m made, r *authorizeRequest, flowHash []byte, now time.Time) error {
	b := &pgx.Batch{}
	queueGrant(b, g)
	if flowHash != nil {
		b.Queue(`update interactions set finished_at = coalesce(finished_at, $1), refusal = null, refused_at = null where flow_hash = $2`,
			now, flowHash)
	}
	if r.pushed != nil { // a use by another interaction violates par_requests_uses_check and undoes the batch
		b.Queue(`
			update par_requests set used_at = coalesce(used_at, @now), used_by = coalesce(used_by, @flow_hash),
				uses = uses + case when used_by = @flow_hash then 0 else 1 end
			where handle_hash = @handle_hash`, pgx.NamedArgs{"now": now, "handle_hash": r.pushed, "flow_hash": flowHash})
	}
	if r.launched != nil {
		queueLaunchUse(b, r.launched.hash, flowHash, now)
	}
	m.queueOpaque(b, &g.ID)
	kind := audit.CodeIssued
	if m.access != "" {
		kind = audit.TokensIssued
	}
	s.audit.Queue(ctx, b, g.event(kind, true, now))
	err := s.db.From(ctx).SendBatch(ctx, b).Close()
	switch postgres.Violated(err) {
	case "par_requests_uses_check":
		return errLostRace
	case "smart_launches_uses_check":
		return errLaunchUsed
	}
	return err
}

// queueGrant adds the insert of a new grant.
func queueGrant(b *pgx.Batch, g *grant) {
	b.Queue(`
		insert into grants (id, client_id, account_id, subject, sid, scopes, audience, auth_time, acr, amr, nonce,
			redirect_uri, code_hash, code_challenge, code_expires_at, created_at, expires_at, consent_id, claims, dpop_jkt, launch)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		g.ID, g.ClientID, g.AccountID, g.Subject, g.SID, g.Scopes, g.Audience, g.AuthTime, g.ACR, g.AMR, g.Nonce,
		g.RedirectURI, g.CodeHash, g.CodeChallenge, g.CodeExpiresAt, g.CreatedAt, g.ExpiresAt, g.ConsentID, g.Claims, g.DPoPJKT, g.Launch)
}

// saveTokens marks the code or refresh token used and stores what is issued, in one batch. A constraint undoes all of
// it if another request was first or the grant has been revoked in the meantime (errLostRace).
func (s *store) saveTokens(ctx context.Context, out exchange, now time.Time) error {
	g, token := out.grant, out.token
	if g == nil && out.made.opaque == nil { // client_credentials with a JWT writes nothing
		return nil
	}
	b := &pgx.Batch{}
	if g == nil {
		out.made.queueOpaque(b, nil)
		return s.db.From(ctx).SendBatch(ctx, b).Close()
	}
	kind, predecessor := audit.TokensIssued, []byte(nil)
	if token == nil {
		b.Queue(`insert into code_redemptions (grant_id, redeemed_at, succeeded)
			values ((select id from grants where id = $1 and revoked_at is null), $2, true)`, g.ID, now)
	} else {
		kind, predecessor = audit.TokensRefreshed, token.Hash
	}
	switch {
	case out.made.refresh == "" || token != nil && token.SuccessorAt != nil: // none, or a repeated use with the same successor
	case token.fixed():
		b.Queue(`update refresh_tokens
			set expires_at = $3, grant_id = (select id from grants where id = $2 and revoked_at is null)
			where hash = $1`, seal.Digest(out.made.refresh), g.ID, g.refreshExpiry(now))
	default:
		b.Queue(`insert into refresh_tokens (hash, grant_id, predecessor, created_at, expires_at, bound_key, resource)
			values ($1, (select id from grants where id = $2 and revoked_at is null), $3, $4, $5, $6, $7)`,
			seal.Digest(out.made.refresh), g.ID, predecessor, s.now(), g.refreshExpiry(now), out.sender.key(), out.resource)
	}
	out.made.queueOpaque(b, &g.ID)
	s.audit.Queue(ctx, b, g.event(kind, true, now))
	err := s.db.From(ctx).SendBatch(ctx, b).Close()
	if postgres.Violated(err) != "" {
		return errLostRace
	}
	return err
}

// queueOpaque adds the row of an opaque access token, if any.
func (m made) queueOpaque(b *pgx.Batch, grantID *uuid.UUID) {
	if m.opaque != nil {
		b.Queue(`insert into access_tokens (hash, grant_id, claims, expires_at) values ($1, $2, $3, $4)`,
			seal.Digest(m.access), grantID, m.opaque, m.opaque.Expiry.Time())
	}
}

// saveFailure records the effect of a refused token request on the grant: a replay revokes it, any other failure voids
// the code (S-32).
func (s *store) saveFailure(ctx context.Context, p presentedGrant, replayed bool, now time.Time) error {
	if p.grant == nil {
		return nil
	}
	b := &pgx.Batch{}
	args := pgx.NamedArgs{"grant_id": p.grant.ID, "now": now}
	switch {
	case replayed:
		kind := audit.CodeReplayed
		if p.token != nil {
			kind = audit.RefreshReplayed
		}
		b.Queue(`update grants set revoked_at = @now where id = @grant_id and revoked_at is null`, args)
		s.audit.Queue(ctx, b, p.grant.event(kind, false, now))
	case p.token == nil && !p.redeemed:
		b.Queue(`insert into code_redemptions (grant_id, redeemed_at, succeeded) values (@grant_id, @now, false)
			on conflict on constraint code_redemptions_pkey do nothing`, args)
	default:
		return nil
	}
	return s.db.From(ctx).SendBatch(ctx, b).Close()
}

func (g *grant) event(kind audit.Kind, success bool, now time.Time) audit.Event {
	return audit.Event{Kind: kind, At: now, AccountID: g.AccountID.String(), ClientID: g.ClientID, SessionID: g.SID, Success: success}
}
