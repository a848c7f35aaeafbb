package provider

import (
	"huskyidp/internal/web"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"
)

// words splits a space-separated list (RFC 6749 3.3): no other white space separates.
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ' ' })
}

// narrowed returns the grant for a token of fewer scopes. It keeps an individually requested claim only if one of those
// scopes includes it.
func (g *grant) narrowed(scopes []string) *grant {
	if len(scopes) == len(g.Scopes) { // never more: a token's scopes are the grant's or fewer
		return g
	}
	fewer := *g
	fewer.Scopes, fewer.Claims = scopes, g.Claims.within(scopes)
	return &fewer
}

// narrowRefresh returns the scopes that a refresh names, for this one access token: the refresh token keeps all (RFC
// 6749 6). Unknown scopes are ignored, as in the authorization request; one that was not granted is refused.
func narrowRefresh(r *fosite.AccessRequest, client *Client, g *grant) ([]string, error) {
	if strings.TrimSpace(r.Form.Get("scope")) == "" {
		return r.GrantedScope, nil
	}
	scopes := knownScopes(r.Form, client)
	if len(scopes) == 0 {
		return nil, worded(fosite.ErrInvalidScope, "The scope of the refresh has none that this server knows: "+web.Clip(r.Form.Get("scope"), repeatedMax)+".")
	}
	if refused := uncovered(g.Scopes, scopes); len(refused) > 0 {
		return nil, worded(fosite.ErrInvalidScope, "A refresh cannot ask for a scope that was not granted: "+web.Clip(joinScopes(refused), repeatedMax)+".")
	}
	return scopes, nil
}

// explainScope names the scopes that the client is not registered for.
func explainScope(form url.Values, client *Client, cause error) error {
	if oauth := oauthError(cause); oauth == nil || isWorded(oauth) || client == nil || oauth.ErrorField != fosite.ErrInvalidScope.ErrorField {
		return cause
	}
	return unregistered(uncovered(client.Metadata.Scope, words(form.Get("scope")))).WithWrap(cause)
}

// uncovered returns the scopes that none of the others covers.
func uncovered(by, scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return coversScope(by, scope) })
}

// unregistered names scopes that the client is not registered for.
func unregistered(scopes []string) *fosite.RFC6749Error {
	return worded(fosite.ErrInvalidScope, "The client is not registered for the scope "+web.Clip(joinScopes(scopes), repeatedMax)+".")
}

// onlyRegistered refuses scopes that are not registered word for word.
func (c *Client) onlyRegistered(scopes []string) error {
	if refused := slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return slices.Contains(c.Metadata.Scope, scope) }); len(refused) > 0 {
		return unregistered(refused)
	}
	return nil
}
