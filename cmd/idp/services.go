package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/jobs"
	"huskyidp/internal/mail"
	"huskyidp/internal/outbound"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/keys"
	"huskyidp/members"
	"huskyidp/partners"
	"huskyidp/partners/conformance"
	"huskyidp/provider"
	"huskyidp/recovery"
	"huskyidp/registration"
)

// services are the use cases of all packages, in the order in which they are built: each needs only those above it.
type services struct {
	keyring *seal.Keyring
	audit   *audit.Log
	limiter *ratelimit.Limiter
	outbox  *mail.Outbox
	calls   *outbound.Client
	legal   *registration.Legal

	keys     *keys.Service
	members  *members.Roster
	accounts *accounts.Service
	clients  *provider.Clients

	provider     *provider.Service
	recovery     *recovery.Service
	registration *registration.Service
	partners     *partners.Service
	checks       *conformance.Service
}

func (a *app) newServices(ctx context.Context, s settings, keyring *seal.Keyring) (*services, error) {
	sv := &services{keyring: keyring}
	for _, build := range []func(context.Context, settings, *services) error{a.foundations, a.people, a.features} {
		if err := build(ctx, s, sv); err != nil {
			return nil, err
		}
	}
	return sv, nil
}

// foundations are independent of members.
func (a *app) foundations(ctx context.Context, s settings, sv *services) (err error) {
	sv.audit = audit.New(a.db).AlertTo(a.logger, newAlertCounter(a.meters.registry)).CountTo(a.meters.events.count)
	a.commitsLost <- tellLost(sv.audit, a.logger)
	sv.keyring.OnBroken(tellBroken(sv.audit, a.logger))
	sv.limiter = ratelimit.New(a.db, sv.keyring)
	if sv.outbox, err = mail.NewOutbox(a.db, sv.keyring, time.Now); err != nil {
		return err
	}
	s.outbound.Observe = a.meters.called
	sv.calls = outbound.New(s.outbound)
	if sv.legal, err = loadLegal(s.agreementDir, a.templates.Languages()); err != nil {
		return err
	}
	if sv.keys, err = keys.New(keys.Deps{DB: a.db, Keyring: sv.keyring, Audit: sv.audit, Now: time.Now, RSABits: s.rsaBits}); err != nil {
		return err
	}
	if err := sv.keys.Ensure(ctx); err != nil {
		return err
	}
	a.meters.watch(a, sv.keys)
	return nil
}

// people are the roster, the accounts, and the apps that they use.
func (a *app) people(ctx context.Context, s settings, sv *services) (err error) {
	sv.members, err = members.New(members.Deps{DB: a.db, Keyring: sv.keyring, Audit: sv.audit, Now: time.Now, NumberFormat: s.numbers})
	if err != nil {
		return err
	}
	sv.accounts, err = accounts.New(accounts.Deps{
		DB: a.db, Keyring: sv.keyring, Audit: sv.audit, Outbox: sv.outbox, Mails: a.templates, Now: time.Now, Issuer: s.issuer,
		Waited:     a.meters.waited,
		Unfinished: []func(*pgx.Batch, []byte){registration.QueueEndBrowser, recovery.QueueEndBrowser},
		Superseded: recovery.QueueEndAccount, KeptOpen: recovery.QueueKeptOpen, Remember: s.rememberDevice,
	})
	if err != nil {
		return err
	}
	a.meters.hashQueue(sv.accounts)
	if err := sv.accounts.RefreshSchemes(ctx); err != nil {
		return err
	}
	sv.clients, err = provider.NewClients(ctx, provider.ClientsDeps{
		DB: a.db, Keyring: sv.keyring, Audit: sv.audit, Now: time.Now, Keys: sv.keys, Fetcher: sv.calls, Rules: s.clientRules,
	})
	return err
}

// features are the use cases of members and apps.
func (a *app) features(_ context.Context, s settings, sv *services) (err error) {
	s.proofs.ClientKeys = outbound.NewKeys(sv.calls, outbound.KeysOptions{})
	sv.provider, err = provider.New(provider.Deps{
		DB: a.db, Keyring: sv.keyring, Limiter: sv.limiter, Audit: sv.audit, Now: time.Now,
		Keys: sv.keys, Clients: sv.clients, Accounts: sv.accounts, Members: sv.members, ProofDeps: s.proofs,
		Issuer: s.issuer, SupportEmail: cmp.Or(s.templates.SupportEmail, "WebSupport@CHNCT.org"), TryURL: s.tryURL, TryHealthURL: s.tryHealthURL,
		Locales: a.templates.Languages(), TimeZone: a.templates.TimeZone(), Agreement: agreementOf(sv.legal), Questions: !s.noQuestions, ScopeACR: s.scopeACR,
		InitialAccessToken: s.registrationToken, RegistrationTries: s.registrationTries, ClientRate: s.clientRate, Answered: a.meters.issued,
	})
	if err != nil {
		return err
	}
	sv.recovery, err = recovery.New(recovery.Deps{
		DB: a.db, Keyring: sv.keyring, Limiter: sv.limiter, Audit: sv.audit, Now: time.Now,
		Accounts: sv.accounts, Roster: sv.members, Issuer: s.issuer, NoQuestions: s.noQuestions, CloseHold: s.closeHold, Apps: sv.provider,
	})
	if err != nil {
		return err
	}
	sv.registration, err = registration.New(registration.Deps{
		DB: a.db, Keyring: sv.keyring, Limiter: sv.limiter, Audit: sv.audit, Outbox: sv.outbox, Mails: a.templates, Now: time.Now,
		Roster: sv.members, Accounts: sv.accounts, Recovery: sv.recovery, Flows: sv.provider, Resume: provider.ResumePath, Legal: sv.legal,
		Issuer: s.issuer, IdentityLock: s.identityLock, NoQuestions: s.noQuestions,
	})
	if err != nil {
		return err
	}
	return a.newPartners(s, sv)
}

// newRunner runs the job queues of all packages.
func (a *app) newRunner(s settings, sv *services) (*jobs.Runner, error) {
	sender, err := a.sender(s, sv)
	if err != nil {
		return nil, err
	}
	mails, err := mail.Work(mail.Deps{DB: a.jobs, Keyring: sv.keyring, Sender: sender, Logger: a.logger, Now: time.Now, Tried: a.meters.mailTried})
	if err != nil {
		return nil, err
	}
	return jobs.New(a.jobs, a.loopLogger, mails, provider.LogoutWork(sv.provider, sv.calls, a.logger), provider.SignalWork(sv.provider, sv.calls, a.logger), recovery.Work(sv.recovery))
}

// sender is the mail server, or what keeps the mails of a sandbox.
func (a *app) sender(s settings, sv *services) (mail.Sender, error) {
	if s.sandbox {
		return a.keeper(sv), nil
	}
	s.smtp.FromName = func(lang string) string { return a.templates.Text(lang, "web.layout.brand", nil) }
	return mail.NewSMTP(s.smtp)
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
