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

// token is the token endpoint (RFC 6749 3.2).
func (h *Handler) token(c *gin.Context) error {
	ctx, in := c.Request.Context(), h.newCall(c)
	if err := checkTokenRequest(c); err != nil {
		return h.tokenError(c, err)
	}
	var err error
	if in.proof, err = h.readProof(c, "", in.now); err != nil {
		return h.tokenError(c, err)
	}
	done, err := h.service.turn(ctx, in.form.Get(grantParameter[in.form.Get("grant_type")]))
	if err != nil {
		return err
	}
	defer done()
	out, err := h.service.exchange(ctx, in)
	if err != nil {
		return h.tokenError(c, err)
	}
	if h.service.answered != nil {
		h.service.answered(in.form.Get("grant_type"), out.client)
	}
	noStore(c)
	c.JSON(http.StatusOK, out.response.ToMap())
	return nil
}

// turn waits for a turn on the row that a code or token names. Requests that lock no row do not wait for each
// other, so no other parameter is used.
func (s *Service) turn(ctx context.Context, named string) (done func(), err error) {
	if named == "" {
		return func() {}, nil
	}
	return s.store.db.Turn(ctx, seal.Digest(named))
}

// checkTokenRequest refuses what fosite would accept or answer with the wrong code.
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
		return ours("unsupported_grant_type", fmt.Sprintf("The grant_type %q is not one of: %s.", web.Clip(grant, repeatedMax), strings.Join(grantTypes, ", ")))
	case needed != "" && form.Get(needed) == "":
		return worded(fosite.ErrInvalidRequest, "The parameter "+needed+" is missing.")
	}
	return nil
}

// grantParameter is the required parameter of each grant type (RFC 6749 4.1.3, 6; RFC 7523 2.1; RFC 8628 3.4).
var grantParameter = map[string]string{
	"authorization_code": "code", "refresh_token": "refresh_token", grantJWTBearer: "assertion", grantDevice: "device_code",
}

// tokenError responds according to RFC 6749 5.2.
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
