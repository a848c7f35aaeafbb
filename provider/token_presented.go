package provider

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/internal/dpop"
	"huskyidp/internal/web"
)

// presented is an access token as presented in a request.
type presented struct {
	text string
	dpop bool // with the scheme DPoP, not Bearer
}

// presentedToken reads the Authorization header; the scheme is case-insensitive. The text of a malformed token is "",
// which is no token's.
func presentedToken(header string) (p presented, sent bool) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.Trim(token, " ")
	p.dpop = strings.EqualFold(scheme, "DPoP")
	if tokenText(token) {
		p.text = token
	}
	return p, token != "" && (p.dpop || strings.EqualFold(scheme, "Bearer"))
}

// tokenText reports whether text is a b64token (RFC 6750 2.1). It trims nothing that another parser would keep.
func tokenText(text string) bool {
	return text != "" && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") == ""
}

// checkSender checks a resource request against its token's binding: it needs a proof of the right key for this request
// and token, or the right certificate. The error is one of fosite's.
func (h *Handler) checkSender(c *gin.Context, p presented, bound *confirmation, now time.Time) error {
	if bound == nil {
		bound = &confirmation{}
	}
	if p.dpop != (bound.JKT != "") {
		return worded(fosite.ErrInvalidTokenFormat, "The token was presented with the wrong token type.")
	}
	if bound.X5T != "" {
		certificate := h.service.certificate(c.Request)
		if certificate == nil || subtle.ConstantTimeCompare([]byte(thumbprint(certificate)), []byte(bound.X5T)) != 1 {
			return worded(fosite.ErrInvalidTokenFormat, "The token is bound to another certificate.")
		}
	}
	if !p.dpop {
		return nil
	}
	proof, err := h.readProof(c, p.text, now)
	switch {
	case err != nil:
		return err
	case proof == nil:
		return invalidProof("The DPoP proof is missing.")
	case proof.Thumbprint != bound.JKT:
		return worded(fosite.ErrInvalidTokenFormat, "The token is bound to another key than the proof's.")
	}
	return h.service.spendAll(c.Request.Context(), []onceOnly{{"dpop", proof.Thumbprint, proof.ID, proof.Issued, proof.Expires}})
}

// dpopChallenge returns a WWW-Authenticate value of RFC 9449 section 7.1.
func dpopChallenge(code, hint string) string {
	parts := []string{}
	if code != "" {
		parts = append(parts, `error="`+code+`"`)
	}
	if hint != "" {
		parts = append(parts, `error_description="`+hint+`"`)
	}
	parts = append(parts, `algs="`+strings.Join(dpop.Algorithms, " ")+`"`)
	return "DPoP " + strings.Join(parts, ", ")
}

// bearer reads the header of RFC 6750 2.1; the scheme is case-insensitive.
func bearer(header string) (string, bool) {
	token, ok := presentedToken(header)
	return token.text, ok && !token.dpop
}

// noToken responds to a request without a token: its challenges have no code (RFC 6750 3.1).
func noToken(c *gin.Context, hint string, challenges ...string) error {
	for _, challenge := range challenges {
		c.Writer.Header().Add("WWW-Authenticate", challenge)
	}
	programError(c, http.StatusUnauthorized, "invalid_request", hint)
	return nil
}

// senderRefused refuses a token according to RFC 6750 3 or, for DPoP, RFC 9449 7.1.
func senderRefused(c *gin.Context, dpop bool, code, hint string) error {
	hint = web.Description(hint)
	challenge := `Bearer error="` + code + `", error_description="` + hint + `"`
	if dpop {
		challenge = dpopChallenge(code, hint)
	}
	c.Header("WWW-Authenticate", challenge)
	programError(c, http.StatusUnauthorized, code, hint)
	return nil
}
