package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// Outbox queues a mail in a batch that is sent in the transaction of ctx; *mail.Outbox but in tests.
type Outbox interface {
	Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error
	Left(ctx context.Context, account uuid.UUID, since time.Time, kinds []string) (left time.Time, waits bool, err error)
}

// Deps are the dependencies of the service. All but the settings at the end are required.
type Deps struct {
	DB      *postgres.DB
	Keyring *seal.Keyring
	Audit   *audit.Log
	Outbox  Outbox
	Mails   *templates.Set
	Now     func() time.Time
	Issuer  string // base of the links in mails, without a trailing slash

	// Unfinished ends what a browser has begun in other packages and not finished, when somebody signs in or out there:
	// families share a phone.
	Unfinished []func(b *pgx.Batch, browser []byte)
	// Superseded ends what is open for an account in other packages when its member sets another password, question or
	// second step: whoever proved the former ones elsewhere must not continue.
	Superseded func(b *pgx.Batch, account uuid.UUID)
	// KeptOpen ends the closing of an account that package recovery holds, when its member signs in; nil: none is held.
	KeptOpen func(b *pgx.Batch, account uuid.UUID, now time.Time)

	Attempts int // sign-in attempts per source and minute; default 20 (S-09)
	Hash     HashParams
	Waited   func(wait time.Duration, entered bool) // observes waits for a slow hash; may be nil
	Idle     time.Duration                          // lifetime of an unused session; default 15 min (S-23)
	Absolute time.Duration                          // lifetime of any session; default 12 h
	Remember time.Duration                          // how long a browser may be spared the second step; 0: never
}

// Service decides about accounts, sign-ins and sessions. It is safe for concurrent use.
type Service struct {
	store          *store
	db             *postgres.DB
	keyring        *seal.Keyring
	audit          *audit.Log
	outbox         Outbox
	mails          *templates.Set
	hasher         *hasher
	now            func() time.Time
	issuer         string
	webauthn       *webauthn.WebAuthn // nil: passkeys are not available
	idle, absolute time.Duration
	remember       time.Duration
	limiter        *ratelimit.Limiter
	unfinished     []func(b *pgx.Batch, browser []byte)
	superseded     func(*pgx.Batch, uuid.UUID)
	keptOpen       func(*pgx.Batch, uuid.UUID, time.Time)
	sourceLimit    ratelimit.Limit
}

// New returns an error if a dependency is missing.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Keyring == nil || d.Audit == nil || d.Outbox == nil || d.Mails == nil || d.Now == nil || d.Issuer == "" {
		return nil, errors.New("accounts: DB, Keyring, Audit, Outbox, Mails, Now and Issuer are required")
	}
	if d.Attempts == 0 {
		d.Attempts = 20
	}
	if d.Idle == 0 {
		d.Idle = 15 * time.Minute
	}
	if d.Absolute == 0 {
		d.Absolute = 12 * time.Hour
	}
	keys, err := newWebAuthn(d.Issuer)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	hasher := newHasher(d.Hash, d.Keyring)
	hasher.waited = d.Waited
	return &Service{
		store: &store{d.DB, d.Keyring, d.Keyring.Seal(seal.PII, emailPlace(uuid.Nil), []byte("nobody@example.org"))}, db: d.DB, keyring: d.Keyring, audit: d.Audit, outbox: d.Outbox, mails: d.Mails,
		hasher: hasher, now: d.Now, issuer: d.Issuer, webauthn: keys, idle: d.Idle, absolute: d.Absolute, remember: d.Remember,
		limiter: ratelimit.New(d.DB, d.Keyring), unfinished: d.Unfinished, superseded: d.Superseded, keptOpen: d.KeptOpen, sourceLimit: ratelimit.Limit{Name: "sign_in_source", Count: d.Attempts, Per: time.Minute},
	}, nil
}
