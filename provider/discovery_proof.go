package provider

import (
	"slices"

	"huskyidp/internal/dpop"
)

// proofMetadata are the members about keys and certificates (RFC 8414 section 2, RFC
// 8705 sections 3.3 and 5, RFC 9449 section 5.1).
type proofMetadata struct {
	TokenEndpointAuthSigningAlgValuesSupported         []string          `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionEndpointAuthMethodsSupported          []string          `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionEndpointAuthSigningAlgValuesSupported []string          `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationEndpointAuthMethodsSupported             []string          `json:"revocation_endpoint_auth_methods_supported"`
	RevocationEndpointAuthSigningAlgValuesSupported    []string          `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	DPoPSigningAlgValuesSupported                      []string          `json:"dpop_signing_alg_values_supported"`
	TLSClientCertificateBoundAccessTokens              bool              `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	MTLSEndpointAliases                                map[string]string `json:"mtls_endpoint_aliases,omitempty"`
}

// describeProofs sets what this deployment can verify: certificates only if a listener requests them.
func (m *metadata) describeProofs(d ProofDeps) {
	methods := slices.DeleteFunc(slices.Clone(authMethods), func(method string) bool {
		return method == authSelfSignedTLS && d.ClientCertificate == nil ||
			method == authTLS && (d.ClientCertificate == nil || d.ClientCAs == nil)
	})
	confidential := slices.DeleteFunc(slices.Clone(methods), func(method string) bool { return method == "none" })
	m.TokenEndpointAuthMethodsSupported = methods
	m.proofMetadata = proofMetadata{
		TokenEndpointAuthSigningAlgValuesSupported:         assertionAlgs,
		IntrospectionEndpointAuthMethodsSupported:          confidential,
		IntrospectionEndpointAuthSigningAlgValuesSupported: assertionAlgs,
		RevocationEndpointAuthMethodsSupported:             methods,
		RevocationEndpointAuthSigningAlgValuesSupported:    assertionAlgs,
		DPoPSigningAlgValuesSupported:                      dpop.Algorithms,
		TLSClientCertificateBoundAccessTokens:              d.ClientCertificate != nil,
	}
	if d.ClientCertificate != nil && d.MTLSAddress != "" {
		m.MTLSEndpointAliases = map[string]string{}
		for name, address := range map[string]string{"token_endpoint": m.TokenEndpoint,
			"pushed_authorization_request_endpoint": m.PushedAuthorizationRequestEndpoint, "device_authorization_endpoint": m.DeviceAuthorizationEndpoint,
			"userinfo_endpoint":      m.UserinfoEndpoint,
			"introspection_endpoint": m.IntrospectionEndpoint, "revocation_endpoint": m.RevocationEndpoint} {
			m.MTLSEndpointAliases[name] = d.MTLSAddress + address[len(m.Issuer):]
		}
	}
}
