package provider

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// scopeOffline requests a refresh token (OpenID Connect Core 11); without that grant type it has no effect.
const scopeOffline = "offline_access"

// idleOffline reports whether offline_access could never be granted. The plans of the profile certification request it
// regardless of what they register.
func (m *Metadata) idleOffline() bool {
	return m.Profile != ProfileCertification && !slices.Contains(m.GrantTypes, "refresh_token")
}

// presetScopes returns the scopes of a profile that the client's grants can use.
func (m *Metadata) presetScopes(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return scope == scopeOffline && m.idleOffline() })
}

// checkScopes refuses scopes that could never be granted, since they are typing errors. An API defines its own scopes:
// a client registered for an API may name any scope, except one that merely resembles ours.
func (m *Metadata) checkScopes() error {
	known := append(slices.Clone(memberScopes), AdminScope)
	for _, scope := range m.Scope {
		near := Nearest(scope, known)
		switch {
		case !scopeToken(scope):
			return &MetadataError{"scope", fmt.Sprintf("%q is not a scope", scope)}
		case scope == scopeOffline && m.idleOffline():
			return &MetadataError{"scope", "offline_access is a refresh token: add refresh_token to grant_types, or leave it out"}
		case m.Profile != ProfileOwn && m.Profile != ProfileFAPI2 || slices.Contains(known, scope):
		case near != "":
			return &MetadataError{"scope", fmt.Sprintf("%q is not a scope here: did you mean %s?", scope, near)}
		case len(m.Audience) == 0:
			return &MetadataError{"scope", fmt.Sprintf("%q is not one of %s; the scopes of an API need its address in audience", scope, strings.Join(known, ", "))}
		}
	}
	return nil
}

// checkAudiences checks that an API is named by an absolute URI without a fragment; otherwise no request could name it
// (RFC 8707 2).
func (m *Metadata) checkAudiences() error {
	for _, member := range []struct {
		name   string
		values []string
	}{{"audience", m.Audience}, {"resource_server", m.ResourceServer}} {
		for _, value := range member.values {
			u, err := url.Parse(value)
			if err != nil || !u.IsAbs() || u.Host == "" && u.Opaque == "" || strings.ContainsAny(value, "#* \t\r\n") {
				return &MetadataError{member.name, fmt.Sprintf("%q is not an absolute URI without a fragment, as in https://api.example (RFC 8707 section 2)", value)}
			}
		}
	}
	return nil
}

// scopeToken reports whether s is a scope-token of RFC 6749 3.3.
func scopeToken(s string) bool {
	for _, r := range s {
		if r < 0x21 || r > 0x7e || r == '"' || r == '\\' {
			return false
		}
	}
	return s != ""
}
