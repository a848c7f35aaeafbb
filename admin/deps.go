package admin

import (
	"context"
	"errors"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/members"
	"huskyidp/partners"
	"huskyidp/provider"
	"huskyidp/recovery"
	"huskyidp/registration"
)

// Deps are the dependencies of a Service. All are required.
type Deps struct {
	DB           *postgres.DB
	Keyring      *seal.Keyring
	Limiter      *ratelimit.Limiter
	Audit        *audit.Log
	Accounts     *accounts.Service
	Roster       *members.Roster
	Registration *registration.Service
	Recovery     *recovery.Service
	Outbox       *mail.Outbox
	Clients      *provider.Clients
	Partners     *partners.Service
	Base         string         // the address of the console, for links in mails
	TimeZone     *time.Location // of the days of figures
	Now          func() time.Time
}

// Service makes the decisions; API and Console speak HTTP.
type Service struct {
	*People
	store        *store
	db           *postgres.DB
	keyring      *seal.Keyring
	limiter      *ratelimit.Limiter
	audit        *audit.Log
	accounts     *accounts.Service
	roster       *members.Roster
	registration *registration.Service
	recovery     *recovery.Service
	outbox       *mail.Outbox
	clients      *provider.Clients
	partners     *partners.Service
	base         string
	zone         *time.Location
	now          func() time.Time
}

// New checks the dependencies.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Keyring == nil || d.Limiter == nil || d.Audit == nil || d.Accounts == nil || d.Roster == nil || d.Registration == nil ||
		d.Recovery == nil || d.Outbox == nil || d.Clients == nil || d.Partners == nil || d.Base == "" || d.TimeZone == nil || d.Now == nil {
		return nil, errors.New("admin: a dependency is missing")
	}
	people, err := NewPeople(PeopleDeps{d.DB, d.Audit, d.Accounts, d.Now})
	if err != nil {
		return nil, err
	}
	return &Service{
		People: people, store: &store{d.DB, d.Keyring}, db: d.DB, keyring: d.Keyring, limiter: d.Limiter, audit: d.Audit, accounts: d.Accounts, roster: d.Roster,
		registration: d.Registration, recovery: d.Recovery, outbox: d.Outbox, clients: d.Clients, partners: d.Partners, base: d.Base, zone: d.TimeZone, now: d.Now,
	}, nil
}

// Sweep deletes replies kept for repeats after a day, unfinished sign-ins to the console after an hour, console
// sessions and requests 30 days after their end, notes and who helped with what after 60 days, the book and verifications after six years (S-73).
func (s *Service) Sweep(ctx context.Context) error { return s.store.sweep(ctx, s.now()) }
