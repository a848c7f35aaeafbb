package provider

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/docs"
)

// errorCodes are all that this server returns, with the cause; a test compares the list with the code.
var errorCodes = []errorCode{
	{"invalid_request", "A parameter is missing, repeated, too long or of the wrong form."},
	{"invalid_client", "The client is unknown or did not authenticate by the one method that it registered."},
	{"invalid_grant", "Code, refresh token or assertion is wrong, used, expired or bound to another client or key; or the member's permission, password or account has changed since."},
	{"unauthorized_client", "The client is not registered for this grant."},
	{"unsupported_grant_type", "No client can use this grant_type."},
	{"unsupported_response_type", "The client is not registered for this response_type."},
	{"unsupported_response_mode", "The client is not registered for this response_mode."},
	{"invalid_scope", "A scope is not one that the client registered or the member granted. Unknown scopes are ignored."},
	{"invalid_target", "The resource is not one that the client registered or the member granted (RFC 8707)."},
	{"invalid_authorization_details", "authorization_details are not used here (RFC 9396)."},
	{"access_denied", "The member cancelled or did not allow it."},
	{"login_required", "prompt=none, and nobody is signed in, or not as freshly as you asked."},
	{"interaction_required", "prompt=none, and the member has to choose or agree to something."},
	{"consent_required", "prompt=none, and the member has not allowed this yet."},
	{"unmet_authentication_requirements", "This server supports none of the required acr values, or the member did not complete the step that it requires."},
	{"invalid_request_uri", "The request_uri is unknown, expired, used, or not this client's."},
	{"invalid_request_object", "The signed request does not verify, has expired, or is for another server."},
	{"request_not_supported", "The client registered no request_object_signing_alg."},
	{"request_uri_not_supported", "Requests are not fetched from addresses: push them to /par."},
	{"registration_not_supported", "The parameter registration is not used here."},
	{"invalid_dpop_proof", "The DPoP proof is missing, wrong or used (RFC 9449)."},
	{"use_dpop_nonce", "Repeat the request with the nonce of the header DPoP-Nonce."},
	{"authorization_pending", "Device flow: the member has not decided yet."},
	{"slow_down", "Device flow: wait five seconds longer between requests."},
	{"expired_token", "Device flow: the device code has expired; start again."},
	{"invalid_token", "Resource requests and registration: the token is wrong, expired, ended, for another resource or bound to another key (401)."},
	{"insufficient_scope", "Resource requests: the token lacks the scope that the answer names (403)."},
	{"temporarily_unavailable", "You ask too often (429), or the server is busy (503): wait as long as the header Retry-After says."},
	{"server_error", "Something failed here (500). Its number is in request_id."},
	{"invalid_redirect_uri", "Registration: a redirect URI breaks a rule."},
	{"invalid_client_metadata", "Registration: another member breaks a rule, or the body is no JSON object."},
}

// errorCode is a code and when it is returned.
type errorCode struct{ Code, When string }

// developersPage is for app developers, with the names of the specifications.
type developersPage struct {
	Issuer    string
	Endpoints []namedText
	Scopes    []namedText // with the claims that they release
	Lists     []namedText // of the metadata
	Errors    []namedText
	Errores   []namedText // Errors in Spanish
	Examples  []example
	// The demo's clients; may be "".
	TryURL, TryHealthURL string
}

type namedText struct{ Name, Text string }

type example struct{ Language, Library, Name, Text string }

// newDevelopersPage collects what follows from the code itself.
func newDevelopersPage(m metadata, tryURL, tryHealthURL string) (developersPage, error) {
	p := developersPage{Issuer: m.Issuer, TryURL: tryURL, TryHealthURL: tryHealthURL, Errores: errorCodesES, Lists: []namedText{
		{"grant_types", strings.Join(m.GrantTypesSupported, ", ")},
		{"token_endpoint_auth_method", strings.Join(m.TokenEndpointAuthMethodsSupported, ", ")},
		{"response_mode", strings.Join(m.ResponseModesSupported, ", ")},
		{"id_token_signed_response_alg", strings.Join(m.IDTokenSigningAlgValuesSupported, ", ")},
		{"id_token_encrypted_response", strings.Join(append(slices.Clone(m.IDTokenEncryptionAlgValuesSupported), m.IDTokenEncryptionEncValuesSupported...), ", ")},
		{"acr_values", strings.Join(m.ACRValuesSupported, ", ")},
		{"prompt", strings.Join(m.PromptValuesSupported, ", ")},
	}}
	var members map[string]any
	text, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	if err != nil {
		return p, err
	}
	for name, value := range members {
		if address, ok := value.(string); ok && name != "issuer" && strings.HasPrefix(address, m.Issuer+"/") {
			p.Endpoints = append(p.Endpoints, namedText{name, address})
		}
	}
	slices.SortFunc(p.Endpoints, func(a, b namedText) int { return cmp.Compare(a.Name, b.Name) })
	for _, scope := range m.ScopesSupported {
		p.Scopes = append(p.Scopes, namedText{scope, strings.Join(scopeClaims[scope], ", ")})
	}
	for _, e := range errorCodes {
		p.Errors = append(p.Errors, namedText{e.Code, e.When})
	}
	for _, e := range []example{
		{Language: "JavaScript", Library: "openid-client", Name: "app.mjs"}, {Language: "Go", Library: "coreos/go-oidc", Name: "app.go"},
		{Language: "Python", Library: "authlib", Name: "app.py"}, {Language: "Shell", Library: "curl, openssl, jq", Name: "app.sh"},
		{Language: "Ruby", Library: "openid_connect", Name: "app.rb"}, {Language: "Rust", Library: "openidconnect", Name: "rust/src/main.rs"},
		{Language: "Apache", Library: "mod_auth_openidc", Name: "apache.conf"},
	} {
		program, err := docs.Examples.ReadFile("examples/" + e.Name)
		if err != nil {
			return p, err
		}
		e.Text = string(program)
		p.Examples = append(p.Examples, e)
	}
	return p, nil
}

func (h *Handler) showDevelopers(c *gin.Context) error {
	return h.web.Page(c, http.StatusOK, "provider/developers", h.developers)
}
