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
	if len(scopes) == 0 || slices.ContainsFunc(scopes, func(scope string) bool { return !coversScope(g.Scopes, scope) }) {
		return nil, worded(fosite.ErrInvalidScope, "A refresh cannot ask for a scope that was not granted.")
	}
	return scopes, nil
}

// explainScope names the scopes that the client is not registered for.
func explainScope(form url.Values, client *Client, cause error) error {
	if oauth := oauthError(cause); oauth == nil || isWorded(oauth) || client == nil || oauth.ErrorField != fosite.ErrInvalidScope.ErrorField {
		return cause
	}
	missing := slices.DeleteFunc(words(form.Get("scope")), func(scope string) bool { return coversScope(client.Metadata.Scope, scope) })
	return worded(fosite.ErrInvalidScope, "The client is not registered for the scope "+web.Clip(joinScopes(missing), repeatedMax)+".").WithWrap(cause)
}
