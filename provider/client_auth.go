package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"

	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
)

// clientFailures is how often one client may fail to authenticate (S-37).
var clientFailures = ratelimit.Limit{Name: "client_auth", Count: 20, Per: 5 * 60 * 1e9}

// authenticateClient returns the calling client, in place of fosite's client authentication: each client uses the one
// method that it registered (RFC 6749 2.3, S-37). An assertion, and the request's DPoP proof with it, is marked used
// once everything else is valid.
func (s *Service) authenticateClient(ctx context.Context, in call) (*Client, error) {
	sent, err := presentedCredentials(in.request, in.form)
	if err != nil {
		return nil, err
	}
	if sent.id == "" && sent.method == "none" {
		sent.id, err = s.refreshingApp(ctx, in.form)
		if rule, refused := errors.AsType[refusal](err); refused {
			return nil, s.clientFailed(ctx, "", rule, in.now)
		}
		if err != nil {
			return nil, err
		}
	}
	seen := s.clients.seen()
	client, err := s.provenClient(ctx, in, sent)
	rule, refused := errors.AsType[refusal](err)
	if refused && s.clients.changedSince(ctx, seen) {
		client, err = s.provenClient(ctx, in, sent)
		rule, refused = errors.AsType[refusal](err)
	}
	if refused {
		return nil, s.clientFailed(ctx, sent.id, rule, in.now)
	}
	if err != nil {
		return nil, err
	}
	return client, s.takeCall(client, in.source, in.now)
}

// refreshingApp returns the client_id of an app of the record whose refresh request leaves it out, as SMART App Launch 2.2
// lets public apps do ("Refresh access token"); "" for requests that refresh nothing. The token tells whose it is.
func (s *Service) refreshingApp(ctx context.Context, form url.Values) (string, error) {
	token := form.Get("refresh_token")
	if form.Get("grant_type") != "refresh_token" || token == "" {
		return "", nil
	}
	found, err := s.store.byRefreshToken(ctx, seal.Digest(token))
	if errors.Is(err, errToken) {
		return "", errNobodysRefresh
	}
	if err != nil {
		return "", err
	}
	client, err := s.clients.Get(found.grant.ClientID)
	if err != nil || client.Metadata.Profile != ProfileSmart || !client.IsPublic() {
		return "", errNobodysRefresh
	}
	return client.ID, nil
}

// errNobodysRefresh is the same for a token that nobody has and for one whose client must say who it is: a stranger
// learns from it of no token.
const errNobodysRefresh refusal = "The request has no client authentication and no client_id, and its refresh token is unknown, or not one whose app may leave them out."

// provenClient returns the client that the request names and authenticates. The error is a refusal, or one of the
// database.
func (s *Service) provenClient(ctx context.Context, in call, sent credentials) (*Client, error) {
	client, err := s.clients.Get(sent.id)
	if err != nil {
		return nil, sent.unknown()
	}
	var once []onceOnly
	if p := in.proof; p != nil {
		once = append(once, onceOnly{"dpop", p.Thumbprint, p.ID, p.Issued, p.Expires})
	}
	switch method := client.Metadata.TokenEndpointAuthMethod; {
	case method == authPrivateKeyJWT && sent.method == method:
		var use onceOnly
		use, err = s.checkAssertion(ctx, client, in.request.URL.Path, sent.secret, in.now)
		once = append(once, use)
	case (method == authTLS || method == authSelfSignedTLS) && sent.method == "none":
		err = s.checkCertificate(in.request, client, in.now)
	case client.IsPublic() && sent.method != "none":
		err = publicClient
	case !s.secretFits(client, sent):
		err = sent.unknown()
	case sent.method != method:
		err = refusal("The secret is right, but the client is registered for " + method + ", not " + sent.method + ".")
	}
	if err == nil {
		err = s.spendAll(ctx, once)
	}
	return client, err
}

// publicClient reveals nothing new: a request with the client_id alone and any code is answered differently for a
// public client (invalid_grant) than for all others.
const publicClient refusal = "The client is public and has no secret: send the client_id alone, without client_secret, Authorization header or assertion."

// spendAll marks them used. A replayed assertion and a replayed proof return different errors.
func (s *Service) spendAll(ctx context.Context, once []onceOnly) error {
	replayed, err := s.store.spend(ctx, once...)
	switch {
	case err != nil:
		return err
	case len(replayed) == 0:
		return nil
	case replayed[0].kind == "dpop":
		return invalidProof("The DPoP proof has been used before.")
	}
	return refusal("The client assertion has been used before.")
}

// secretFits reports whether the client's own secret was sent, by any method, or none by a client that has none.
func (s *Service) secretFits(client *Client, sent credentials) bool {
	return client.IsPublic() && sent.method == "none" || client.usesSecret() &&
		s.store.keyring.VerifyMAC(seal.Client, client.SecretMAC, []byte(client.ID), []byte(sent.secret))
}

// clientFailed counts and records the failure, and returns the rule that the client broke as an error.
func (s *Service) clientFailed(ctx context.Context, id string, rule refusal, now time.Time) error {
	if err := s.limiter.Take(ctx, clientFailures, id, now); err != nil {
		return err
	}
	if known, err := s.clients.Get(id); err == nil {
		event := audit.Event{Kind: audit.ClientAuthRefused, At: now, ClientID: known.ID}
		if err := s.store.audit.Record(ctx, event); err != nil {
			return err
		}
	}
	return worded(fosite.ErrInvalidClient, string(rule))
}

// credentials are what a request says about its client. secret is the secret, or the assertion.
type credentials struct{ id, secret, method string }

// unknown is all that a caller learns who has not authenticated: it does not depend on whether the client exists or
// what it is registered for.
func (c credentials) unknown() refusal {
	switch c.method {
	case "none":
		return "The request has no client authentication, and no such public client is known."
	case authPrivateKeyJWT:
		return "The client is unknown, or does not authenticate with assertions."
	}
	return "The client_id or the secret is wrong."
}

// presentedCredentials finds the one method that the request uses.
func presentedCredentials(r *http.Request, form url.Values) (credentials, error) {
	user, password, basic := r.BasicAuth()
	_, posted := form["client_secret"]
	_, asserted := form["client_assertion"]
	if basic && posted || basic && asserted || posted && asserted {
		return credentials{}, worded(fosite.ErrInvalidRequest, "The client authenticates by more than one method.")
	}
	switch {
	case basic:
		// RFC 6749 2.3.1: both parts are form-encoded first.
		id, err1 := url.QueryUnescape(user)
		secret, err2 := url.QueryUnescape(password)
		if err1 != nil || err2 != nil {
			return credentials{}, worded(fosite.ErrInvalidRequest, "The Authorization header is not form-encoded.")
		}
		if sent := form.Get("client_id"); sent != "" && sent != id {
			return credentials{}, worded(fosite.ErrInvalidRequest, "The client_id is not the one of the Authorization header.")
		}
		return credentials{id, secret, "client_secret_basic"}, nil
	case r.Header.Get("Authorization") != "":
		return credentials{}, worded(fosite.ErrInvalidClient, "The Authorization header is not of the Basic scheme.")
	case posted:
		return credentials{form.Get("client_id"), form.Get("client_secret"), "client_secret_post"}, nil
	case asserted:
		if form.Get("client_assertion_type") != assertionType {
			return credentials{}, worded(fosite.ErrInvalidClient, "The client_assertion_type is not "+assertionType+".")
		}
		id := form.Get("client_id")
		if id == "" {
			id = claimedSubject(form.Get("client_assertion"))
		}
		return credentials{id, form.Get("client_assertion"), authPrivateKeyJWT}, nil
	}
	return credentials{form.Get("client_id"), "", "none"}, nil
}
