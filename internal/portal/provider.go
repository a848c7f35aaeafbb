package portal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"huskyidp/internal/site"
)

// relyingParty discovers the provider when it is first needed, and retries until it answers: the portal may start
// first.
type relyingParty struct {
	options Options

	mu    sync.Mutex
	found *provider
}

func newRelyingParty(o Options) *relyingParty { return &relyingParty{options: o} }

// provider is the result of discovery.
type provider struct {
	*oidc.Provider
	options  Options
	config   oauth2.Config
	metadata metadata
}

// metadata is the part of the discovery document that go-oidc does not keep.
type metadata struct {
	EndSession  string   `json:"end_session_endpoint"`
	Scopes      []string `json:"scopes_supported"`
	SendsIssuer bool     `json:"authorization_response_iss_parameter_supported"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
}

func (rp *relyingParty) discover(ctx context.Context) (*provider, error) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	if rp.found != nil {
		return rp.found, nil
	}
	// go-oidc keeps the context to fetch keys later, so it must outlive this request.
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), rp.options.Client)
	discovered, err := oidc.NewProvider(ctx, rp.options.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discovering the provider: %w", err)
	}
	p := &provider{Provider: discovered, options: rp.options}
	if err := discovered.Claims(&p.metadata); err != nil {
		return nil, fmt.Errorf("reading the discovery document: %w", err)
	}
	endpoint := discovered.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	isPost := len(p.metadata.AuthMethods) > 0 && !slices.Contains(p.metadata.AuthMethods, "client_secret_basic")
	if rp.options.ClientSecret == "" || isPost {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	p.config = oauth2.Config{
		ClientID: rp.options.ClientID, ClientSecret: rp.options.ClientSecret, Endpoint: endpoint,
		RedirectURL: rp.options.BaseURL + CallbackPath, Scopes: p.knownScopes(rp.options.Scopes),
	}
	rp.found = p
	return p, nil
}

// knownScopes omits scopes that the provider does not support.
func (p *provider) knownScopes(scopes []string) []string {
	if len(p.metadata.Scopes) == 0 {
		return scopes
	}
	isUnknown := func(scope string) bool { return !slices.Contains(p.metadata.Scopes, scope) }
	return slices.DeleteFunc(slices.Clone(scopes), isUnknown)
}

// checkIssuer refuses responses of other providers (RFC 9207 2.4).
func (p *provider) checkIssuer(query url.Values) error {
	iss := query.Get("iss")
	if iss != "" && iss != p.options.Issuer || iss == "" && p.metadata.SendsIssuer {
		return errors.New("the answer comes from another issuer")
	}
	return nil
}

// redeem exchanges the code and verifies everything that comes with it (OpenID Connect Core 3.1.3.7, 5.3.2).
func (p *provider) redeem(ctx context.Context, code string, entry pending) (session, error) {
	ctx = oidc.ClientContext(ctx, p.options.Client)
	token, err := p.config.Exchange(ctx, code, oauth2.VerifierOption(entry.Verifier))
	if err != nil {
		return session{}, fmt.Errorf("redeeming the code: %w", withoutBody(err))
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return session{}, errors.New("the provider sent no ID token")
	}
	idToken, err := p.Verifier(&oidc.Config{ClientID: p.options.ClientID}).Verify(ctx, raw)
	if err != nil {
		return session{}, fmt.Errorf("checking the ID token: %w", err)
	}
	if idToken.Nonce != entry.Nonce {
		return session{}, errors.New("the ID token has another nonce")
	}
	if idToken.AccessTokenHash != "" {
		if err := idToken.VerifyAccessToken(token.AccessToken); err != nil {
			return session{}, fmt.Errorf("checking the access token: %w", err)
		}
	}
	claims := map[string]json.RawMessage{}
	if err := idToken.Claims(&claims); err != nil {
		return session{}, fmt.Errorf("reading the ID token: %w", err)
	}
	sid := show(claims["sid"])
	if p.UserInfoEndpoint() != "" {
		info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return session{}, fmt.Errorf("asking userinfo: %w", err)
		}
		if info.Subject != idToken.Subject {
			return session{}, errors.New("userinfo is about another subject")
		}
		if err := info.Claims(&claims); err != nil { // merges into the existing claims
			return session{}, fmt.Errorf("reading userinfo: %w", err)
		}
	}
	return session{Name: displayName(claims), Claims: list(claims), IDToken: raw, Subject: idToken.Subject, SID: sid}, nil
}

// withoutBody removes the response body from an error of the token endpoint, which is logged.
func withoutBody(err error) error {
	if retrieve, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("status %d, error %q", retrieve.Response.StatusCode, retrieve.ErrorCode)
	}
	return err
}

func displayName(claims map[string]json.RawMessage) string {
	var names []string
	for _, name := range []string{"given_name", "name", "preferred_username", "sub"} {
		names = append(names, show(claims[name]))
	}
	return cmp.Or(names...)
}

// protocolClaims are about the sign-in, not the person; they are listed last.
var protocolClaims = []string{
	"acr", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "exp", "iat", "iss", "jti", "nbf", "nonce", "s_hash", "sid", "sub",
}

func list(claims map[string]json.RawMessage) []claim {
	var person, protocol []claim
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if c := (claim{name, show(claims[name])}); slices.Contains(protocolClaims, name) {
			protocol = append(protocol, c)
		} else {
			person = append(person, c)
		}
	}
	return slices.Concat(person, protocol)
}

// show returns a string as is and everything else as JSON.
func show(value json.RawMessage) string {
	var s string
	if err := json.Unmarshal(value, &s); err == nil {
		return s
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, value); err != nil {
		return ""
	}
	return strings.ReplaceAll(compact.String(), ",", ", ")
}

// logout leads to the provider, which asks (RP-Initiated Logout 1.0). The session here ends with the one there: who turns back at the
// question is not told "signed out" by a page from which one press leads in again.
func (p *Portal) logout(w http.ResponseWriter, r *http.Request) {
	s, ok := p.session(r)
	if ok && r.PostFormValue("csrf") != s.CSRF {
		http.Redirect(w, r, MePath, http.StatusSeeOther)
		return
	}
	provider, err := p.provider.discover(r.Context())
	if !ok || err != nil || provider.metadata.EndSession == "" {
		p.endSession(w, r)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	next := provider.endSession(s, p.site.Lang(r))
	p.site.Page(w, r, http.StatusOK, "portal/leaving", leavingPage{next}, site.PageOptions{Onward: next})
}

func (p *Portal) endSession(w http.ResponseWriter, r *http.Request) {
	p.sessions.Remove(p.site.Cookie(r, "session"))
	p.site.SetCookie(w, "session", "", -time.Second)
}

// leavingPage is shown briefly on the way to the provider.
type leavingPage struct{ Next string }

func (p *provider) endSession(s session, lang string) string {
	u, err := url.Parse(p.metadata.EndSession)
	if err != nil {
		return "/"
	}
	query := u.Query()
	query.Set("id_token_hint", s.IDToken)
	query.Set("state", s.Leaving)
	query.Set("client_id", p.options.ClientID)
	query.Set("post_logout_redirect_uri", p.options.BaseURL+"/")
	query.Set("ui_locales", lang)
	u.RawQuery = query.Encode()
	return u.String()
}
