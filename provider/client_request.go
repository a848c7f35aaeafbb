package provider

import (
	"fmt"
	"slices"
	"strings"
)

// RequestMetadata are the members about a client's requests and their answers at the authorization and userinfo
// endpoints (RFC 9126 6, RFC 9101 10.5, JARM 3, OpenID Connect Dynamic Client Registration 2).
type RequestMetadata struct {
	RequirePAR                     bool     `json:"require_pushed_authorization_requests,omitempty"`
	RequestObjectSigningAlg        string   `json:"request_object_signing_alg,omitempty"`        // absent: see requestAlgs
	RequireSignedRequest           bool     `json:"require_signed_request_object,omitempty"`     // parameters outside the object are ignored
	AuthorizationSignedResponseAlg string   `json:"authorization_signed_response_alg,omitempty"` // for the jwt response modes
	UserinfoSignedResponseAlg      string   `json:"userinfo_signed_response_alg,omitempty"`      // absent: plain JSON
	RequestURIs                    []string `json:"request_uris,omitempty"`                      // profile certification only
	DefaultMaxAge                  *int     `json:"default_max_age,omitempty"`                   // seconds, if a request has no max_age
	RequireAuthTime                bool     `json:"require_auth_time,omitempty"`                 // our ID tokens always have it
}

// requestObjectAlgs are those of signed request objects; never none (S-35).
var requestObjectAlgs = []string{"RS256", "PS256", "ES256", "EdDSA"}

// completeRequests completes and checks RequestMetadata. FAPI 2.0 requires pushed requests and its own algorithms
// (5.3.2.2, 5.4.1).
func (m *Metadata) completeRequests() error {
	signs := slices.ContainsFunc(m.ResponseModes, signedMode)
	algs, objectAlgs := idTokenAlgs, requestObjectAlgs
	preset := "RS256"
	if m.Profile == ProfileFAPI2 {
		m.RequirePAR = true
		algs, objectAlgs, preset = fapiAlgs, fapiAlgs, "ES256"
	}
	if signs && m.AuthorizationSignedResponseAlg == "" {
		m.AuthorizationSignedResponseAlg = preset
	}
	for _, choice := range []struct {
		member, value string
		allowed       []string
	}{
		{"request_object_signing_alg", m.RequestObjectSigningAlg, objectAlgs},
		{"authorization_signed_response_alg", m.AuthorizationSignedResponseAlg, algs},
		{"userinfo_signed_response_alg", m.UserinfoSignedResponseAlg, algs},
	} {
		if choice.value == "" {
			continue
		}
		if err := subset(choice.member, []string{choice.value}, choice.allowed); err != nil {
			return err
		}
	}
	if err := m.checkRequestURIs(); err != nil {
		return err
	}
	switch {
	case m.RequireSignedRequest && m.RequestObjectSigningAlg == "":
		return &MetadataError{"request_object_signing_alg", "is required with require_signed_request_object"}
	case m.RequestObjectSigningAlg != "" && m.JWKS == nil && m.JWKSURI == "":
		return &MetadataError{"jwks", "or jwks_uri is required for request_object_signing_alg"}
	case m.DefaultMaxAge != nil && *m.DefaultMaxAge < 0:
		return &MetadataError{"default_max_age", "must be a number of seconds"}
	}
	return nil
}

// requestAlgs returns the algorithms that the client's request objects may be signed with. A client that registered
// addresses of request objects and no algorithm may use any supported one (OpenID Connect Dynamic Client Registration
// 2); one that registered neither sends none.
func (m *Metadata) requestAlgs() []string {
	switch {
	case m.RequestObjectSigningAlg != "":
		return []string{m.RequestObjectSigningAlg}
	case len(m.RequestURIs) > 0:
		return requestObjectAlgs
	}
	return nil
}

// checkRequestURIs checks request_uris: only the profile certification has request objects fetched (S-35), and only
// signed ones.
func (m *Metadata) checkRequestURIs() error {
	switch {
	case len(m.RequestURIs) == 0:
		return nil
	case m.Profile != ProfileCertification:
		return &MetadataError{"request_uris", "are not fetched: push the request, or send it in request"}
	case len(m.RequestURIs) > 10:
		return &MetadataError{"request_uris", "must be at most 10"}
	}
	for _, uri := range m.RequestURIs {
		plain, _, _ := strings.Cut(uri, "#")
		rule := redirectURIRule(plain, false)
		if rule == "" && !strings.HasPrefix(plain, "https:") {
			rule = "is not https"
		}
		if rule != "" {
			return &MetadataError{"request_uris", fmt.Sprintf("%q %s", uri, rule)}
		}
	}
	return nil
}

// The response modes (OAuth 2.0 Multiple Response Types 2.1, Form Post
// Response Mode, JARM 2.3). "jwt" is the flow's default mode with a signed response.
const (
	modeQuery       = "query"
	modeFormPost    = "form_post"
	modeJWT         = "jwt"
	modeQueryJWT    = "query.jwt"
	modeFormPostJWT = "form_post.jwt"
	modeFragment    = "fragment"
	modeFragmentJWT = "fragment.jwt"
)

var (
	responseModes = []string{modeQuery, modeFormPost, modeJWT, modeQueryJWT, modeFormPostJWT}
	frontModes    = []string{modeFragment, modeFragmentJWT} // for the profile certification
)

func signedMode(mode string) bool { return mode == modeJWT || strings.HasSuffix(mode, ".jwt") }

// mayUseMode reports whether the client registered the mode, under either of its names.
func (c *Client) mayUseMode(mode string) bool {
	registered := c.Metadata.ResponseModes
	switch mode {
	case modeJWT, modeQueryJWT:
		return slices.Contains(registered, modeJWT) || slices.Contains(registered, modeQueryJWT)
	case modeFragmentJWT:
		return slices.Contains(registered, modeJWT) || slices.Contains(registered, mode)
	}
	return slices.Contains(registered, mode)
}

// defaultMode returns the mode for requests without a response_mode, and for refusing wrong ones.
func (c *Client) defaultMode() string {
	registered := c.Metadata.ResponseModes
	if len(registered) == 0 || slices.Contains(registered, modeQuery) {
		return modeQuery
	}
	return registered[0]
}

// requestSupport are the corresponding members of the discovery document.
type requestSupport struct {
	PushedAuthorizationRequestEndpoint     string   `json:"pushed_authorization_request_endpoint"`
	RequirePushedAuthorizationRequests     bool     `json:"require_pushed_authorization_requests"`
	ResponseModesSupported                 []string `json:"response_modes_supported"`
	AuthorizationSigningAlgValuesSupported []string `json:"authorization_signing_alg_values_supported"`
	UserinfoSigningAlgValuesSupported      []string `json:"userinfo_signing_alg_values_supported"`
	RequestObjectSigningAlgValuesSupported []string `json:"request_object_signing_alg_values_supported"`
	RequireSignedRequestObject             bool     `json:"require_signed_request_object"`
	RequestParameterSupported              bool     `json:"request_parameter_supported"`
	RequestURIParameterSupported           bool     `json:"request_uri_parameter_supported"` // by address: only for certification
	RequireRequestURIRegistration          bool     `json:"require_request_uri_registration,omitempty"`
	ClaimsParameterSupported               bool     `json:"claims_parameter_supported"`
}

func newRequestSupport(issuer string) requestSupport {
	return requestSupport{
		PushedAuthorizationRequestEndpoint:     issuer + "/par",
		ResponseModesSupported:                 responseModes,
		AuthorizationSigningAlgValuesSupported: idTokenAlgs,
		UserinfoSigningAlgValuesSupported:      idTokenAlgs,
		RequestObjectSigningAlgValuesSupported: requestObjectAlgs,
		RequestParameterSupported:              true,
		ClaimsParameterSupported:               true,
	}
}
