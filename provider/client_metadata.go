package provider

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// MetadataError names the registration member at fault and the rule it breaks
// (RFC 7591 section 3.2.2: invalid_redirect_uri or invalid_client_metadata).
type MetadataError struct {
	Member string
	Rule   string
}

func (e *MetadataError) Error() string {
	if e.Member == "" { // the document as a whole
		return e.Rule
	}
	return e.Member + ": " + e.Rule
}

// Code returns the error code of RFC 7591.
func (e *MetadataError) Code() string {
	if e.Member == "redirect_uris" {
		return "invalid_redirect_uri"
	}
	return "invalid_client_metadata"
}

// Supported values of registration members.
var (
	grantTypes    = []string{"authorization_code", "refresh_token", "client_credentials", grantDevice, grantJWTBearer}
	authMethods   = []string{"none", "client_secret_basic", "client_secret_post", authPrivateKeyJWT, authTLS, authSelfSignedTLS}
	tokenFormats  = []string{formatJWT, formatOpaque}
	idTokenAlgs   = []string{"RS256", "ES256", "PS256", "EdDSA"}
	partnerScopes = []string{"openid", "profile", "email", "offline_access"} // husky.member is for the programme's own apps
	memberScopes  = []string{"openid", "profile", "email", "offline_access", "husky.member"}
)

// The kinds of apps (OpenID Connect Dynamic Client Registration 2). A native one may have its own scheme.
const (
	typeWeb    = "web"
	typeNative = "native"
)

// The forms of access tokens.
const (
	formatJWT    = "jwt"
	formatOpaque = "opaque"
)

// complete sets the profile's defaults and checks the whole (S-30, S-31).
func (m *Metadata) complete(rules Rules) error {
	switch m.Profile {
	case "", ProfileOwn:
		m.Profile = ProfileOwn
		m.defaults([]string{"authorization_code", "refresh_token"}, memberScopes)
	case ProfilePartner:
		m.defaults([]string{"authorization_code", "refresh_token"}, partnerScopes)
		if m.SubjectType == "" {
			m.SubjectType = subjectPairwise
		}
	case ProfileSmart:
		if err := m.completeSmart(); err != nil {
			return err
		}
	case ProfileFAPI2:
		m.fapiDefaults()
		m.defaults([]string{"authorization_code", "refresh_token"}, memberScopes)
	case ProfileService:
		m.defaults([]string{"client_credentials"}, nil)
	case ProfileCertification:
		if !rules.Certification {
			return &MetadataError{"profile", "certification is for deployments that switch it on (IDP_CERTIFICATION)"}
		}
		m.certificationDefaults()
		m.defaults(nil, memberScopes)
	default:
		return &MetadataError{"profile", `is "own", "partner", "smart", "fapi2", "service" or "certification"`}
	}
	if !goodName(m.ClientName) {
		return &MetadataError{"client_name", nameRule}
	}
	for _, contact := range m.Contacts {
		if strings.TrimSpace(contact) == "" || len(contact) > 254 || strings.ContainsFunc(contact, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }) {
			return &MetadataError{"contacts", "have 1 to 254 characters each, none of them invisible"}
		}
	}
	if m.OperatorName != "" && !goodName(m.OperatorName) {
		return &MetadataError{"operator_name", nameRule}
	}
	if err := m.LanguageMetadata.check(rules.InsecureLocal); err != nil {
		return err
	}
	if m.ApplicationType == "" && len(m.RedirectURIs) > 0 {
		m.ApplicationType = typeWeb
	}
	if m.ApplicationType != "" {
		if err := subset("application_type", []string{m.ApplicationType}, []string{typeWeb, typeNative}); err != nil {
			return err
		}
	}
	if err := m.checkResponseTypes(); err != nil {
		return err
	}
	if err := subset("token_endpoint_auth_method", []string{m.TokenEndpointAuthMethod}, authMethods); err != nil {
		return err
	}
	if err := subset("id_token_signed_response_alg", []string{m.IDTokenSignedResponseAlg}, idTokenAlgs); err != nil {
		return err
	}
	if err := subset("access_token_format", []string{m.AccessTokenFormat}, tokenFormats); err != nil {
		return err
	}
	if err := m.checkSubjects(); err != nil {
		return err
	}
	if err := m.checkScopes(); err != nil {
		return err
	}
	if err := m.checkAudiences(); err != nil {
		return err
	}
	if err := m.checkBackend(); err != nil {
		return err
	}
	if err := m.checkFHIRServer(rules.InsecureLocal); err != nil {
		return err
	}
	if err := m.checkKeys(); err != nil {
		return err
	}
	if err := m.checkACR(); err != nil {
		return err
	}
	if err := m.checkSignals(); err != nil {
		return err
	}
	if err := m.completeRequests(); err != nil {
		return err
	}
	if err := m.completeEncryption(); err != nil {
		return err
	}
	return m.checkFlows(rules.InsecureLocal)
}

// checkSubjects checks the rules of subject_type (OpenID Connect Core 8.1) and of partners.
func (m *Metadata) checkSubjects() error {
	if m.SubjectType == "" {
		m.SubjectType = subjectPublic
	}
	if err := subset("subject_type", []string{m.SubjectType}, []string{subjectPublic, subjectPairwise}); err != nil {
		return err
	}
	if m.SubjectType == subjectPairwise && !m.asksConsent() {
		return &MetadataError{"subject_type", "pairwise is for partners: the programme's own apps share one subject"}
	}
	if m.SubjectType == subjectPairwise && m.SectorIdentifierURI == "" {
		for _, uri := range m.RedirectURIs {
			if sector := m.sector(); sector != "" && hostOf(uri) != sector {
				return &MetadataError{"sector_identifier_uri", "is required: the redirect_uris have more than one host"}
			}
		}
	}
	if m.asksConsent() && m.OperatorName == "" {
		return &MetadataError{"operator_name", "is required: members see whose app it is"}
	}
	if m.Profile == ProfilePartner {
		if err := subset("scope", m.Scope, partnerScopes); err != nil {
			return err
		}
	}
	if slices.Contains(m.Scope, AdminScope) && m.Profile != ProfileOwn {
		return &MetadataError{"scope", "admin is for the programme's own apps"}
	}
	if m.ConsentMaxDays < 0 || m.ConsentMaxDays > 396 {
		return &MetadataError{"consent_max_days", "is 1 to 396 (13 months); without it a permission may last until the member stops it"}
	}
	return nil
}

func (m *Metadata) defaults(grants, scopes []string) {
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = grants
	}
	if len(m.ResponseTypes) == 0 && slices.Contains(m.GrantTypes, "authorization_code") {
		m.ResponseTypes = []string{"code"}
	}
	if len(m.ResponseModes) == 0 && len(m.ResponseTypes) > 0 {
		m.ResponseModes = []string{"query", "form_post"}
	}
	if len(m.Scope) == 0 {
		m.Scope = m.presetScopes(scopes)
	}
	if m.TokenEndpointAuthMethod == "" {
		m.TokenEndpointAuthMethod = "client_secret_basic"
	}
	if m.AccessTokenFormat == "" {
		m.AccessTokenFormat = formatJWT
	}
	if m.IDTokenSignedResponseAlg == "" {
		m.IDTokenSignedResponseAlg = "RS256"
	}
}

func (m *Metadata) checkFlows(insecureLocal bool) error {
	code := slices.Contains(m.GrantTypes, "authorization_code")
	service := slices.Contains(m.GrantTypes, "client_credentials")
	switch {
	case code && service:
		return &MetadataError{"grant_types", "a client acts for members or for itself, not both: register two"}
	case slices.Contains(m.GrantTypes, grantJWTBearer) && (m.Profile != ProfileService || m.TokenEndpointAuthMethod != authPrivateKeyJWT):
		return &MetadataError{"grant_types", `the jwt-bearer grant needs the profile "service" and private_key_jwt`}
	case service && m.Profile != ProfileService:
		return &MetadataError{"grant_types", `client_credentials needs the profile "service"`}
	case len(m.ResponseTypes) > 0 && len(m.RedirectURIs) == 0:
		return &MetadataError{"redirect_uris", "needs at least one address"}
	case slices.Contains(m.GrantTypes, grantDevice) && m.Profile != ProfileOwn:
		return &MetadataError{"grant_types", "the device grant is for the programme's own apps"}
	case service && m.TokenEndpointAuthMethod == "none":
		return &MetadataError{"token_endpoint_auth_method", "a service has a secret"}
	case slices.Contains(m.GrantTypes, "refresh_token") && !code && !slices.Contains(m.GrantTypes, grantDevice):
		return &MetadataError{"grant_types", "refresh_token comes with authorization_code or the device grant"}
	case code && m.TokenEndpointAuthMethod == "none" && !m.pkce():
		return &MetadataError{"require_pkce", "a public client always uses PKCE"}
	case code && m.ApplicationType == typeNative && !m.pkce():
		return &MetadataError{"require_pkce", "a native app always uses PKCE (RFC 8252 section 6)"}
	}
	for _, list := range []struct {
		member string
		values []string
	}{
		{"redirect_uris", m.RedirectURIs}, {"post_logout_redirect_uris", m.PostLogoutRedirectURIs}, {"request_uris", m.RequestURIs},
		{"audience", m.Audience}, {"resource_server", m.ResourceServer},
	} {
		if value := twice(list.values); value != "" {
			return &MetadataError{list.member, fmt.Sprintf("%q is listed twice", value)}
		}
	}
	for i, uri := range slices.Concat(m.RedirectURIs, m.PostLogoutRedirectURIs) {
		rule, member := m.returnURIRule(uri, insecureLocal), "redirect_uris"
		if i >= len(m.RedirectURIs) {
			member = "post_logout_redirect_uris"
		}
		if rule != "" {
			return &MetadataError{member, fmt.Sprintf("%q %s", uri, rule)}
		}
	}
	for _, member := range []struct{ name, uri string }{
		{"initiate_login_uri", m.InitiateLoginURI},
		{"client_uri", m.ClientURI},
		{"logo_uri", m.LogoURI},
		{"policy_uri", m.PolicyURI},
		{"tos_uri", m.TosURI},
		{"smart_style_url", m.SmartStyleURL},
		{"user_access_brand_bundle", m.BrandBundle},
		{"backchannel_logout_uri", m.BackchannelLogoutURI},
		{"signals_endpoint", m.SignalsEndpoint},
		{"frontchannel_logout_uri", m.FrontchannelLogoutURI},
		{"sector_identifier_uri", m.SectorIdentifierURI},
	} {
		if member.uri == "" {
			continue
		}
		if rule := redirectURIRule(member.uri, insecureLocal); rule != "" {
			return &MetadataError{member.name, fmt.Sprintf("%q %s", member.uri, rule)}
		}
	}
	if front := m.FrontchannelLogoutURI; front != "" && !slices.ContainsFunc(m.RedirectURIs, func(uri string) bool { return sameOrigin(uri, front) }) {
		return &MetadataError{"frontchannel_logout_uri", fmt.Sprintf("%q has the scheme, host and port of no redirect URI (Front-Channel Logout 1.0 section 2)", front)}
	}
	return nil
}

func (m *Metadata) pkce() bool { return m.RequirePKCE == nil || *m.RequirePKCE }

func subset(member string, values, allowed []string) error {
	for _, value := range values {
		if !slices.Contains(allowed, value) {
			return &MetadataError{member, fmt.Sprintf("%q is not one of %s", value, strings.Join(allowed, ", "))}
		}
	}
	return nil
}
