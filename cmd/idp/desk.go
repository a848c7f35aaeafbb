package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/admin"
	"huskyidp/internal/web"
	"huskyidp/provider"
)

// openDesk builds the support desk: API and console on a listener of their own.
func (a *app) openDesk(ctx context.Context, s settings, sv *services) error {
	zone, err := time.LoadLocation(a.templates.TimeZone())
	if err != nil {
		return err
	}
	desk, err := admin.New(admin.Deps{
		DB: a.db, Keyring: sv.keyring, Limiter: sv.limiter, Audit: sv.audit, Outbox: sv.outbox, Base: s.deskAddress, TimeZone: zone, Now: time.Now,
		Accounts: sv.accounts, Roster: sv.members, Registration: sv.registration, Recovery: sv.recovery, Clients: sv.clients, Partners: sv.partners,
	})
	if err != nil {
		return err
	}
	a.deskWeb, err = web.New(web.Options{
		Templates: a.templates, Keyring: sv.keyring, Issuer: s.deskAddress, Language: s.language, TrustedProxies: s.proxies, Limits: s.limits,
		Logger: a.logger, Now: time.Now, Tracer: a.telemetry.Tracer(), Observe: a.meters.request, Refused: a.meters.refusal,
		Sandbox: s.sandbox, Strict: true, Problems: admin.APIPath + "/", ErrorPage: "admin/error",
	})
	if err != nil {
		return err
	}
	api, err := admin.NewAPI(desk, a.deskWeb, sv.provider, s.deskAddress)
	if err != nil {
		return err
	}
	within := &http.Client{Transport: inside{func() http.Handler { return a.handler }}, Timeout: 5 * time.Second}
	console, err := admin.NewConsole(desk, a.deskWeb, admin.PartyOptions{Issuer: s.issuer, Base: s.deskAddress, Client: within, Now: time.Now})
	if err != nil {
		return err
	}
	if err := a.registerConsole(ctx, s.deskAddress); err != nil {
		return err
	}
	engine := a.deskWeb.Engine()
	engine.GET("/static/*file", gin.WrapH(a.templates.Static()))
	a.deskWeb.MountWellKnown(engine, web.WellKnown{})
	api.Mount(engine)
	console.Mount(engine)
	a.desk, a.staff = engine, desk.People
	a.loops = append(a.loops, a.every(10*time.Minute, "desk sweep", desk.Sweep))
	return nil
}

// registerConsole makes the console a client of the provider, or updates its addresses.
func (a *app) registerConsole(ctx context.Context, base string) error {
	m := admin.ConsoleClient(base)
	_, _, err := a.clients.Create(ctx, admin.ConsoleClientID, m)
	if !errors.Is(err, provider.ErrClientExists) {
		return err
	}
	if known, err := a.clients.Get(admin.ConsoleClientID); err == nil && slices.Equal(known.Metadata.RedirectURIs, m.RedirectURIs) && known.Metadata.LanguageMetadata == m.LanguageMetadata {
		return nil
	}
	_, err = a.clients.Update(ctx, admin.ConsoleClientID, m)
	return err
}

// inside passes the console's calls to the provider without a network: both are in this program, which may not be able
// to reach its own public name.
type inside struct{ handler func() http.Handler }

func (t inside) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.Clone(r.Context())
	asked.RequestURI, asked.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:0"
	if asked.Host == "" {
		asked.Host = r.URL.Host
	}
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	answer := &answer{header: http.Header{}}
	t.handler().ServeHTTP(answer, asked)
	return &http.Response{
		Status: http.StatusText(answer.code()), StatusCode: answer.code(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.header, Body: io.NopCloser(&answer.body), ContentLength: int64(answer.body.Len()), Request: r,
	}, nil
}

// answer collects what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}
