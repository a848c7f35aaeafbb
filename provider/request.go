package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ory/fosite"
)

// authorizeRequest is a checked authorization request (OpenID Connect Core 3.1.2.1).
type authorizeRequest struct {
	*fosite.AuthorizeRequest
	client      *Client
	form        url.Values // as sent; what an interaction keeps
	requestedAt time.Time
	prompt      []string
	maxAge      time.Duration // -1 when not asked for
	hintSubject string        // sub of a proven id_token_hint
}

// parseAuthorizeRequest checks a request. The error is fosite's; provenRedirect
// tells whether it may be sent to the app or must stay on our own page.
func (s *Service) parseAuthorizeRequest(ctx context.Context, form url.Values, requestedAt time.Time) (*authorizeRequest, error) {
	seen := dropUnknown(form)
	// What fosite does badly is taken out before it looks: request objects and hints
	// are judged here, prompt and max_age by nextStep with our clock, and a missing
	// state, which it refuses, gets a stand-in.
	requestObject, requestURI := seen.Get("request"), seen.Get("request_uri")
	hint := seen.Get("id_token_hint")
	for _, name := range []string{"request", "request_uri", "id_token_hint", "registration", "prompt", "max_age"} {
		seen.Del(name)
	}
	if seen.Get("state") == "" {
		seen.Set("state", "-")
	}
	parsed, err := s.fosite.NewAuthorizeRequest(ctx, &http.Request{Method: http.MethodPost, Form: seen, PostForm: seen, URL: &url.URL{}})
	request, ok := parsed.(*fosite.AuthorizeRequest)
	if !ok {
		return nil, err
	}
	request.State = form.Get("state")
	r := &authorizeRequest{AuthorizeRequest: request, form: form, requestedAt: requestedAt, maxAge: -1}
	r.client, _ = request.Client.(*Client)
	if err != nil {
		return r, err
	}
	switch {
	case requestObject != "":
		return r, fosite.ErrRequestNotSupported
	case requestURI != "":
		return r, fosite.ErrRequestURINotSupported
	case form.Get("registration") != "":
		return r, fosite.ErrRegistrationNotSupported
	}
	return r, errors.Join(r.checkLengths(), r.checkPKCE(), r.readPrompt(), r.readMaxAge(), s.readHint(r, hint))
}

// dropUnknown copies the form without scopes that nobody here knows: they are
// ignored, not refused (RFC 6749 3.3, conformance 3.7.4).
func dropUnknown(form url.Values) url.Values {
	seen := url.Values{}
	for name, values := range form {
		seen[name] = slices.Clone(values)
	}
	var known []string
	for _, scope := range strings.Fields(form.Get("scope")) {
		if slices.Contains(memberScopes, scope) && !slices.Contains(known, scope) {
			known = append(known, scope)
		}
	}
	seen.Set("scope", joinScopes(known))
	return seen
}

func joinScopes(scopes []string) string { return strings.Join(scopes, " ") }

// mayAnswer tells whether client and redirect_uri are proven, so that even an error
// goes to the app.
func (r *authorizeRequest) mayAnswer() bool {
	return r != nil && r.AuthorizeRequest != nil && r.client != nil && r.RedirectURI != nil && r.IsRedirectURIValid()
}

// checkLengths caps what we return unchanged (S-36).
func (r *authorizeRequest) checkLengths() error {
	switch {
	case len(r.form.Get("state")) > 512:
		return fosite.ErrInvalidRequest.WithHint("The state is longer than 512 characters.")
	case len(r.form.Get("nonce")) > 255:
		return fosite.ErrInvalidRequest.WithHint("The nonce is longer than 255 characters.")
	}
	return nil
}

// checkPKCE refuses early what fosite would refuse only after sign-in (RFC 7636 4.4.1).
func (r *authorizeRequest) checkPKCE() error {
	challenge, method := r.form.Get("code_challenge"), r.form.Get("code_challenge_method")
	switch {
	case challenge == "" && method == "" && !r.client.requiresPKCE():
		return nil
	case challenge == "":
		return fosite.ErrInvalidRequest.WithHint("The parameter code_challenge is missing: this client uses PKCE.")
	case method != "S256":
		return fosite.ErrInvalidRequest.WithHint("The code_challenge_method is not S256.")
	case len(challenge) != 43 || !base64URL(challenge):
		return fosite.ErrInvalidRequest.WithHint("The code_challenge is not a base64url-encoded SHA-256 digest.")
	}
	return nil
}

func base64URL(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func (r *authorizeRequest) readPrompt() error {
	r.prompt = knownPrompts(r.form)
	if r.asks("none") && len(r.prompt) > 1 {
		return fosite.ErrInvalidRequest.WithHint("The prompt none stands with other values.")
	}
	return nil
}

// knownPrompts drops values that nobody here knows, as unknown parameters are.
func knownPrompts(form url.Values) []string {
	return slices.DeleteFunc(strings.Fields(form.Get("prompt")), func(value string) bool {
		return !slices.Contains(promptValues, value)
	})
}

func (r *authorizeRequest) asks(prompt string) bool { return slices.Contains(r.prompt, prompt) }

func (r *authorizeRequest) readMaxAge() error {
	text := r.form.Get("max_age")
	if text == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return fosite.ErrInvalidRequest.WithHint("The max_age is not a number of seconds.")
	}
	r.maxAge = time.Duration(seconds) * time.Second
	return nil
}

func (s *Service) readHint(r *authorizeRequest, hint string) error {
	if hint == "" {
		return nil
	}
	claims, err := s.strategy.parseIDTokenHint(hint)
	if err != nil {
		return fosite.ErrInvalidRequest.WithHint("The id_token_hint is not an ID token of this issuer.")
	}
	r.hintSubject = claims.Subject
	return nil
}
