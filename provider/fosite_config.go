package provider

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"huskyidp/internal/web"
)

// oauthConfig is fosite's configuration with the parts that depend on the request: fosite gets only the handlers of the
// current grant type, since each other one would answer "not mine" with an allocated error, and PKCE is required per
// client.
type oauthConfig struct {
	fosite.Config
	code, refresh, service, device, jwtBearer fosite.TokenEndpointHandlers
	authorize                                 fosite.AuthorizeEndpointHandlers
}

func newFosite(service *Service) *fosite.Fosite {
	s, storage := service.strategy, fositeStore{clients: service.clients}
	c := &oauthConfig{
		Config: fosite.Config{
			AuthorizeCodeLifespan:    codeLifetime, // fosite only reads it; ValidateAuthorizeCode compares the stored CodeExpiresAt
			AccessTokenLifespan:      accessTokenLifetime,
			RefreshTokenLifespan:     refreshIdle,
			IDTokenLifespan:          idTokenLifetime,
			IDTokenIssuer:            s.issuer,
			AccessTokenIssuer:        s.issuer,
			ScopeStrategy:            coversScope,
			AudienceMatchingStrategy: exactAudience,
			RefreshTokenScopes:       []string{"offline_access"},
			MinParameterEntropy:      1, // checkLengths checks the length of state
			RedirectSecureChecker:    registeredIsSecure,
			OmitRedirectScopeParam:   true,
		},
	}
	explicit := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: s, RefreshTokenStrategy: s, AuthorizeCodeStrategy: s,
		CoreStorage: storage, TokenRevocationStorage: storage, Config: c,
	}
	idToken := &openid.IDTokenHandleHelper{IDTokenStrategy: s}
	connect := &openid.OpenIDConnectExplicitHandler{
		OpenIDConnectRequestStorage:   storage,
		OpenIDConnectRequestValidator: openid.NewOpenIDConnectRequestValidator(nil, c),
		Config:                        c, IDTokenHandleHelper: idToken,
	}
	proof := &pkce.Handler{AuthorizeCodeStrategy: s, Storage: storage, Config: c}
	c.authorize = fosite.AuthorizeEndpointHandlers{explicit, frontHandler{s}, connect, proof}
	c.code = fosite.TokenEndpointHandlers{explicit, connect, proof}
	c.refresh = fosite.TokenEndpointHandlers{
		&oauth2.RefreshTokenGrantHandler{AccessTokenStrategy: s, RefreshTokenStrategy: s, TokenRevocationStorage: storage, Config: c},
		&openid.OpenIDConnectRefreshHandler{IDTokenHandleHelper: idToken, Config: c},
	}
	c.service = fosite.TokenEndpointHandlers{&oauth2.ClientCredentialsGrantHandler{
		HandleHelper: &oauth2.HandleHelper{AccessTokenStrategy: s, AccessTokenStorage: storage, Config: c}, Config: c,
	}}
	c.device = fosite.TokenEndpointHandlers{deviceHandler{s}}
	c.jwtBearer = fosite.TokenEndpointHandlers{jwtBearerHandler{service}}
	return fosite.NewOAuth2Provider(storage, c)
}

func (c *oauthConfig) GetAuthorizeEndpointHandlers(context.Context) fosite.AuthorizeEndpointHandlers {
	return c.authorize
}

func (c *oauthConfig) GetTokenEndpointHandlers(ctx context.Context) fosite.TokenEndpointHandlers {
	request, ok := ctx.Value(fosite.AccessRequestContextKey).(fosite.AccessRequester)
	if !ok {
		return nil
	}
	switch grants := request.GetGrantTypes(); {
	case grants.ExactOne("authorization_code"):
		return c.code
	case grants.ExactOne("refresh_token"):
		return c.refresh
	case grants.ExactOne("client_credentials"):
		return c.service
	case grants.ExactOne(grantDevice):
		return c.device
	case grants.ExactOne(grantJWTBearer):
		return c.jwtBearer
	}
	return nil
}

// GetClientAuthenticationStrategy makes fosite use the client that exchange has authenticated.
func (c *oauthConfig) GetClientAuthenticationStrategy(context.Context) fosite.ClientAuthenticationStrategy {
	return func(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
		return sessionOf(ctx.Value(fosite.AccessRequestContextKey).(fosite.Requester)).client, nil
	}
}

// GetEnforcePKCE returns true unless the current client was registered without PKCE.
func (c *oauthConfig) GetEnforcePKCE(ctx context.Context) bool {
	for _, key := range []fosite.ContextKey{fosite.AccessRequestContextKey, fosite.AuthorizeRequestContextKey} {
		if r, ok := ctx.Value(key).(fosite.Requester); ok {
			return sessionOf(r).client.requiresPKCE()
		}
	}
	return true
}

// exactAudience restricts a request to the client's registered resource servers; fosite's default would accept path
// prefixes.
func exactAudience(registered, requested []string) error {
	for _, audience := range requested {
		if !slices.Contains(registered, audience) {
			return worded(fosite.ErrInvalidRequest, "The client is not registered for the audience "+web.Clip(audience, repeatedMax)+".")
		}
	}
	return nil
}

// registeredIsSecure accepts every redirect URI: they are checked when a client is registered.
func registeredIsSecure(context.Context, *url.URL) bool { return true }

// promptValues are those of OpenID Connect Core 3.1.2.1 and Initiating User Registration 1.0.
var promptValues = []string{"none", "login", "consent", "select_account", "create"}
