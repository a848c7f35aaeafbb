package provider

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// userinfo answers with the granted claims (OpenID Connect Core 5.3). The token
// comes in the Authorization header alone (S-41).
func (h *Handler) userinfo(c *gin.Context) error {
	token, ok := bearer(c.GetHeader("Authorization"))
	if !ok {
		return tokenRefused(c, "")
	}
	ctx := c.Request.Context()
	access, err := h.service.lookUpAccess(ctx, token, h.now())
	if errors.Is(err, errToken) {
		return tokenRefused(c, "invalid_token")
	}
	if err != nil {
		return err
	}
	g := access.grant
	if g == nil || access.claims.Audience != h.service.strategy.issuer {
		return tokenRefused(c, "invalid_token") // a service's token, or one for another resource
	}
	if !g.has("openid") {
		c.Header("WWW-Authenticate", `Bearer error="insufficient_scope", scope="openid"`)
		c.JSON(http.StatusForbidden, gin.H{"error": "insufficient_scope"})
		return nil
	}
	claims, err := h.service.claims(ctx, g)
	if err != nil {
		return err
	}
	noStore(c)
	client, err := h.service.clients.Get(g.ClientID)
	if err != nil {
		return tokenRefused(c, "invalid_token") // the client has been disabled
	}
	if alg := client.Metadata.UserinfoSignedResponseAlg; alg != "" {
		return h.signedUserinfo(c, alg, g, claims)
	}
	c.JSON(http.StatusOK, claims)
	return nil
}

// signedUserinfo answers as a JWT (Core 5.3.2). Its header has no typ, so that it never
// passes for an ID token (S-40).
func (h *Handler) signedUserinfo(c *gin.Context, alg string, g *grant, claims map[string]any) error {
	signed, err := h.service.strategy.sign(alg, "", claims, map[string]any{"iss": h.service.strategy.issuer, "aud": g.ClientID})
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/jwt", []byte(signed))
	return nil
}

// bearer reads the header of RFC 6750 2.1; the scheme's case does not matter.
func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// tokenRefused answers per RFC 6750 3.1; a request without a token gets no code.
func tokenRefused(c *gin.Context, code string) error {
	noStore(c)
	if code == "" {
		c.Header("WWW-Authenticate", "Bearer")
		c.JSON(http.StatusUnauthorized, gin.H{"error": "invalid_request"})
		return nil
	}
	c.Header("WWW-Authenticate", `Bearer error="`+code+`"`)
	c.JSON(http.StatusUnauthorized, gin.H{"error": code})
	return nil
}
