package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"huskyidp/provider"
)

// TestGoOIDC signs a member in through a relying party built on coreos/go-oidc.
func TestGoOIDC(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"RS256", "ES256", "PS256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			b := newBench(t, 4)
			id, secret := b.client(func(m *provider.Metadata) { m.IDTokenSignedResponseAlg = alg })
			must(t, b.keys.Reload(t.Context())) // EdDSA has a key since this client wants one
			ctx := oidc.ClientContext(t.Context(), b.server.Client())
			issuer, err := oidc.NewProvider(ctx, b.issuer)
			must(t, err)
			rp := oauth2.Config{ClientID: id, ClientSecret: secret, Endpoint: issuer.Endpoint(), RedirectURL: callback,
				Scopes: []string{"openid", "profile", "email", "husky.member", "offline_access", "unknown"}}
			verifier := oauth2.GenerateVerifier()
			w := b.browser()
			login := w.get(rp.AuthCodeURL("state-1", oidc.Nonce("nonce-1"), oauth2.S256ChallengeOption(verifier)))
			if login.url.Path != "/login" || !strings.Contains(login.body, "Prueba") {
				t.Fatalf("authorize led to %s (%d)", login.url, login.status)
			}
			back := w.signIn(login)
			if back.location == nil {
				t.Fatalf("sign-in led to %s (%d)\n%s", back.url, back.status, back.body)
			}
			answer := back.location.Query()
			if got, want := answer.Get("state")+" "+answer.Get("iss")+" "+answer.Get("keep"), "state-1 "+b.issuer+" 1"; got != want {
				t.Fatalf("answer %q, want %q", got, want)
			}
			tokens, err := rp.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
			must(t, err)
			raw, _ := tokens.Extra("id_token").(string)
			idToken, err := issuer.VerifierContext(ctx, &oidc.Config{ClientID: id, SupportedSigningAlgs: []string{alg}}).Verify(ctx, raw)
			must(t, err)
			if idToken.Nonce != "nonce-1" || idToken.Subject != b.account.Subject {
				t.Errorf("ID token has nonce %q, sub %q", idToken.Nonce, idToken.Subject)
			}
			must(t, idToken.VerifyAccessToken(tokens.AccessToken))
			var claims map[string]any
			must(t, idToken.Claims(&claims))
			for name := range claims {
				if !strings.Contains(" iss sub aud exp iat auth_time nonce acr amr sid at_hash ", " "+name+" ") {
					t.Errorf("the ID token has the claim %s, which nobody asked for (conformance 3.5.9)", name)
				}
			}
			info, err := issuer.UserInfo(ctx, rp.TokenSource(ctx, tokens))
			must(t, err)
			var facts map[string]any
			must(t, info.Claims(&facts))
			for name, want := range map[string]any{"given_name": "MARÍA", "family_name": "NÚÑEZ DE LA CRUZ", "birthdate": "1984-03-05",
				"preferred_username": username, "locale": "es", "email": "maria@example.org", "email_verified": true,
				"husky_member_number": "012345678", "husky_program": "A", "husky_coverage_start": "2026-01-01"} {
				if facts[name] != want {
					t.Errorf("userinfo %s = %v, want %v", name, facts[name], want)
				}
			}
			if tokens.RefreshToken == "" {
				t.Fatal("offline_access gave no refresh token")
			}
			again, err := rp.TokenSource(ctx, &oauth2.Token{RefreshToken: tokens.RefreshToken, Expiry: time.Unix(1, 0)}).Token()
			must(t, err)
			if again.RefreshToken == tokens.RefreshToken || again.AccessToken == tokens.AccessToken {
				t.Error("refresh did not rotate")
			}
		})
	}
}

// request is an authorization request; change adds to the common one.
func (b *bench) request(clientID string, change url.Values) (address, verifier string) {
	verifier = oauth2.GenerateVerifier()
	q := url.Values{"client_id": {clientID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid offline_access"},
		"state": {"s"}, "nonce": {"n"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}}
	for name, values := range change {
		if values == nil {
			q.Del(name)
		} else {
			q[name] = values
		}
	}
	return b.issuer + "/authorize?" + q.Encode(), verifier
}

// answer is a token endpoint's.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) text(name string) string { s, _ := a.body[name].(string); return s }

func (b *bench) token(id, secret string, fields url.Values) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.issuer+"/token", strings.NewReader(fields.Encode()))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if secret != "" {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	response, err := b.server.Client().Do(r)
	must(b.t, err)
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header}
	must(b.t, json.NewDecoder(response.Body).Decode(&a.body))
	return a
}

func (b *bench) redeem(id, secret, code, verifier string) answer {
	return b.token(id, secret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}})
}

func (b *bench) refresh(id, secret, token string) answer {
	return b.token(id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// code gets one with the signed-in browser.
func (b *bench) code(w *browser, clientID string) (code, verifier string) {
	b.t.Helper()
	address, verifier := b.request(clientID, nil)
	p := w.get(address)
	if p.location == nil || p.location.Query().Get("code") == "" {
		b.t.Fatalf("no code: %s (%d) %v\n%s", p.url, p.status, p.location, p.body)
	}
	return p.location.Query().Get("code"), verifier
}

func (b *bench) userinfo(token string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.issuer+"/userinfo", nil)
	must(b.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := b.server.Client().Do(r)
	must(b.t, err)
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header}
	must(b.t, json.NewDecoder(response.Body).Decode(&a.body))
	return a
}

func (a answer) want(t testing.TB, status int, code string) {
	t.Helper()
	if a.status != status || a.text("error") != code {
		t.Errorf("answer %d %v, want %d %q", a.status, a.body, status, code)
	}
}
