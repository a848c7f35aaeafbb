package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/ory/fosite"
)

// grantJWTBearer is the grant type of RFC 7523 section 2.1. A service registers it by name, with private_key_jwt.
const grantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// jwtBearerHandler handles the grant at the token endpoint. The only valid subject is the client itself, and the token
// is that of a service. No client can act for a member with a JWT that it made; only the authorization endpoint obtains
// a member's consent.
type jwtBearerHandler struct{ service *Service }

var _ fosite.TokenEndpointHandler = jwtBearerHandler{}

func (jwtBearerHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }
func (jwtBearerHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(grantJWTBearer)
}

// HandleTokenEndpointRequest checks the assertion like one for client authentication (section 3), spends it, and checks
// scopes and audience as for client_credentials.
func (j jwtBearerHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	session := sessionOf(r)
	m := session.client.Metadata
	if !slices.Contains(m.GrantTypes, grantJWTBearer) {
		return worded(fosite.ErrUnauthorizedClient, "The client is not registered for the jwt-bearer grant.")
	}
	if err := session.client.onlyRegistered(r.GetRequestedScopes()); err != nil {
		return err
	}
	if err := exactAudience(m.Audience, r.GetRequestedAudience()); err != nil {
		return err
	}
	use, err := j.service.checkAssertion(ctx, session.client, "/token", r.GetRequestForm().Get("assertion"), session.now)
	if err == nil {
		err = j.service.spendAll(ctx, []onceOnly{use})
	}
	if rule, refused := errors.AsType[refusal](err); refused {
		return worded(fosite.ErrInvalidGrant, "The assertion of the grant is refused. "+string(rule))
	}
	return err
}

func (j jwtBearerHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	return j.service.strategy.answerAccess(ctx, r, response)
}

// answerAccess adds an access token to the answer of a grant type that we handle.
func (s *strategy) answerAccess(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	token, _, err := s.GenerateAccessToken(ctx, r)
	if err != nil {
		return fosite.ErrServerError.WithWrap(err)
	}
	response.SetAccessToken(token)
	response.SetTokenType("bearer")
	response.SetExpiresIn(accessTokenLifetime)
	response.SetScopes(r.GetGrantedScopes())
	return nil
}
