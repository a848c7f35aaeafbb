package provider

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// smartConfiguration is the document of SMART App Launch 2.2, "Conformance", .well-known/smart-configuration. A FHIR
// server that accepts our tokens serves it, or its content, at its own address.
type smartConfiguration struct {
	Issuer                                     string           `json:"issuer"`
	JWKSURI                                    string           `json:"jwks_uri"`
	AuthorizationEndpoint                      string           `json:"authorization_endpoint"`
	TokenEndpoint                              string           `json:"token_endpoint"`
	IntrospectionEndpoint                      string           `json:"introspection_endpoint"`
	RevocationEndpoint                         string           `json:"revocation_endpoint"`
	ManagementEndpoint                         string           `json:"management_endpoint"` // where members see and stop their apps
	GrantTypesSupported                        []string         `json:"grant_types_supported"`
	ResponseTypesSupported                     []string         `json:"response_types_supported"`
	ScopesSupported                            []string         `json:"scopes_supported"`
	TokenEndpointAuthMethodsSupported          []string         `json:"token_endpoint_auth_methods_supported"`
	TokenEndpointAuthSigningAlgValuesSupported []string         `json:"token_endpoint_auth_signing_alg_values_supported"`
	CodeChallengeMethodsSupported              []string         `json:"code_challenge_methods_supported"`
	Capabilities                               []string         `json:"capabilities"`
	BrandBundle                                string           `json:"user_access_brand_bundle,omitempty"`
	BrandIdentifier                            *BrandIdentifier `json:"user_access_brand_identifier,omitempty"`
}

func newSmartConfiguration(m metadata) smartConfiguration {
	return smartConfiguration{
		Issuer: m.Issuer, JWKSURI: m.JWKSURI, AuthorizationEndpoint: m.AuthorizationEndpoint, TokenEndpoint: m.TokenEndpoint,
		IntrospectionEndpoint: m.IntrospectionEndpoint, RevocationEndpoint: m.RevocationEndpoint, ManagementEndpoint: m.Issuer + "/account/apps",
		GrantTypesSupported: []string{"authorization_code", "refresh_token", "client_credentials"}, ResponseTypesSupported: []string{"code"},
		ScopesSupported:                            append(append([]string{}, smartScopes...), "patient/*.rs", "patient/*.read", "system/*.rs"),
		TokenEndpointAuthMethodsSupported:          m.TokenEndpointAuthMethodsSupported,
		TokenEndpointAuthSigningAlgValuesSupported: m.TokenEndpointAuthSigningAlgValuesSupported,
		CodeChallengeMethodsSupported:              m.CodeChallengeMethodsSupported,
		Capabilities: []string{"launch-standalone", "launch-ehr", "context-standalone-patient", "context-ehr-patient", "context-ehr-encounter",
			"context-banner", "context-style", "authorize-post", "client-public", "client-confidential-symmetric",
			"client-confidential-asymmetric", "sso-openid-connect", "permission-patient", "permission-offline", "permission-v1", "permission-v2"},
	}
}

// of returns the configuration of one FHIR server.
func (s smartConfiguration) of(server *Client) smartConfiguration {
	s.BrandBundle, s.BrandIdentifier = server.Metadata.BrandBundle, server.Metadata.BrandIdentifier
	return s
}

// fhirDocuments are the documents of the FHIR servers, by name, in one state of the registry; "" has what all have in
// common.
type fhirDocuments struct {
	of     *registry
	byName map[string]document
}

// fhirPath is followed by a server's name.
const fhirPath = "/fhir/"

// smartConfiguration serves the configuration of one registered FHIR server or, without a name, what all have in
// common.
func (h *Handler) smartConfiguration(c *gin.Context) error {
	name, seen := c.Param("name"), h.service.clients.seen()
	doc, found, err := h.fhirDocument(name)
	if err == nil && !found && h.service.clients.changedSince(c.Request.Context(), seen) {
		doc, found, err = h.fhirDocument(name)
	}
	switch {
	case err != nil:
		return err
	case !found:
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound}
	}
	return servePublic(c, doc.body, doc.etag)
}

// fhirDocument returns a server's document. All are made when the first is requested after a change of the registry.
func (h *Handler) fhirDocument(name string) (document, bool, error) {
	current, made := h.service.clients.seen(), h.fhir.Load()
	if made == nil || made.of != current {
		made = &fhirDocuments{current, make(map[string]document, 1+len(current.fhirServers))}
		var err error
		if made.byName[""], err = newDocument(h.smart); err != nil {
			return document{}, false, err
		}
		for name, server := range current.fhirServers {
			if made.byName[name], err = newDocument(h.smart.of(server)); err != nil {
				return document{}, false, err
			}
		}
		h.fhir.Store(made)
	}
	doc, found := made.byName[name]
	return doc, found, nil
}
