package provider

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ory/fosite"
)

// Errors of RFC 8628 3.5.
var (
	errPending  = ours("authorization_pending", "The member has not decided yet.")
	errSlowDown = ours("slow_down", "The device polls too often: wait 5 seconds longer between requests.")
	errExpired  = ours("expired_token", "The device code has expired.")
)

// byDeviceCode records a poll and returns the grant made by the member's approval. The error says why the device has to
// wait, or is refused.
func (s *Service) byDeviceCode(ctx context.Context, hash []byte, client *Client, now time.Time) (presentedGrant, error) {
	request, err := s.store.pollDevice(ctx, hash, now)
	if errors.Is(err, fosite.ErrNotFound) || err == nil && request.ClientID != client.ID {
		return presentedGrant{}, worded(fosite.ErrInvalidGrant, "The device code is not valid.")
	}
	switch {
	case err != nil:
		return presentedGrant{}, err
	case !now.Before(request.ExpiresAt):
		return presentedGrant{}, errExpired
	case request.Decision != nil && *request.Decision == deviceDenied:
		return presentedGrant{}, fosite.ErrAccessDenied
	case request.PolledAt != nil && now.Sub(*request.PolledAt) < time.Duration(request.Poll)*time.Second:
		return presentedGrant{}, errSlowDown
	case request.Decision == nil:
		return presentedGrant{}, errPending
	}
	p, err := s.store.byCode(ctx, hash)
	switch {
	case errors.Is(err, errToken):
		return presentedGrant{}, worded(fosite.ErrInvalidGrant, "The device code is not valid.")
	case err == nil && (p.redeemed || p.grant.RevokedAt != nil):
		return p, worded(fosite.ErrInvalidGrant, "The device code has already been used.")
	}
	return p, err
}

// deviceHandler handles the grant type at the token endpoint. The grant made by approval is redeemed like that of any
// code.
type deviceHandler struct{ strategy *strategy }

var _ fosite.TokenEndpointHandler = deviceHandler{}

func (deviceHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

func (deviceHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(grantDevice)
}

func (deviceHandler) HandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) error {
	session := sessionOf(r)
	if session.grant == nil {
		return worded(fosite.ErrUnauthorizedClient, "The client is not registered for the device grant.")
	}
	r.SetID(session.grant.ID.String())
	return nil
}

func (d deviceHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	session := sessionOf(r)
	for _, scope := range session.grant.Scopes {
		r.GrantScope(scope)
	}
	for _, audience := range session.grant.Audience {
		r.GrantAudience(audience)
	}
	if err := d.strategy.answerAccess(ctx, r, response); err != nil {
		return err
	}
	if session.grant.has("offline_access") && slices.Contains(session.client.Metadata.GrantTypes, "refresh_token") {
		refresh, _, err := d.strategy.GenerateRefreshToken(ctx, r)
		if err != nil {
			return fosite.ErrServerError.WithWrap(err)
		}
		response.SetExtra("refresh_token", refresh)
	}
	if session.grant.has("openid") {
		idToken, err := d.strategy.GenerateIDToken(ctx, idTokenLifetime, r)
		if err != nil {
			return fosite.ErrServerError.WithWrap(err)
		}
		response.SetExtra("id_token", idToken)
	}
	return nil
}
