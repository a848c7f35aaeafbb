package provider

import "github.com/gin-gonic/gin"

// smartConfiguration is the document of SMART App Launch section 4. A FHIR server that accepts our tokens serves it, or
// its content, at its own address.
type smartConfiguration struct {
	Issuer                                     string   `json:"issuer"`
	JWKSURI                                    string   `json:"jwks_uri"`
	AuthorizationEndpoint                      string   `json:"authorization_endpoint"`
	TokenEndpoint                              string   `json:"token_endpoint"`
	IntrospectionEndpoint                      string   `json:"introspection_endpoint"`
	RevocationEndpoint                         string   `json:"revocation_endpoint"`
	ManagementEndpoint                         string   `json:"management_endpoint"` // where members see and stop their apps
	GrantTypesSupported                        []string `json:"grant_types_supported"`
	ResponseTypesSupported                     []string `json:"response_types_supported"`
	ScopesSupported                            []string `json:"scopes_supported"`
	TokenEndpointAuthMethodsSupported          []string `json:"token_endpoint_auth_methods_supported"`
	TokenEndpointAuthSigningAlgValuesSupported []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	CodeChallengeMethodsSupported              []string `json:"code_challenge_methods_supported"`
	Capabilities                               []string `json:"capabilities"`
}

func newSmartConfiguration(m metadata) smartConfiguration {
	return smartConfiguration{
		Issuer: m.Issuer, JWKSURI: m.JWKSURI, AuthorizationEndpoint: m.AuthorizationEndpoint, TokenEndpoint: m.TokenEndpoint,
		IntrospectionEndpoint: m.IntrospectionEndpoint, RevocationEndpoint: m.RevocationEndpoint, ManagementEndpoint: m.Issuer + "/account",
		GrantTypesSupported: []string{"authorization_code", "refresh_token"}, ResponseTypesSupported: []string{"code"},
		ScopesSupported:                            append(append([]string{}, smartScopes...), "patient/*.rs", "patient/*.read"),
		TokenEndpointAuthMethodsSupported:          m.TokenEndpointAuthMethodsSupported,
		TokenEndpointAuthSigningAlgValuesSupported: m.TokenEndpointAuthSigningAlgValuesSupported,
		CodeChallengeMethodsSupported:              m.CodeChallengeMethodsSupported,
		Capabilities: []string{"launch-standalone", "context-standalone-patient", "authorize-post", "client-public", "client-confidential-symmetric",
			"client-confidential-asymmetric", "sso-openid-connect", "permission-patient", "permission-offline", "permission-v1", "permission-v2"},
	}
}

func (h *Handler) smartConfiguration(c *gin.Context) error {
	return servePublic(c, h.smart.body, h.smart.etag)
}
