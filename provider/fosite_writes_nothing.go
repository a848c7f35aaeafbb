package provider

import (
	"context"
	"time"

	"github.com/ory/fosite"
)

// writesNothing implements the methods that fosite's interfaces require and that have nothing to do here. fosite would
// store code, PKCE, OpenID Connect and token sessions one by one, and revoke the tokens of a replayed code; saveGrant,
// saveTokens and saveFailure write the same in one batch, after fosite has decided.
type writesNothing struct{}

func (writesNothing) CreateAuthorizeCodeSession(context.Context, string, fosite.Requester) error {
	return nil
}
func (writesNothing) InvalidateAuthorizeCodeSession(context.Context, string) error { return nil }
func (writesNothing) CreatePKCERequestSession(context.Context, string, fosite.Requester) error {
	return nil
}
func (writesNothing) DeletePKCERequestSession(context.Context, string) error { return nil }
func (writesNothing) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}
func (writesNothing) DeleteOpenIDConnectSession(context.Context, string) error { return nil }
func (writesNothing) CreateAccessTokenSession(context.Context, string, fosite.Requester) error {
	return nil
}
func (writesNothing) DeleteAccessTokenSession(context.Context, string) error { return nil }
func (writesNothing) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return nil
}
func (writesNothing) DeleteRefreshTokenSession(context.Context, string) error  { return nil }
func (writesNothing) RotateRefreshToken(context.Context, string, string) error { return nil }
func (writesNothing) RevokeRefreshToken(context.Context, string) error         { return nil }
func (writesNothing) RevokeAccessToken(context.Context, string) error          { return nil }

// These four are never called: lookUpAccess reads access tokens, checkAssertion client assertions.

func (writesNothing) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}
func (writesNothing) ClientAssertionJWTValid(context.Context, string) error {
	return fosite.ErrJTIKnown
}
func (writesNothing) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}
