package provider

import (
	"context"
	"errors"
	"huskyidp/internal/web"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/ory/fosite"
)

// introspection is the response of RFC 7662 section 2.2. For an inactive token it has no other member, whatever the
// reason.
type introspection struct {
	Active    bool   `json:"active"`
	TokenType string `json:"token_type,omitempty"`
	*accessClaims
	*launchContext // SMART App Launch 2.2, "Token Introspection"
}

// introspect is the introspection endpoint. Only resource servers may ask, and only about access tokens of their
// audience (S-41).
func (h *Handler) introspect(c *gin.Context) error {
	ctx := c.Request.Context()
	in, client, err := h.authenticatedCall(c)
	if err != nil {
		return h.tokenError(c, err)
	}
	if client.IsPublic() {
		return h.tokenError(c, worded(fosite.ErrInvalidClient, "A public client cannot introspect tokens."))
	}
	token := in.form.Get("token")
	if token == "" {
		return h.tokenError(c, worded(fosite.ErrInvalidRequest, "The parameter token is missing."))
	}
	answer, err := h.service.introspection(ctx, client, token, in.now)
	if err != nil {
		return err
	}
	if !answer.Active {
		if err := h.noteForeign(c, token, client.ID); err != nil {
			return err
		}
	}
	noStore(c)
	if media, _, err := mime.ParseMediaType(c.GetHeader("Accept")); err == nil && media == introspectionJWT {
		return h.signedIntrospection(c, client, answer, in.now)
	}
	c.JSON(http.StatusOK, answer)
	return nil
}

func (s *Service) introspection(ctx context.Context, asker *Client, token string, now time.Time) (introspection, error) {
	found, err := s.lookUpAccess(ctx, token, now)
	if errors.Is(err, errToken) {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	if _, err := s.clients.Find(ctx, found.claims.ClientID); err != nil || !slices.Contains(asker.Metadata.ResourceServer, found.claims.Audience) {
		return introspection{}, nil
	}
	launched, err := s.store.launchOf(found.grant, words(found.claims.Scope))
	return introspection{Active: true, TokenType: found.claims.Sender.tokenType(), accessClaims: &found.claims, launchContext: launched}, err
}

// introspectionJWT is the media type of RFC 9701 section 4.
const introspectionJWT = "application/token-introspection+jwt"

// signedIntrospection responds with a JWT (RFC 9701 section 5).
func (h *Handler) signedIntrospection(c *gin.Context, client *Client, answer introspection, now time.Time) error {
	signed, err := h.service.strategy.sign(client.Metadata.IDTokenSignedResponseAlg, "token-introspection+jwt", map[string]any{
		"iss": h.service.strategy.issuer, "aud": client.ID, "iat": jwt.NewNumericDate(now), "token_introspection": answer,
	})
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, introspectionJWT, []byte(signed))
	return nil
}

// checkForm refuses a body that is not a form, and repeated parameters other than repeatable.
func checkForm(c *gin.Context, repeatable ...string) error {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || !strings.EqualFold(media, "application/x-www-form-urlencoded") {
		return worded(fosite.ErrInvalidRequest, "The body is not application/x-www-form-urlencoded.")
	}
	for name, values := range c.Request.PostForm {
		if len(values) > 1 && !slices.Contains(repeatable, name) {
			return worded(fosite.ErrInvalidRequest, "The parameter "+web.Clip(name, repeatedMax)+" is repeated.")
		}
	}
	return nil
}
