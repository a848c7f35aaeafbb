package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// token is the token endpoint (RFC 6749 3.2). One unit of work covers it: what
// fosite decides is written after it has succeeded and before the answer.
func (h *Handler) token(c *gin.Context) error {
	ctx, u := h.newUnit(c)
	if err := checkTokenRequest(c); err != nil {
		return h.tokenError(c, err)
	}
	var err error
	if u.proof, err = h.readProof(c, "", u.now); err != nil {
		return h.tokenError(c, err)
	}
	done, err := h.service.turn(ctx, web.Form(c).Get(grantParameter[web.Form(c).Get("grant_type")]))
	if err != nil {
		return err
	}
	defer done()
	response, err := h.service.exchange(ctx, c.Request)
	if errors.Is(err, errLostRace) {
		u.replayed = u.token == nil // two uses of one code at once are a replay
		err = worded(fosite.ErrInvalidGrant, "The code or token is being used by another request.")
	}
	if err != nil {
		if failure := u.flushFailure(ctx); failure != nil {
			return failure
		}
		return h.tokenError(c, u.explainToken(web.Form(c), err))
	}
	if h.service.answered != nil {
		h.service.answered(web.Form(c).Get("grant_type"), u.client)
	}
	noStore(c)
	c.JSON(http.StatusOK, response.ToMap())
	return nil
}

// turn is of the row that a code or token names, and no other parameter: whose request locks none has it to itself.
func (s *Service) turn(ctx context.Context, named string) (done func(), err error) {
	if named == "" {
		return func() {}, nil
	}
	return s.store.db.Turn(ctx, seal.Digest(named))
}

func (s *Service) exchange(ctx context.Context, r *http.Request) (fosite.AccessResponder, error) {
	r.Form.Del("audience") // no parameter of ours, so ignored (RFC 6749 3.2); fosite would judge it
	r.PostForm.Del("audience")
	request, err := s.fosite.NewAccessRequest(ctx, r, newTokenSession(nil))
	if err != nil {
		return nil, err
	}
	u := unitFrom(ctx)
	if err := errors.Join(u.pickResource(r.PostForm, s.strategy.issuer), s.bindTokens(u, r), u.checkReuse()); err != nil {
		return nil, err
	}
	if request.GetGrantTypes().HasOneOf("client_credentials", grantJWTBearer) {
		for _, scope := range request.GetRequestedScopes() {
			request.GrantScope(scope)
		}
		for _, audience := range request.GetRequestedAudience() {
			request.GrantAudience(audience)
		}
	}
	if asked, ok := request.(*fosite.AccessRequest); ok && u.token != nil {
		if err := narrowRefresh(asked, u.client, u.grant); err != nil {
			return nil, err
		}
	}
	if u.grant != nil {
		released := u.grant
		if u.token != nil {
			released = released.narrowed(request.GetGrantedScopes())
		}
		if u.idClaims, err = s.idTokenClaims(ctx, released); err != nil {
			return nil, err
		}
		if err := s.readLaunch(ctx, u, released.Scopes); err != nil {
			return nil, err
		}
	}
	if u.grant != nil && u.grant.has("openid") {
		if u.envelope, err = s.idTokenEnvelope(ctx, u.client); err != nil {
			return nil, err
		}
	}
	response, err := s.fosite.NewAccessResponse(ctx, request)
	if err != nil {
		return nil, err
	}
	response.SetTokenType(u.sender.tokenType())
	if u.patient != "" {
		response.SetExtra("patient", u.patient)
	}
	err = u.flushTokens(ctx)
	if errors.Is(err, errLostRace) && u.token != nil {
		err = u.join(ctx)
	}
	return response, err
}

// checkTokenRequest refuses what fosite would take or answer with the wrong code.
func checkTokenRequest(c *gin.Context) error {
	form := web.Form(c)
	if err := errors.Join(checkForm(c, "resource"), refuseDetails(form)); err != nil {
		return err
	}
	grant := form.Get("grant_type")
	needed := grantParameter[grant]
	switch {
	case grant == "":
		return worded(fosite.ErrInvalidRequest, "The parameter grant_type is missing.")
	case !slices.Contains(grantTypes, grant):
		return ours("unsupported_grant_type", fmt.Sprintf("The grant_type %q is not one of: %s.", clip(grant), strings.Join(grantTypes, ", ")))
	case needed != "" && form.Get(needed) == "":
		return worded(fosite.ErrInvalidRequest, "The parameter "+needed+" is missing.")
	}
	return nil
}

// grantParameter is what a grant cannot be asked for without (RFC 6749 4.1.3, 6; RFC 7523
// 2.1; RFC 8628 3.4).
var grantParameter = map[string]string{
	"authorization_code": "code", "refresh_token": "refresh_token", grantJWTBearer: "assertion", grantDevice: "device_code",
}

// tokenError answers per RFC 6749 5.2.
func (h *Handler) tokenError(c *gin.Context, cause error) error {
	oauth := oauthError(cause)
	if oauth == nil {
		return cause
	}
	if sent, err := presentedCredentials(c.Request, web.Form(c)); err == nil {
		h.noteError(c, sent.id, web.Form(c), oauth)
	}
	status := http.StatusBadRequest
	if oauth.ErrorField == "invalid_client" {
		status = http.StatusUnauthorized
		if c.GetHeader("Authorization") != "" {
			c.Header("WWW-Authenticate", `Basic realm="`+h.service.strategy.issuer+`"`)
		}
	}
	programError(c, status, oauth.ErrorField, describe(oauth))
	return nil
}

func noStore(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Header("Pragma", "no-cache")
}
