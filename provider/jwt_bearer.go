package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/ory/fosite"
)

// grantJWTBearer is the grant type of RFC 7523 section 2.1. A service registers it by
// name, with private_key_jwt.
const grantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// jwtBearerHandler is the token endpoint's part. The assertion may name one subject: the
// client itself, whose token is then a service's. No client speaks for a member by a JWT
// of its own making; a member's word is the authorization endpoint's to get.
type jwtBearerHandler struct{ service *Service }

var _ fosite.TokenEndpointHandler = jwtBearerHandler{}

func (jwtBearerHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }
func (jwtBearerHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(grantJWTBearer)
}

// HandleTokenEndpointRequest holds the assertion to the rules of those that authenticate
// (section 3), uses it up, and judges what is asked for as for client_credentials.
func (j jwtBearerHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	session := sessionOf(r)
	m := session.client.Metadata
	if !slices.Contains(m.GrantTypes, grantJWTBearer) {
		return worded(fosite.ErrUnauthorizedClient, "The client is not registered for the jwt-bearer grant.")
	}
	for _, scope := range r.GetRequestedScopes() {
		if !slices.Contains(m.Scope, scope) {
			return worded(fosite.ErrInvalidScope, "The client is not registered for one of the scopes.")
		}
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
