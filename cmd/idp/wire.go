package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/admin"
	"huskyidp/internal/epoch"
	"huskyidp/internal/jobs"
	"huskyidp/internal/outage"
	"huskyidp/internal/postgres"
	"huskyidp/internal/telemetry"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/partners"
	"huskyidp/provider"
	"huskyidp/recovery"
	"huskyidp/registration"
	"huskyidp/selfservice"
	"huskyidp/templates"
)

// app is the program, wired but not yet serving.
type app struct {
	issuer     string
	logger     *slog.Logger
	loopLogger *slog.Logger // for what is retried
	db         *postgres.DB // requests
	jobs       *postgres.DB // job queues and periodic work
	health     *postgres.DB // readiness alone, so that it answers while the others are busy
	guard      *epoch.Guard // of all three
	templates  *templates.Set
	web        *web.Web
	clients    *provider.Clients
	roster     *members.Roster
	runner     *jobs.Runner // of every job queue
	engine     *gin.Engine
	handler    http.Handler // engine, and what the demo adds
	desk       http.Handler // of the support desk; nil if there is none
	deskWeb    *web.Web
	deskOn     net.Listener
	partners   http.Handler // the partner area; nil if there is none

	partnersWeb *web.Web
	partnersOn  net.Listener
	partnerArea *partners.Service

	staff     *admin.People // of the desk; nil if there is none
	meters    *meters
	telemetry *telemetry.Telemetry
	loops     []func(context.Context)     // until their context ends
	sealLast  func(context.Context) error // after them: seals the record to its end

	commitsLost chan func(time.Duration)   // gets the function once it can be called, see open
	stalled     func(context.Context) bool // the database answers, but does not commit
	ready       atomic.Bool
	now         func() time.Time
	clockWarned atomic.Pointer[time.Time] // when the log last said that the clock is wrong
}

// build makes everything that serve needs. After an error nothing stays open.
func build(ctx context.Context, s settings, logger *slog.Logger) (*app, error) {
	a := &app{issuer: s.issuer, logger: logger, loopLogger: slog.New(outage.NewHandler(logger.Handler())), telemetry: &telemetry.Telemetry{}, now: time.Now, commitsLost: make(chan func(time.Duration), 1)}
	if err := a.assemble(ctx, s); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *app) assemble(ctx context.Context, s settings) error {
	if err := a.open(ctx, s); err != nil {
		return err
	}
	if err := claimDatabase(ctx, a.db, s.sandbox); err != nil {
		return err
	}
	ring, err := loadKeyring(ctx, a.db, s.keks)
	if err != nil {
		return err
	}
	if a.templates, err = loadTemplates(s); err != nil {
		return err
	}
	a.meters = newMetrics(a)
	if err := a.telemetry.Metrics(ctx, a.meters.registry); err != nil {
		return err
	}
	a.web, err = web.New(web.Options{Templates: a.templates, Keyring: ring, Issuer: s.issuer, Language: s.language, TrustedProxies: s.proxies, Kiosks: s.kiosks,
		Hosts: mtlsHosts(s.proofs.MTLSAddress), Logger: a.logger, Now: time.Now, Limits: s.limits, Tracer: a.telemetry.Tracer(), Observe: a.meters.request, Refused: a.meters.refusal, Sandbox: s.sandbox})
	if err != nil {
		return err
	}
	sv, err := a.newServices(ctx, s, ring)
	if err != nil {
		return err
	}
	a.roster, a.clients, a.partnerArea = sv.members, sv.clients, sv.partners
	if a.runner, err = a.newRunner(s, sv); err != nil {
		return err
	}
	a.background(s, sv)
	if err := a.mount(s, sv); err != nil {
		return err
	}
	if s.sandbox {
		if err := a.openSandbox(ctx, sv); err != nil {
			return err
		}
	}
	if s.partnerAddress != "" {
		if err := a.openPartners(s, sv); err != nil {
			return err
		}
	}
	if s.deskAddress == "" {
		return nil
	}
	return a.openDesk(ctx, s, sv)
}

// loadTemplates also checks that there are pages in the configured language.
func loadTemplates(s settings) (*templates.Set, error) {
	set, err := loadSet(s.templates)
	if err != nil {
		return nil, fmt.Errorf("IDP_LANGUAGES: %w", err)
	}
	if languages := set.Languages(); s.language != "" && !slices.Contains(languages, s.language) {
		return nil, fmt.Errorf("IDP_LANGUAGE: %q is none of %s", s.language, strings.Join(languages, ", "))
	}
	return set, nil
}

// mtlsHosts returns the host of the mTLS endpoints, if any, which requests may also name.
func mtlsHosts(address string) []string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return []string{u.Host}
	}
	return nil
}

func (a *app) open(ctx context.Context, s settings) (err error) {
	if a.telemetry, err = telemetry.Start(ctx, versionNumber(), a.logger); err != nil {
		return err
	}
	a.guard = epoch.NewGuard(a.loopLogger, func(lost time.Duration) { // perhaps by the first connection, before there is an audit to tell
		select {
		case tell := <-a.commitsLost:
			a.commitsLost <- tell
			tell(lost)
		case <-ctx.Done():
		}
	})
	if s.stateDir != "" {
		if err := a.guard.Remember(filepath.Join(s.stateDir, epochFile)); err != nil {
			return fmt.Errorf("IDP_STATE_DIR: %w", fileError(s.stateDir, err))
		}
	}
	requests := s.pool(s.conns, a.guard.Check)
	requests.Tracer = a.telemetry.QueryTracer()
	if a.db, err = openDatabase(ctx, requests); err != nil {
		return err
	}
	if a.jobs, err = postgres.Open(ctx, s.pool(8, a.guard.Check)); err != nil {
		return err
	}
	if a.health, err = postgres.Open(ctx, s.pool(1, a.guard.Check)); err != nil {
		return err
	}
	a.stalled = func(ctx context.Context) bool { // tried again: after a failover the other beat may still wait for the dead server
		return a.guard.Stalled() && a.guard.Beat(ctx, a.health) != nil
	}
	return nil
}

func (a *app) close() {
	if err := a.telemetry.Stop(context.Background()); err != nil {
		a.logger.Warn("telemetry", "error", err.Error())
	}
	for _, pool := range []*postgres.DB{a.db, a.jobs, a.health} {
		if pool != nil {
			pool.Close()
		}
	}
}

// mount adds the members' handlers and their routes.
func (a *app) mount(s settings, sv *services) error {
	section := selfservice.Deps{
		Service: sv.accounts, Web: a.web, Keyring: sv.keyring, Now: time.Now, Roster: sv.members, Apps: sv.provider, Changes: ownChanges{sv.recovery},
		Closings: ownChanges{sv.recovery}, Resume: provider.ResumePath, NoQuestions: s.noQuestions,
	}
	if s.emailSelfService != emailBySupport {
		section.Emails, section.EmailNeedsFactor = ownChanges{sv.recovery}, s.emailSelfService != emailByAll
	}
	pages, err := selfservice.NewHandler(section)
	if err != nil {
		return err
	}
	endpoints, err := provider.NewHandler(sv.provider, a.web, pages)
	if err != nil {
		return err
	}
	steps, err := registration.NewHandler(sv.registration, a.web, pages, 9)
	if err != nil {
		return err
	}
	help, err := recovery.NewHandler(sv.recovery, a.web, sv.provider, pages, 9)
	if err != nil {
		return err
	}
	a.engine = a.web.Engine()
	a.handler = a.engine
	a.engine.GET("/static/*file", gin.WrapH(a.templates.Static()))
	a.web.MountWellKnown(a.engine, web.WellKnown{SecurityContact: s.securityContact, ChangePassword: "/account/password"})
	endpoints.Mount(a.engine)
	pages.Mount(a.engine)
	steps.Mount(a.engine)
	help.Mount(a.engine)
	return nil
}
