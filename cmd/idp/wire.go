package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/admin"
	"huskyidp/internal/audit"
	"huskyidp/internal/epoch"
	"huskyidp/internal/jobs"
	"huskyidp/internal/mail"
	"huskyidp/internal/outbound"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/telemetry"
	"huskyidp/internal/web"
	"huskyidp/keys"
	"huskyidp/members"
	"huskyidp/provider"
	"huskyidp/recovery"
	"huskyidp/registration"
	"huskyidp/templates"
)

// app is the program, wired but not yet serving.
type app struct {
	issuer    string
	logger    *slog.Logger
	db        *postgres.DB // requests
	jobs      *postgres.DB // job queues and periodic work
	health    *postgres.DB // readiness alone, so that it speaks when the others are busy
	guard     *epoch.Guard // of all three
	templates *templates.Set
	web       *web.Web
	clients   *provider.Clients
	roster    *members.Roster
	runner    *jobs.Runner // of every job queue
	engine    *gin.Engine
	handler   http.Handler // engine, and what the demo puts beside it
	desk      http.Handler // of the support desk; nil without one
	deskWeb   *web.Web
	deskOn    net.Listener
	staff     *admin.People // of the desk; nil without one
	meters    *meters
	telemetry *telemetry.Telemetry
	loops     []func(context.Context)     // until their context ends
	sealLast  func(context.Context) error // after them: seals the record to its end

	commitsLost func(time.Duration)
	ready       atomic.Bool
	now         func() time.Time
	clockTold   atomic.Pointer[time.Time] // when the log last said that the clock is wrong
}

// build makes everything that serve needs. On error nothing stays open.
func build(ctx context.Context, s settings, logger *slog.Logger) (*app, error) {
	a := &app{issuer: s.issuer, logger: logger, telemetry: &telemetry.Telemetry{}, now: time.Now}
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
	a.web, err = web.New(web.Options{Templates: a.templates, Keyring: ring, Issuer: s.issuer, Language: s.language, TrustedProxies: s.proxies,
		Hosts: mtlsHosts(s.proofs.MTLSAddress), Logger: a.logger, Now: time.Now, Limits: s.limits, Tracer: a.telemetry.Tracer(), Observe: a.meters.request, Refused: a.meters.refusal})
	if err != nil {
		return err
	}
	return a.features(ctx, s, ring)
}

// loadTemplates also sees to it that the pages are there in the language of the settings.
func loadTemplates(s settings) (*templates.Set, error) {
	set, err := templates.Load(s.templates)
	if err != nil {
		return nil, err
	}
	if languages := set.Languages(); s.language != "" && !slices.Contains(languages, s.language) {
		return nil, fmt.Errorf("IDP_LANGUAGE: %q is none of %s", s.language, strings.Join(languages, ", "))
	}
	return set, nil
}

// mtlsHosts is the second host that may be asked for, if there is one.
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
	a.guard = epoch.NewGuard(a.logger, func(lost time.Duration) { a.commitsLost(lost) })
	if s.stateDir != "" {
		if err := a.guard.Remember(filepath.Join(s.stateDir, epochFile)); err != nil {
			return fmt.Errorf("IDP_STATE_DIR: %w", err)
		}
	}
	requests := s.pool(s.conns, a.guard.Check)
	requests.Tracer = a.telemetry.QueryTracer()
	if a.db, err = openDatabase(ctx, requests); err != nil {
		return err
	}
	for pool, conns := range map[**postgres.DB]int32{&a.jobs: 8, &a.health: 1} {
		if *pool, err = postgres.Open(ctx, s.pool(conns, a.guard.Check)); err != nil {
			return err
		}
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

// features builds the packages bottom up and mounts their routes.
func (a *app) features(ctx context.Context, s settings, ring *seal.Keyring) error {
	log := audit.New(a.db).AlertTo(a.logger, newAlertCounter(a.meters.registry)).CountTo(a.meters.events.count)
	a.commitsLost = tellLost(log, a.logger)
	ring.OnBroken(tellBroken(log, a.logger))
	limiter := ratelimit.New(a.db, ring)
	outbox, err := mail.NewOutbox(a.db, ring, time.Now)
	if err != nil {
		return err
	}
	mails, err := a.mailWork(s, ring)
	if err != nil {
		return err
	}
	signing, err := keys.New(keys.Deps{DB: a.db, Keyring: ring, Audit: log, Now: time.Now})
	if err != nil {
		return err
	}
	if err := signing.Ensure(ctx); err != nil {
		return err
	}
	a.meters.watch(a, signing)
	if a.roster, err = members.New(members.Deps{DB: a.db, Keyring: ring, Audit: log, Now: time.Now, NumberFormat: s.numbers}); err != nil {
		return err
	}
	people, err := accounts.New(accounts.Deps{DB: a.db, Keyring: ring, Audit: log, Outbox: outbox, Mails: a.templates, Now: time.Now, Issuer: s.issuer, Waited: a.meters.waited,
		Unfinished: []func(*pgx.Batch, []byte){registration.QueueEndBrowser, recovery.QueueEndBrowser}})
	if err != nil {
		return err
	}
	a.meters.hashQueue(people)
	if err := people.RefreshSchemes(ctx); err != nil {
		return err
	}
	s.outbound.Observe = a.meters.called
	calls := outbound.New(s.outbound)
	if a.clients, err = provider.NewClients(ctx, provider.ClientsDeps{DB: a.db, Keyring: ring, Audit: log, Now: time.Now, Keys: signing, Fetcher: calls, Rules: s.clientRules}); err != nil {
		return err
	}
	legal, err := loadLegal(s.agreementDir, a.templates.Languages())
	if err != nil {
		return err
	}
	s.proofs.ClientKeys = outbound.NewKeys(calls, outbound.KeysOptions{})
	idp, err := provider.New(provider.Deps{ProofDeps: s.proofs,
		Issuer: s.issuer, SupportEmail: cmp.Or(s.templates.SupportEmail, "WebSupport@CHNCT.org"), Locales: a.templates.Languages(), TimeZone: a.templates.TimeZone(), Agreement: agreementOf(legal), InitialAccessToken: s.registrationToken, RegistrationTries: s.registrationTries, ClientRate: s.clientRate, TryURL: s.tryURL,
		DB: a.db, Keyring: ring, Keys: signing, Clients: a.clients, Accounts: people, Members: a.roster, Limiter: limiter, Audit: log, Now: time.Now, ScopeACR: s.scopeACR, Answered: a.meters.issued})
	if err != nil {
		return err
	}
	desk, err := recovery.New(recovery.Deps{DB: a.db, Keyring: ring, Limiter: limiter, Audit: log, Accounts: people, Roster: a.roster, Now: time.Now, Issuer: s.issuer, NoQuestions: s.noQuestions})
	if err != nil {
		return err
	}
	section := accounts.HandlerDeps{Service: people, Web: a.web, Cards: cards{a.roster}, Apps: idp, Changes: heldChanges{desk}, Resume: provider.ResumePath, NoQuestions: s.noQuestions}
	if s.emailSelfService {
		section.Emails = emails{desk}
	}
	signIn, err := accounts.NewHandler(section)
	if err != nil {
		return err
	}
	if a.runner, err = jobs.New(a.jobs, a.logger, mails, provider.LogoutWork(idp, calls, a.logger), recovery.Work(desk)); err != nil {
		return err
	}
	enrol, err := registration.New(registration.Deps{DB: a.db, Keyring: ring, Limiter: limiter, Audit: log, Outbox: outbox, Mails: a.templates,
		Roster: a.roster, Accounts: people, Desk: desk, Flows: flows{idp}, Legal: legal, Now: time.Now, Issuer: s.issuer, IdentityLock: s.identityLock, NoQuestions: s.noQuestions})
	if err != nil {
		return err
	}
	chain := audit.NewChain(a.db, ring, time.Now)
	sealAudit, sealLast := a.sealAudit(chain, log)
	a.sealLast = sealLast
	a.loops = append(a.loops,
		func(ctx context.Context) { signing.Run(ctx, a.logger) },
		func(ctx context.Context) { a.clients.Watch(ctx, a.logger) },
		a.every(time.Minute, "notices", people.SendNotices),
		a.every(time.Minute, "held changes", desk.ApplyDue),
		a.every(time.Minute, "imported hashes", people.RefreshSchemes),
		a.every(time.Minute, "data keys", ring.Refresh),
		a.every(time.Minute, "mails without a job", outbox.Requeue),
		a.every(5*time.Second, "audit", sealAudit),
		a.every(time.Minute, "alerts", watch(a.db, log)),
		a.every(10*time.Minute, "sweep", func(ctx context.Context) error {
			now := time.Now()
			return errors.Join(people.Sweep(ctx), idp.Sweep(ctx), second(enrol.Sweep(ctx)), second(desk.Sweep(ctx)),
				second(outbox.Sweep(ctx, now)), second(limiter.Sweep(ctx, now)), second(signing.Sweep(ctx)), pruneAudit(ctx, chain, s.auditRetention))
		}))
	if err := a.mount(idp, signIn, enrol, desk, s); err != nil || s.deskAddress == "" {
		return err
	}
	return a.openDesk(ctx, s, deskParts{keyring: ring, audit: log, limiter: limiter, outbox: outbox, people: people, enrol: enrol, recovery: desk, idp: idp})
}

func (a *app) mount(idp *provider.Service, signIn *accounts.Handler, enrol *registration.Service, desk *recovery.Service, s settings) error {
	endpoints, err := provider.NewHandler(idp, a.web, signIn)
	if err != nil {
		return err
	}
	steps, err := registration.NewHandler(enrol, a.web, signIn, 9)
	if err != nil {
		return err
	}
	help, err := recovery.NewHandler(desk, a.web, apps{idp}, 9)
	if err != nil {
		return err
	}
	a.engine = a.web.Engine()
	a.handler = a.engine
	a.engine.GET("/static/*file", gin.WrapH(a.templates.Static()))
	a.web.MountWellKnown(a.engine, web.WellKnown{SecurityContact: s.securityContact, ChangePassword: "/account/password"})
	endpoints.Mount(a.engine)
	signIn.Mount(a.engine)
	steps.Mount(a.engine)
	help.Mount(a.engine)
	return nil
}

func (a *app) mailWork(s settings, ring *seal.Keyring) (jobs.Work, error) {
	s.smtp.FromName = func(lang string) string { return a.templates.Text(lang, "web.layout.brand", nil) }
	sender, err := mail.NewSMTP(s.smtp)
	if err != nil {
		return jobs.Work{}, err
	}
	return mail.Work(mail.Deps{DB: a.jobs, Keyring: ring, Sender: sender, Logger: a.logger, Now: time.Now, Tried: a.meters.mailTried})
}

// loadLegal reads the operator's texts, or the sample.
func loadLegal(dir string, languages []string) (*registration.Legal, error) {
	if dir == "" {
		return registration.LoadLegal(registration.SampleLegal(), languages)
	}
	legal, err := registration.LoadLegal(os.DirFS(dir), languages)
	if err == nil {
		err = legal.InForce(time.Now())
	}
	if err != nil {
		return nil, fmt.Errorf("IDP_AGREEMENT_DIR: %s: %w", dir, err)
	}
	return legal, nil
}

// every runs work again and again, each instance at its own moment.
func (a *app) every(pause time.Duration, name string, work func(context.Context) error) func(context.Context) {
	return func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause/2 + rand.N(pause)):
			}
			if err := work(ctx); err != nil && ctx.Err() == nil {
				a.logger.Error("periodic work failed", "work", name, "error", err.Error())
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }
