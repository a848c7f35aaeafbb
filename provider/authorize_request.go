package provider

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"huskyidp/internal/web"
)

// authorizeRequest is an authorization request (OpenID Connect Core 3.1.2.1). Parameters without a field are read from
// the form.
type authorizeRequest struct {
	client      *Client    // nil if unknown
	form        url.Values // the effective parameters, whatever their source; an interaction stores them
	pushed      []byte     // digest of its request_uri; nil if it was not pushed
	requestedAt time.Time
	redirectURI *url.URL // nil unless registered by the client: until then nothing may be sent there
	types       []string // response types
	scopes      []string // those that this server or the client knows
	audience    []string
	prompt      []string
	maxAge      time.Duration  // -1 if not asked for
	hintSubject string         // sub of a proven id_token_hint, or asked for by the claims parameter
	claims      *claimsRequest // nil if not asked for
	assurance   assurance
	launched    *handedLaunch // nil for a standalone launch
	onlyHere    bool          // offline_access was asked for at a kiosk, and is not among the scopes
}

// arrivedRequest reads a request at the authorization endpoint: from a pushed request, a request object, or the
// parameters themselves.
func (s *Service) arrivedRequest(ctx context.Context, sent url.Values, now time.Time) (*authorizeRequest, error) {
	if uri := sent.Get("request_uri"); strings.HasPrefix(uri, parPrefix) {
		return s.pushedRequest(ctx, uri, sent.Get("client_id"), now)
	}
	form, fault := s.openRequest(ctx, sent, now)
	if client, err := s.clients.Get(sent.Get("client_id")); err == nil && client.Metadata.RequirePAR {
		fault = errors.Join(worded(fosite.ErrInvalidRequest, "This client pushes its requests (RFC 9126)."), fault)
	}
	r, err := s.parseAuthorizeRequest(ctx, form, now)
	if fault != nil && r.mayAnswer() {
		return r, fault
	}
	return r, errors.Join(fault, err)
}

// parseAuthorizeRequest reads and checks a request. The error is fosite's; mayAnswer reports whether it may be sent to
// the app or must stay on our own page.
func (s *Service) parseAuthorizeRequest(ctx context.Context, form url.Values, requestedAt time.Time) (*authorizeRequest, error) {
	client, _ := s.clients.Get(form.Get("client_id")) // fosite refuses nil
	r := newAuthorizeRequest(ctx, form, client, requestedAt)
	if form.Get("redirect_uri") == "" { // fosite would use the only one registered (S-31)
		return r, worded(fosite.ErrInvalidRequest, "The parameter redirect_uri is missing.")
	}
	seen := fositeForm(form, client)
	judged, err := s.fosite.NewAuthorizeRequest(ctx, &http.Request{Method: http.MethodPost, URL: &url.URL{}, Form: seen, PostForm: seen})
	switch {
	case client != nil && !client.returnsTo(form.Get("redirect_uri")):
		return r, worded(fosite.ErrInvalidRequest, "The redirect_uri is not registered for this client: it must match exactly, except for the port of a native app's loopback address.")
	case client != nil && form.Get("response_type") == "": // fosite calls it unsupported (RFC 6749 4.1.2.1)
		err = worded(fosite.ErrInvalidRequest, "The parameter response_type is missing.")
	case err != nil:
		err = explainScope(seen, client, err) // without the scopes that are ignored
	case form.Get("registration") != "":
		err = fosite.ErrRegistrationNotSupported
	}
	if judged.IsRedirectURIValid() {
		r.redirectURI = judged.GetRedirectURI()
	}
	if err != nil {
		return r, err
	}
	if err := errors.Join(r.checkMode(), r.checkResponseType(), r.checkLengths(), r.checkPKCE(), r.checkDPoPKey(), s.read(r), refuseDetails(form)); err != nil {
		return r, err
	}
	return r, s.readHandle(ctx, r)
}

// newAuthorizeRequest reads what requires only the registration. client is nil if unknown.
// A kiosk gives no access without the member: offline_access is ignored there.
func newAuthorizeRequest(ctx context.Context, form url.Values, client *Client, requestedAt time.Time) *authorizeRequest {
	r := &authorizeRequest{client: client, form: form, requestedAt: requestedAt, maxAge: -1,
		types: words(form.Get("response_type")), scopes: knownScopes(form, client)}
	if web.AtKiosk(ctx) && slices.Contains(r.scopes, scopeOffline) {
		r.scopes, r.onlyHere = slices.DeleteFunc(r.scopes, func(scope string) bool { return scope == scopeOffline }), true
	}
	return r
}

// read parses the parameters that have a format of their own. The error is fosite's.
func (s *Service) read(r *authorizeRequest) error {
	return errors.Join(r.readPrompt(), r.readMaxAge(), s.readHint(r), s.readClaims(r), r.readResources(s.strategy.issuer), r.readAud())
}

// storedRequest reads a request that was checked before it was stored. Answering it, and the member's consent, require
// a new check: parseAuthorizeRequest. The error means that the client can no longer receive an answer.
func (s *Service) storedRequest(ctx context.Context, form url.Values, requestedAt time.Time) (*authorizeRequest, error) {
	client, err := s.clients.Get(form.Get("client_id"))
	if err != nil {
		return nil, err
	}
	r := newAuthorizeRequest(ctx, form, client, requestedAt)
	if !client.returnsTo(form.Get("redirect_uri")) {
		return nil, errNoInteraction
	}
	if r.redirectURI, err = url.Parse(form.Get("redirect_uri")); err != nil {
		return nil, err
	}
	return r, s.read(r)
}

// fositeForm copies the form without what fosite handles badly: request objects and hints are checked here, prompt and
// max_age by nextStep with our clock, the response mode by answer; audience is not a parameter of ours, resource is
// (RFC 8707); a missing state, which fosite refuses, gets a placeholder.
func fositeForm(form url.Values, client *Client) url.Values {
	seen := maps.Clone(form)
	seen.Set("scope", joinScopes(knownScopes(form, client)))
	for _, name := range []string{"request", "request_uri", "id_token_hint", "registration", "prompt", "max_age", "response_mode", "audience"} {
		seen.Del(name)
	}
	if seen.Get("state") == "" {
		seen.Set("state", "-")
	}
	return seen
}

// forFosite returns the request for which fosite issues, with the scopes that the member allowed.
func (r *authorizeRequest) forFosite(granted []string) *fosite.AuthorizeRequest {
	f := fosite.NewAuthorizeRequest()
	f.Client, f.Form, f.RedirectURI, f.ResponseTypes = r.client, fositeForm(r.form, r.client), r.redirectURI, r.types
	f.RequestedScope, f.RequestedAudience = r.scopes, r.audience
	f.GrantedScope, f.GrantedAudience = granted, r.audience
	return f
}

// knownScopes returns the scopes that this server or the client's registration knows, without duplicates: others are
// ignored, not refused (RFC 6749 3.3, conformance 3.7.4).
func knownScopes(form url.Values, client *Client) []string {
	var known []string
	for _, scope := range words(form.Get("scope")) {
		if scope == scopeOffline && client != nil && client.Metadata.idleOffline() {
			continue // ignored, not refused (OpenID Connect Core 11)
		}
		if (scope == AdminScope || slices.Contains(memberScopes, scope) || client != nil && client.knowsScope(scope)) && !slices.Contains(known, scope) {
			known = append(known, scope)
		}
	}
	return known
}

func joinScopes(scopes []string) string { return strings.Join(scopes, " ") }

// mayAnswer reports whether client and redirect_uri are proven, so that even an error goes to the app.
func (r *authorizeRequest) mayAnswer() bool {
	return r != nil && r.redirectURI != nil
}

// mode returns how the answer is sent. One that the client did not register is refused, in the client's usual mode.
func (r *authorizeRequest) mode() string {
	front := r.client.Metadata.Profile == ProfileCertification && givesTokens(r.form.Get("response_type"))
	switch mode := r.form.Get("response_mode"); {
	case front && mode == modeJWT && r.client.mayUseMode(mode):
		return modeFragmentJWT
	case front && (mode == "" || mode == modeQuery || mode == modeQueryJWT || !r.client.mayUseMode(mode)):
		return modeFragment
	case mode == "" || !r.client.mayUseMode(mode):
		return r.client.defaultMode()
	default:
		return mode
	}
}

func (r *authorizeRequest) checkMode() error {
	if mode := r.form.Get("response_mode"); mode != "" && !r.client.mayUseMode(mode) {
		return worded(fosite.ErrUnsupportedResponseMode, "The client has not registered this response_mode.")
	}
	return nil
}

// returnedBytes limits state and nonce, which we return unchanged (S-36): federating apps put their own requests into
// state.
const returnedBytes = 4 << 10

func (r *authorizeRequest) checkLengths() error {
	switch {
	case len(r.form.Get("state")) > returnedBytes:
		return worded(fosite.ErrInvalidRequest, "The state is longer than 4096 bytes.")
	case len(r.form.Get("nonce")) > returnedBytes:
		return worded(fosite.ErrInvalidRequest, "The nonce is longer than 4096 bytes.")
	}
	return nil
}

// checkPKCE refuses early what fosite would refuse only after sign-in (RFC 7636 4.4.1).
func (r *authorizeRequest) checkPKCE() error {
	challenge, method := r.form.Get("code_challenge"), r.form.Get("code_challenge_method")
	switch {
	case !r.wants("code") || challenge == "" && method == "" && !r.client.requiresPKCE():
		return nil
	case challenge == "":
		return worded(fosite.ErrInvalidRequest, "The parameter code_challenge is missing: this client uses PKCE.")
	case method != "S256":
		return worded(fosite.ErrInvalidRequest, "The code_challenge_method is not S256.")
	case len(challenge) != 43 || !base64URL(challenge):
		return worded(fosite.ErrInvalidRequest, "The code_challenge is not a base64url-encoded SHA-256 digest.")
	}
	return nil
}

func base64URL(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
