package provider

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// userinfo responds with the granted claims (OpenID Connect Core 5.3). The token is in the Authorization header (S-41);
// in the form only for clients with profile certification, which tests RFC 6750 2.2.
func (h *Handler) userinfo(c *gin.Context) error {
	token, ok := presentedToken(c.GetHeader("Authorization"))
	sent := c.Request.PostForm["access_token"]
	switch {
	case len(sent) > 0 && c.GetHeader("Authorization") != "", len(sent) > 1:
		programError(c, http.StatusBadRequest, "invalid_request", "The access token is sent in more than one way, or more than once (RFC 6750 2).")
		return nil
	case len(sent) == 1:
		token, ok = presented{text: sent[0]}, true
	}
	if !ok {
		return noToken(c, "The request has no access token in the header Authorization.", "Bearer", dpopChallenge("", ""))
	}
	ctx := c.Request.Context()
	access, err := h.service.lookUpAccess(ctx, token.text, h.now())
	refused := func(cause string) error { return senderRefused(c, token.dpop, "invalid_token", cause) }
	if errors.Is(err, errToken) {
		if err := h.noteForeign(c, token.text, ""); err != nil {
			return err
		}
		return refused(tokenCause(err))
	}
	if err != nil {
		return err
	}
	g := access.grant
	client, err := h.service.clients.Find(ctx, access.claims.ClientID)
	switch issuer := h.service.strategy.issuer; {
	case err != nil:
		return refused("The client of the access token is disabled.")
	case len(sent) > 0 && client.Metadata.Profile != ProfileCertification:
		return refused("The access token came in the form: send it in the header Authorization.")
	case g == nil:
		return refused("The access token is a service's own: it names no member.")
	case access.claims.Audience != issuer:
		return refused("The access token is for another resource, " + web.Clip(access.claims.Audience, repeatedMax) + ": one for userinfo has the resource " + issuer + ".")
	}
	if err := h.checkSender(c, token, access.claims.Sender, h.now()); err != nil {
		oauth := oauthError(err)
		if oauth == nil {
			return err
		}
		return senderRefused(c, token.dpop || access.claims.Sender.tokenType() == "DPoP", oauth.ErrorField, describe(oauth))
	}
	if g = g.narrowed(words(access.claims.Scope)); !g.has("openid") {
		c.Header("WWW-Authenticate", `Bearer error="insufficient_scope", scope="openid"`)
		programError(c, http.StatusForbidden, "insufficient_scope", "The access token lacks the scope openid.")
		return nil
	}
	claims, err := h.service.claims(ctx, g)
	if err != nil {
		return err
	}
	noStore(c)
	m := client.Metadata
	if m.UserinfoSignedResponseAlg == "" && m.UserinfoEncryptedResponseAlg == "" {
		c.JSON(http.StatusOK, claims)
		return nil
	}
	return h.userinfoJWT(c, client, claims)
}

// userinfoJWT responds with a JWT, signed, encrypted, or both (Core 5.3.2). The header of a signed one has no typ, so
// that it never passes for an ID token (S-40).
func (h *Handler) userinfoJWT(c *gin.Context, client *Client, claims map[string]any) error {
	m := client.Metadata
	claims["iss"], claims["aud"] = h.service.strategy.issuer, client.ID
	envelope, err := h.service.envelopeFor(c.Request.Context(), client, m.UserinfoEncryptedResponseAlg, m.UserinfoEncryptedResponseEnc)
	if err != nil {
		return h.tokenError(c, err)
	}
	token, content := "", ""
	if m.UserinfoSignedResponseAlg != "" {
		token, err = h.service.strategy.sign(m.UserinfoSignedResponseAlg, "", claims)
		content = "JWT"
	} else {
		var plain []byte
		plain, err = json.Marshal(claims)
		token = string(plain)
	}
	if err != nil {
		return err
	}
	if token, err = envelope.seal(token, content); err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/jwt", []byte(token))
	return nil
}
