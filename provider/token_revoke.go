package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/ory/fosite"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// revoke is the revocation endpoint (RFC 7009). A refresh token is revoked with its whole grant, an access token alone.
// Unknown tokens get 200, another client's are refused, and an unavailable database is 503, never 200 (S-41).
func (h *Handler) revoke(c *gin.Context) error {
	ctx := c.Request.Context()
	in, client, err := h.authenticatedCall(c)
	if err != nil {
		return h.tokenError(c, err)
	}
	token := in.form.Get("token")
	if token == "" {
		return h.tokenError(c, worded(fosite.ErrInvalidRequest, "The parameter token is missing."))
	}
	done, err := h.service.turn(ctx, token)
	if err != nil {
		return err
	}
	defer done()
	if err := h.service.revokeToken(ctx, client, token, in.now); err != nil {
		return h.tokenError(c, err)
	}
	noStore(c)
	c.Status(http.StatusOK)
	return nil
}

var errForeignToken = worded(fosite.ErrUnauthorizedClient, "The token was issued to another client.")

// revokeToken looks for a refresh token, which is never a JWT, then for an access token, whatever the hint.
func (s *Service) revokeToken(ctx context.Context, client *Client, token string, now time.Time) error {
	g, err := (*grant)(nil), errToken
	if !strings.Contains(token, ".") {
		g, err = s.store.grantOfRefreshToken(ctx, token)
	}
	switch {
	case err == nil && g.ClientID != client.ID:
		return errForeignToken
	case err == nil:
		return s.store.revokeGrant(ctx, g, now)
	case !errors.Is(err, errToken):
		return err
	}
	found, err := s.lookUpAccess(ctx, token, now)
	switch {
	case errors.Is(err, errToken):
		return nil
	case err != nil:
		return err
	case found.claims.ClientID != client.ID:
		return errForeignToken
	}
	return s.store.revokeAccess(ctx, found, now)
}

func (s *store) grantOfRefreshToken(ctx context.Context, token string) (*grant, error) {
	g := &grant{}
	err := s.db.From(ctx).QueryRow(ctx, `
		select `+grantColumns+`
		from refresh_tokens t
		join grants g on g.id = t.grant_id
		join account_states a on a.account_id = g.account_id
		where t.hash = $1`, seal.Digest(token)).Scan(g.scanTargets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errToken
	}
	if err != nil {
		return nil, fmt.Errorf("looking up a refresh token: %w", err)
	}
	return g, nil
}

func (s *store) revokeGrant(ctx context.Context, g *grant, now time.Time) error {
	b := &pgx.Batch{}
	b.Queue(`update grants set revoked_at = $2 where id = $1 and revoked_at is null`, g.ID, now)
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.GrantRevoked, At: now, AccountID: g.AccountID.String(), ClientID: g.ClientID,
		SessionID: g.SID, RequestID: web.RequestID(ctx), Success: true})
	return s.db.From(ctx).SendBatch(ctx, b).Close()
}

func (s *store) revokeAccess(ctx context.Context, a *access, now time.Time) error {
	event := audit.Event{Kind: audit.AccessTokenRevoked, At: now, ClientID: a.claims.ClientID, RequestID: web.RequestID(ctx), Success: true}
	if a.grant != nil {
		event.AccountID, event.SessionID = a.grant.AccountID.String(), a.grant.SID
	}
	b := &pgx.Batch{}
	b.Queue(`insert into revoked_access_tokens (jti, expires_at) values ($1, $2)
		on conflict on constraint revoked_access_tokens_pkey do nothing`, a.claims.ID, a.claims.Expiry.Time())
	s.audit.Queue(ctx, b, event)
	return s.db.From(ctx).SendBatch(ctx, b).Close()
}
