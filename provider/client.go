package provider

import (
	"net/url"
	"time"

	"github.com/ory/fosite"
)

// Profile is a set of defaults that a client's registration may tighten.
type Profile string

const (
	ProfileOwn     Profile = "own"     // the programme's own apps: no consent page
	ProfilePartner Profile = "partner" // apps of others: the member's consent, a pairwise subject
	ProfileService Profile = "service" // machines: client_credentials only
	ProfileSmart   Profile = "smart"   // partners that read the record: SMART App Launch
	ProfileFAPI2   Profile = "fapi2"   // FAPI 2.0 Security Profile: proof by keys, bound tokens

	// ProfileCertification is a partner with the flows that the certification plans need and S-30 to S-35 forbid. It is
	// inactive unless the deployment allows it (Rules).
	ProfileCertification Profile = "certification"
)

// Metadata is what a client registers, under the member names of RFC 7591 section 2, OpenID Connect Dynamic Client
// Registration and this service's own additions.
type Metadata struct {
	KeyMetadata
	RequestMetadata
	ACRMetadata
	EncryptionMetadata
	LanguageMetadata
	SmartMetadata
	SignalMetadata

	ClientName                string   `json:"client_name"`
	Profile                   Profile  `json:"profile"`
	ApplicationType           string   `json:"application_type,omitempty"` // web (default) or native (RFC 8252)
	RedirectURIs              []string `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs    []string `json:"post_logout_redirect_uris,omitempty"`
	GrantTypes                []string `json:"grant_types,omitempty"`
	ResponseTypes             []string `json:"response_types,omitempty"`
	ResponseModes             []string `json:"response_modes,omitempty"`
	Scope                     Scopes   `json:"scope,omitempty"`    // one space-separated string in JSON
	Audience                  []string `json:"audience,omitempty"` // resource servers that its access tokens may name
	TokenEndpointAuthMethod   string   `json:"token_endpoint_auth_method,omitempty"`
	IDTokenSignedResponseAlg  string   `json:"id_token_signed_response_alg,omitempty"`
	BackchannelLogoutURI      string   `json:"backchannel_logout_uri,omitempty"`
	BackchannelLogoutSession  bool     `json:"backchannel_logout_session_required,omitempty"`
	FrontchannelLogoutURI     string   `json:"frontchannel_logout_uri,omitempty"`
	FrontchannelLogoutSession bool     `json:"frontchannel_logout_session_required,omitempty"`
	InitiateLoginURI          string   `json:"initiate_login_uri,omitempty"`
	ClientURI                 string   `json:"client_uri,omitempty"`
	LogoURI                   string   `json:"logo_uri,omitempty"` // fetched once; members see our copy
	PolicyURI                 string   `json:"policy_uri,omitempty"`
	TosURI                    string   `json:"tos_uri,omitempty"`
	OperatorName              string   `json:"operator_name,omitempty"`     // whose app it is, shown on the consent page
	OperatorVerified          bool     `json:"operator_verified,omitempty"` // we verified the operator
	SubjectType               string   `json:"subject_type,omitempty"`
	SectorIdentifierURI       string   `json:"sector_identifier_uri,omitempty"`
	ConsentMaxDays            int      `json:"consent_max_days,omitempty"` // absent: until the member stops it
	Contacts                  []string `json:"contacts,omitempty"`
	RequirePKCE               *bool    `json:"require_pkce,omitempty"`        // absent: true
	AccessTokenFormat         string   `json:"access_token_format,omitempty"` // jwt (default) or opaque
	ResourceServer            []string `json:"resource_server,omitempty"`     // audiences whose tokens it may introspect
}

// Scopes are scope names, encoded as in RFC 7591: one space-separated string.
type Scopes []string

func (s Scopes) MarshalText() ([]byte, error) { return []byte(joinScopes(s)), nil }

func (s *Scopes) UnmarshalText(text []byte) error {
	*s = words(string(text))
	return nil
}

// Client is a registered application. It implements fosite.Client. A value is shared between requests and never
// changed.
type Client struct {
	ID              string
	Metadata        Metadata
	SecretMAC       []byte // nil for a public client
	RegistrationMAC []byte // of its registration token; nil unless it registered itself
	DisabledAt      *time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
	logos           map[string]*logo // by language, "" for all others
}

var (
	_ fosite.Client = (*Client)(nil)
)

func (c *Client) GetID() string                      { return c.ID }
func (c *Client) GetHashedSecret() []byte            { return nil } // checked by authenticateClient, never by fosite
func (c *Client) GetRedirectURIs() []string          { return c.Metadata.RedirectURIs }
func (c *Client) GetGrantTypes() fosite.Arguments    { return c.Metadata.GrantTypes }
func (c *Client) GetResponseTypes() fosite.Arguments { return c.Metadata.ResponseTypes }
func (c *Client) GetScopes() fosite.Arguments        { return fosite.Arguments(c.Metadata.Scope) }
func (c *Client) GetAudience() fosite.Arguments      { return c.Metadata.Audience }

// IsPublic reports whether the client cannot keep a secret (RFC 6749 2.1).
func (c *Client) IsPublic() bool { return c.Metadata.TokenEndpointAuthMethod == "none" }

// requiresPKCE is true unless the registration explicitly disables it (S-32).
func (c *Client) requiresPKCE() bool {
	return c.Metadata.RequirePKCE == nil || *c.Metadata.RequirePKCE
}

// mayLogoutTo reports whether the client registered uri as a target after sign-out; false for a nil client.
func (c *Client) mayLogoutTo(uri string) bool {
	return c != nil && uri != "" && c.isOneOf(c.Metadata.PostLogoutRedirectURIs, uri)
}

// origin returns scheme and host of a URI, for a Content-Security-Policy.
func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
