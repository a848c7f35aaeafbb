package conformance

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"huskyidp/internal/outbound"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

var loadTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.Load(templates.Options{}) })

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// bench is the service behind a real listener and over a real database, with a clock of its own.
type bench struct {
	*Service
	t            *testing.T
	organisation uuid.UUID
	now          time.Time
}

func newBench(t *testing.T, allow ...string) *bench {
	t.Helper()
	db, ring, set := postgrestest.NewPool(t, 4), seal.Ephemeral(), must[*templates.Set](t)(loadTemplates())
	server := httptest.NewUnstartedServer(nil)
	b := &bench{t: t, organisation: uuid.New(), now: time.Now()}
	now := func() time.Time { return b.now }
	address := "http://" + server.Listener.Addr().String()
	b.Service = must[*Service](t)(New(Deps{DB: db, Keyring: ring, Limiter: ratelimit.New(db, ring), Poster: outbound.New(outbound.Options{Allow: allow}), Base: address, Now: now}))
	w := must[*web.Web](t)(web.New(web.Options{Templates: set, Keyring: ring, Issuer: address, Language: "en", Strict: true, Logger: slog.New(slog.NewTextHandler(failures{t}, &slog.HandlerOptions{Level: slog.LevelError})), Now: now, ErrorPage: "partners/error"}))
	engine := w.Engine()
	NewHandler(b.Service, w).Mount(engine)
	server.Config.Handler = engine
	server.Start()
	t.Cleanup(server.Close)
	if _, err := db.From(t.Context()).Exec(t.Context(), `insert into partner_organisations (id, name, created_at) values ($1, 'Diary', now())`, b.organisation); err != nil {
		t.Fatal(err)
	}
	return b
}

// failures are logged errors, which no test expects.
type failures struct{ t *testing.T }

func (f failures) Write(line []byte) (int, error) {
	f.t.Errorf("%s", line)
	return len(line), nil
}

func (b *bench) start(o Settings) Run {
	b.t.Helper()
	o.Name = "Diary"
	if o.RedirectURIs == nil {
		o.RedirectURIs = []string{"http://127.0.0.1/callback"}
	}
	if o.Auth == "" {
		o.Auth = "client_secret_basic"
	}
	return must[Run](b.t)(b.Start(b.t.Context(), b.organisation, o))
}

func (b *bench) read(id string) Run {
	b.t.Helper()
	return must[Run](b.t)(b.Run(b.t.Context(), b.organisation, id))
}

// faults are what a wrong app does wrong.
type faults struct {
	noState, sameNonce, noPKCE, wrongSecret                                    bool
	ignoresISS, ignoresState, ignoresNonce, ignoresError, sendsCodeAgain       bool
	ignoresSignature, ignoresAudience, ignoresExpiry, ignoresIssuer, keepsKeys bool
	ignoresMissingToken, usesOldRefresh, neverUsesTokens                       bool
}

// app is a relying party on coreos/go-oidc.
type app struct {
	b *bench
	faults
	config   oauth2.Config
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	issuer   string
}

func (b *bench) app(r Run, f faults) *app {
	b.t.Helper()
	a := &app{b: b, faults: f, issuer: b.Issuer(r)}
	a.provider = must[*oidc.Provider](b.t)(oidc.NewProvider(b.t.Context(), a.issuer))
	a.config = oauth2.Config{ClientID: r.ID, ClientSecret: r.Secret, Endpoint: a.provider.Endpoint(), RedirectURL: "http://127.0.0.1:41999/callback", Scopes: []string{"openid", "profile"}}
	a.config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if r.Secret == "" {
		a.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	if f.wrongSecret {
		a.config.ClientSecret = "wrong"
	}
	rules := &oidc.Config{ClientID: r.ID, SkipClientIDCheck: f.ignoresAudience, SkipExpiryCheck: f.ignoresExpiry, SkipIssuerCheck: f.ignoresIssuer, Now: func() time.Time { return b.now }}
	a.verifier = a.provider.Verifier(rules)
	if f.keepsKeys {
		keys := must[keySet](b.t)(fetchKeys(a.issuer + "/jwks"))
		a.verifier = oidc.NewVerifier(a.issuer, keys, rules)
	}
	return a
}

// keySet is a JWK Set that is read once.
type keySet struct{ *oidc.StaticKeySet }

func fetchKeys(address string) (keySet, error) {
	answer, err := http.Get(address)
	if err != nil {
		return keySet{}, err
	}
	defer answer.Body.Close()
	var set jwks
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		return keySet{}, err
	}
	return keySet{&oidc.StaticKeySet{PublicKeys: set.public()}}, nil
}

var errNotSignedIn = errors.New("not signed in")

// signIn is one sign-in, from the app's button on.
func (a *app) signIn(ctx context.Context) error {
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	if a.sameNonce {
		nonce = "nonce"
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(nonce)}
	if !a.noPKCE {
		options = append(options, oauth2.S256ChallengeOption(verifier))
	}
	if a.noState {
		state = ""
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(a.config.AuthCodeURL(state, options...))
	if err != nil {
		return err
	}
	answer.Body.Close()
	to, err := answer.Location()
	if err != nil {
		return fmt.Errorf("the sign-in page answers %d: %w", answer.StatusCode, err)
	}
	return a.callback(ctx, to.Query(), state, nonce, verifier)
}

func (a *app) callback(ctx context.Context, q url.Values, state, nonce, verifier string) error {
	switch {
	case q.Get("state") != state && !a.ignoresState, q.Get("iss") != a.issuer && !a.ignoresISS, q.Get("error") != "" && !a.ignoresError:
		return errNotSignedIn
	}
	var options []oauth2.AuthCodeOption
	if !a.noPKCE {
		options = append(options, oauth2.VerifierOption(verifier))
	}
	tokens, err := a.config.Exchange(ctx, q.Get("code"), options...)
	if err != nil && a.sendsCodeAgain {
		tokens, err = a.config.Exchange(ctx, q.Get("code"), options...)
	}
	if err != nil {
		return errNotSignedIn
	}
	raw, _ := tokens.Extra("id_token").(string)
	if err := a.judge(ctx, raw, nonce); err != nil {
		return err
	}
	if a.neverUsesTokens {
		return nil
	}
	if _, err := a.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens)); err != nil {
		return err
	}
	if time.Until(tokens.Expiry) < time.Minute { // it ends soon: twice
		return a.refresh(ctx, tokens.RefreshToken)
	}
	return nil
}

func (a *app) refresh(ctx context.Context, token string) error {
	for range 2 {
		next, err := a.config.TokenSource(ctx, &oauth2.Token{RefreshToken: token}).Token()
		if err != nil {
			return errNotSignedIn
		}
		if !a.usesOldRefresh {
			token = next.RefreshToken
		}
		a.b.now = a.b.now.Add(15 * time.Second)
	}
	return nil
}

func (a *app) judge(ctx context.Context, raw, nonce string) error {
	if raw == "" && a.ignoresMissingToken {
		return nil
	}
	if a.ignoresSignature {
		parts := strings.Split(raw, ".")
		var claims struct {
			Issuer   string `json:"iss"`
			Audience string `json:"aud"`
			Nonce    string `json:"nonce"`
			Expiry   int64  `json:"exp"`
		}
		if len(parts) != 3 {
			return errNotSignedIn
		}
		body, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil {
			err = json.Unmarshal(body, &claims)
		}
		if err != nil || claims.Issuer != a.issuer || claims.Audience != a.config.ClientID || claims.Nonce != nonce || claims.Expiry < a.b.now.Unix() {
			return errNotSignedIn
		}
		return nil
	}
	token, err := a.verifier.Verify(ctx, raw)
	if err != nil || token.Nonce != nonce && !a.ignoresNonce {
		return errNotSignedIn
	}
	return nil
}

// goThrough signs in until every check was met, and ends with the last.
func (a *app) goThrough(id string) Run {
	a.b.t.Helper()
	for range 40 {
		if a.b.read(id).Next == "" {
			break
		}
		_ = a.signIn(a.b.t.Context()) // what it makes of a wrong answer is what is judged
	}
	if err := a.b.Finish(a.b.t.Context(), a.b.organisation, id); err != nil {
		a.b.t.Fatal(err)
	}
	return a.b.read(id)
}
