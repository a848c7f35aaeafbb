package provider

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/internal/dpop"
)

// presented is an access token as presented in a request.
type presented struct {
	text string
	dpop bool // with the scheme DPoP, not Bearer
}

// presentedToken reads the Authorization header; the scheme is case-insensitive.
func presentedToken(header string) (presented, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	p := presented{strings.Trim(token, " "), strings.EqualFold(scheme, "DPoP")}
	return p, ok && tokenText(p.text) && (p.dpop || strings.EqualFold(scheme, "Bearer"))
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

// tokenRefused responds according to RFC 6750 3.1 where only bearer tokens are accepted.
func tokenRefused(c *gin.Context, code string) error {
	c.Header("WWW-Authenticate", `Bearer error="`+code+`"`)
	programError(c, http.StatusUnauthorized, code, "")
	return nil
}

// senderRefused responds according to RFC 6750 3.1 or, for DPoP, RFC 9449 7.1. A request without a token gets no code,
// and both challenges.
func senderRefused(c *gin.Context, dpop bool, code, hint string) error {
	challenge := "Bearer"
	switch {
	case dpop:
		challenge = dpopChallenge(code, hint)
	case code == "":
		c.Writer.Header().Add("WWW-Authenticate", challenge)
		challenge, code, hint = dpopChallenge("", ""), "invalid_request", "The request has no access token in the header Authorization."
	case hint != "":
		challenge += ` error="` + code + `", error_description="` + hint + `"`
	default:
		challenge += ` error="` + code + `"`
	}
	c.Writer.Header().Add("WWW-Authenticate", challenge)
	programError(c, http.StatusUnauthorized, code, hint)
	return nil
}
