package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/dpop"
)

// metadata is the discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2, RFC 9207 section 3).
// A test compares it with the routes.
type metadata struct {
	proofMetadata

	Issuer                             string   `json:"issuer"`
	AuthorizationEndpoint              string   `json:"authorization_endpoint"`
	TokenEndpoint                      string   `json:"token_endpoint"`
	UserinfoEndpoint                   string   `json:"userinfo_endpoint"`
	JWKSURI                            string   `json:"jwks_uri"`
	EndSessionEndpoint                 string   `json:"end_session_endpoint"`
	IntrospectionEndpoint              string   `json:"introspection_endpoint"`
	DeviceAuthorizationEndpoint        string   `json:"device_authorization_endpoint"`
	RegistrationEndpoint               string   `json:"registration_endpoint,omitempty"` // if the deployment enables it
	RevocationEndpoint                 string   `json:"revocation_endpoint"`
	ScopesSupported                    []string `json:"scopes_supported"`
	ResponseTypesSupported             []string `json:"response_types_supported"`
	GrantTypesSupported                []string `json:"grant_types_supported"`
	SubjectTypesSupported              []string `json:"subject_types_supported"`
	IDTokenSigningAlgValuesSupported   []string `json:"id_token_signing_alg_values_supported"`
	TokenEndpointAuthMethodsSupported  []string `json:"token_endpoint_auth_methods_supported"`
	CodeChallengeMethodsSupported      []string `json:"code_challenge_methods_supported"`
	PromptValuesSupported              []string `json:"prompt_values_supported"`
	ClaimsSupported                    []string `json:"claims_supported"`
	ClaimTypesSupported                []string `json:"claim_types_supported"`
	ACRValuesSupported                 []string `json:"acr_values_supported"`
	UILocalesSupported                 []string `json:"ui_locales_supported"`
	FrontchannelLogoutSupported        bool     `json:"frontchannel_logout_supported"`
	FrontchannelLogoutSessionSupported bool     `json:"frontchannel_logout_session_supported"`
	BackchannelLogoutSupported         bool     `json:"backchannel_logout_supported"`
	BackchannelLogoutSessionSupported  bool     `json:"backchannel_logout_session_supported"`
	ServiceDocumentation               string   `json:"service_documentation,omitempty"`
	AuthorizationResponseIssSupported  bool     `json:"authorization_response_iss_parameter_supported"`
	requestSupport
	encryptionSupport
}

func newMetadata(s *Service, acrValues []string) metadata {
	issuer := s.strategy.issuer
	m := metadata{
		Issuer:                            issuer,
		AuthorizationEndpoint:             issuer + "/authorize",
		TokenEndpoint:                     issuer + "/token",
		UserinfoEndpoint:                  issuer + "/userinfo",
		JWKSURI:                           issuer + "/jwks",
		EndSessionEndpoint:                issuer + "/logout",
		IntrospectionEndpoint:             issuer + "/introspect",
		DeviceAuthorizationEndpoint:       issuer + "/device_authorization",
		RevocationEndpoint:                issuer + "/revoke",
		ScopesSupported:                   memberScopes,
		ResponseTypesSupported:            []string{"code"},
		GrantTypesSupported:               grantTypes,
		SubjectTypesSupported:             []string{subjectPublic, subjectPairwise},
		IDTokenSigningAlgValuesSupported:  idTokenAlgs,
		TokenEndpointAuthMethodsSupported: authMethods,
		CodeChallengeMethodsSupported:     []string{"S256"},
		PromptValuesSupported:             promptValues,
		ClaimsSupported:                   claimNames(),
		ClaimTypesSupported:               []string{"normal"},
		ACRValuesSupported:                acrValues,
		UILocalesSupported:                s.locales,
		FrontchannelLogoutSupported:       true, FrontchannelLogoutSessionSupported: true,
		BackchannelLogoutSupported: true, BackchannelLogoutSessionSupported: true,
		AuthorizationResponseIssSupported: true,
		ServiceDocumentation:              issuer + "/developers",
		requestSupport:                    newRequestSupport(issuer),
		encryptionSupport:                 newEncryptionSupport(),
	}
	if s.clients.Certification {
		m.ResponseTypesSupported = append(m.ResponseTypesSupported, frontTypes...)
		m.GrantTypesSupported = append(slices.Clone(grantTypes), grantImplicit)
		m.RequestURIParameterSupported, m.RequireRequestURIRegistration = true, true
		m.ResponseModesSupported = append(slices.Clone(responseModes), frontModes...)
	}
	if s.initialAccessToken != nil {
		m.RegistrationEndpoint = issuer + RegistrationPath
	}
	return m
}

// document is JSON, encoded once with its ETag.
type document struct {
	body []byte
	etag string
}

func newDocument(value any) (document, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return document{}, err
	}
	sum := sha256.Sum256(body)
	return document{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}, nil
}

// discovery serves the metadata at both well-known addresses.
func (h *Handler) discovery(c *gin.Context) error {
	return servePublic(c, h.metadata.body, h.metadata.etag)
}

// jwks serves the published keys.
func (h *Handler) jwks(c *gin.Context) error {
	body, etag := h.service.strategy.keys.Current().JWKS()
	return servePublic(c, body, etag)
}

// servePublic answers with JSON that may be cached for an hour (S-45); any origin may read it (Mount).
func servePublic(c *gin.Context, body []byte, etag string) error {
	c.Header("Cache-Control", "public, max-age=3600")
	c.Header("ETag", etag)
	if c.GetHeader("If-None-Match") == etag {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	c.Data(http.StatusOK, "application/json", body)
	return nil
}

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
