package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"huskyidp/accounts"
	"huskyidp/provider"
)

// ConsoleClientID is the console's client_id; cmd/idp registers it.
const ConsoleClientID = "support-desk"

// ConsoleClient is the registration of the console: a public client with PKCE, since all instances of the program are
// one app, whose codes are redeemed inside the program.
func ConsoleClient(base string) provider.Metadata {
	return provider.Metadata{
		ClientName: "Mesa de ayuda", LanguageMetadata: provider.LanguageMetadata{ClientNameEN: "Support desk"}, Profile: provider.ProfileOwn, RedirectURIs: []string{base + callbackPath}, PostLogoutRedirectURIs: []string{base + "/"},
		ClientURI: base + "/", InitiateLoginURI: base + signInPath, GrantTypes: []string{"authorization_code"}, Scope: provider.Scopes{"openid", provider.AdminScope},
		TokenEndpointAuthMethod: "none", IDTokenSignedResponseAlg: "ES256",
	}
}

// PartyOptions are what the console needs as a relying party.
type PartyOptions struct {
	Issuer string
	Base   string       // https://host of the desk, without a trailing slash
	Client *http.Client // reaches the provider
	Now    func() time.Time
}

// party is the relying party. It fetches the discovery document when it first needs it.
type party struct {
	PartyOptions

	mu    sync.Mutex
	found *oidc.Provider
}

func newParty(o PartyOptions) (*party, error) {
	if o.Issuer == "" || o.Base == "" || o.Client == nil || o.Now == nil {
		return nil, errors.New("admin: the console needs issuer, base, client and clock")
	}
	return &party{PartyOptions: o}, nil
}

func (p *party) discover(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		// go-oidc keeps the context for fetching keys later, so it must outlive this request.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.Client), p.Issuer)
		if err != nil {
			return nil, oauth2.Config{}, fmt.Errorf("discovering the provider: %w", err)
		}
		p.found = found
	}
	endpoint := p.found.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	return p.found, oauth2.Config{
		ClientID: ConsoleClientID, Endpoint: endpoint, RedirectURL: p.Base + callbackPath, Scopes: []string{oidc.ScopeOpenID, provider.AdminScope},
	}, nil
}

// request is the address of a sign-in with a second step. A step-up asks for a new proof whatever the session, of the given person.
func (p *party) request(ctx context.Context, state, nonce, verifier, lang string, stepUp bool, username string) (string, error) {
	_, config, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce), oauth2.SetAuthURLParam("ui_locales", lang),
		oauth2.SetAuthURLParam("acr_values", accounts.ACRPhishingResistant+" "+accounts.ACRFactor),
	}
	if stepUp {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(freshness/time.Second))))
	}
	if username != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", username))
	}
	return config.AuthCodeURL(state, options...), nil
}

// signedIn are the claims of an ID token.
type signedIn struct {
	Subject  string
	SID      string
	ACR      string
	AuthTime time.Time
}

var errSignIn = errors.New("admin: the provider's answer is not what was asked for")

// redeem exchanges the code and validates the ID token (OpenID Connect Core 3.1.3.7), and that a second step was given.
func (p *party) redeem(ctx context.Context, code, nonce, verifier string) (signedIn, error) {
	found, config, err := p.discover(ctx)
	if err != nil {
		return signedIn{}, err
	}
	tokens, err := config.Exchange(oidc.ClientContext(ctx, p.Client), code, oauth2.VerifierOption(verifier))
	if err != nil {
		if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok { // its body is not logged
			return signedIn{}, fmt.Errorf("%w: redeeming the code: %d %s", errSignIn, refused.Response.StatusCode, refused.ErrorCode)
		}
		return signedIn{}, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{ClientID: ConsoleClientID, Now: p.Now}).Verify(ctx, raw)
	if err != nil {
		return signedIn{}, fmt.Errorf("%w: %w", errSignIn, err)
	}
	var claims struct {
		SID      string `json:"sid"`
		ACR      string `json:"acr"`
		AuthTime int64  `json:"auth_time"`
	}
	if err := token.Claims(&claims); err != nil || token.Nonce != nonce || claims.SID == "" || claims.AuthTime == 0 {
		return signedIn{}, errSignIn
	}
	if accounts.Rank(claims.ACR) < accounts.Rank(accounts.ACRFactor) {
		return signedIn{}, fmt.Errorf("%w: no second step", errSignIn)
	}
	return signedIn{token.Subject, claims.SID, claims.ACR, time.Unix(claims.AuthTime, 0).UTC()}, nil
}

// errorCode keeps the characters allowed in an error code (RFC 6749 4.1.2.1).
func errorCode(s string) string {
	known := []string{"access_denied", "login_required", "interaction_required", "server_error", "temporarily_unavailable", "unmet_authentication_requirements"}
	if slices.Contains(known, strings.TrimSpace(s)) {
		return s
	}
	return "invalid_request"
}
