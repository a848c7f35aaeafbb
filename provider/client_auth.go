package provider

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ory/fosite"

	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
)

// clientFailures is how often one client may fail to authenticate (S-37).
var clientFailures = ratelimit.Limit{Name: "client_auth", Count: 20, Per: 5 * 60 * 1e9}

// authenticateClient replaces fosite's client authentication: each client uses the
// one method that it registered, and a generated secret is compared by one keyed
// digest (RFC 6749 2.3, S-37).
func (s *Service) authenticateClient(ctx context.Context, r *http.Request, form url.Values) (fosite.Client, error) {
	id, secret, method, err := presentedCredentials(r, form)
	if err != nil {
		return nil, err
	}
	client, err := s.clients.Get(id)
	if err != nil || client.Metadata.TokenEndpointAuthMethod != method || !s.secretFits(client, secret) {
		return nil, s.clientFailed(ctx, id)
	}
	unitFrom(ctx).client = client
	return client, nil
}

func (s *Service) secretFits(client *Client, secret string) bool {
	return client.IsPublic() || s.store.keyring.VerifyMAC(seal.Client, client.SecretMAC, []byte(client.ID), []byte(secret))
}

// clientFailed counts and records the failure before it answers.
func (s *Service) clientFailed(ctx context.Context, id string) error {
	u := unitFrom(ctx)
	if err := s.limiter.Take(ctx, clientFailures, id, u.now); err != nil {
		return err
	}
	if known, err := s.clients.Get(id); err == nil {
		event := audit.Event{Kind: audit.ClientAuthRefused, At: u.now, ClientID: known.ID}
		if err := s.store.audit.Record(ctx, event); err != nil {
			return err
		}
	}
	return fosite.ErrInvalidClient.WithHint("The client is unknown or did not authenticate as it is registered.")
}

// presentedCredentials finds the one method that the request uses.
func presentedCredentials(r *http.Request, form url.Values) (id, secret, method string, err error) {
	user, password, basic := r.BasicAuth()
	_, posted := form["client_secret"]
	_, asserted := form["client_assertion"]
	if basic && posted || basic && asserted || posted && asserted {
		return "", "", "", fosite.ErrInvalidRequest.WithHint("The client authenticates by more than one method.")
	}
	switch {
	case basic:
		// RFC 6749 2.3.1: both parts are form-encoded first.
		id, err1 := url.QueryUnescape(user)
		secret, err2 := url.QueryUnescape(password)
		if err1 != nil || err2 != nil {
			return "", "", "", fosite.ErrInvalidRequest.WithHint("The Authorization header is not form-encoded.")
		}
		if sent := form.Get("client_id"); sent != "" && sent != id {
			return "", "", "", fosite.ErrInvalidRequest.WithHint("The client_id is not the one of the Authorization header.")
		}
		return id, secret, "client_secret_basic", nil
	case r.Header.Get("Authorization") != "":
		return "", "", "", fosite.ErrInvalidClient.WithHint("The Authorization header is not of the Basic scheme.")
	case posted:
		return form.Get("client_id"), form.Get("client_secret"), "client_secret_post", nil
	case asserted:
		return form.Get("client_id"), "", "private_key_jwt", nil
	}
	return form.Get("client_id"), "", "none", nil
}
