package provider

import (
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"
)

// A service with system/ scopes is a backend service of SMART App Launch 2.2, "Backend Services": it authenticates with
// a key and reads, from one FHIR server per token, what it is registered for, on behalf of no member.

// backendLifetime is how long its access tokens live.
const backendLifetime = 300 * time.Second

// backendAlgs are the algorithms of its assertions ("Client Authentication: Asymmetric").
var backendAlgs = []string{"RS384", "ES384"}

func (m *Metadata) backend() bool {
	return m.Profile == ProfileService && slices.ContainsFunc(m.Scope, isSystemScope)
}

// checkBackend checks what a registration with system/ scopes needs.
func (m *Metadata) checkBackend() error {
	for _, scope := range m.Scope {
		switch named := strings.HasPrefix(scope, ofSystem+"/"); {
		case named && m.Profile != ProfileService:
			return &MetadataError{"scope", scope + ` is for the profile "service"`}
		case named && !isSystemScope(scope):
			return &MetadataError{"scope", scope + " is not system/Type.actions, as in system/Observation.rs"}
		}
	}
	switch {
	case !m.backend():
		return nil
	case m.TokenEndpointAuthMethod != authPrivateKeyJWT:
		return &MetadataError{"token_endpoint_auth_method", "is private_key_jwt for system/ scopes"}
	case len(m.Audience) == 0:
		return &MetadataError{"audience", "is needed for system/ scopes: the address of the FHIR server"}
	}
	return nil
}

// serviceTerms completes the terms of a service's own token: a backend service must request scopes, and its token is
// for the first server in its registration unless the request names another.
func (c *Client) serviceTerms(t *terms, requested []string) error {
	if !c.Metadata.backend() {
		return nil
	}
	if len(requested) == 0 {
		return worded(fosite.ErrInvalidScope, "The parameter scope is missing: it names the system/ scopes.")
	}
	if t.resource == "" {
		t.resource = c.Metadata.Audience[0]
	}
	return nil
}

// lifetimeOf returns how long an access token with these scopes lives.
func lifetimeOf(scopes []string) time.Duration {
	if slices.ContainsFunc(scopes, isSystemScope) {
		return backendLifetime
	}
	return accessTokenLifetime
}
