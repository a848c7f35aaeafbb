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

// Outbox queues a mail by a batch that is sent in the transaction of ctx.
type Outbox interface {
	Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error
}

// Mails renders mails in a language.
type Mails interface {
	Mail(lang, kind string, args templates.Args) (templates.Mail, error)
}

// Deps is what the service is built from. All but the settings at the end are required.
type Deps struct {
	DB      *postgres.DB
	Keyring *seal.Keyring
	Audit   *audit.Log
	Outbox  Outbox
	Mails   Mails
	Now     func() time.Time
	Issuer  string // where the links of mails lead, without a slash at the end

	// Unfinished end what a browser has begun with other packages and not finished, when somebody signs in there or signs
	// out: families share a phone.
	Unfinished []func(b *pgx.Batch, browser []byte)
	// Superseded ends what is open for an account in other packages when its member sets another password, question or second
	// step: whoever has proven the former ones elsewhere must not continue.
	Superseded func(b *pgx.Batch, account uuid.UUID)

	Attempts int // sign-ins that one source may try in a minute; default 20 (S-09)
	Hash     HashParams
	Waited   func(wait time.Duration, entered bool) // counts waits for a slow hash; may be nil
	Idle     time.Duration                          // a session without use ends; default 15 min (S-23)
	Absolute time.Duration                          // any session ends; default 12 h
}

// Service decides about accounts, sign-ins and sessions. It is safe for concurrent use.
type Service struct {
	store          *store
	db             *postgres.DB
	keyring        *seal.Keyring
	audit          *audit.Log
	outbox         Outbox
	mails          Mails
	hasher         *hasher
	now            func() time.Time
	issuer         string
	webauthn       *webauthn.WebAuthn // nil: no passkeys
	idle, absolute time.Duration
	limiter        *ratelimit.Limiter
	unfinished     []func(b *pgx.Batch, browser []byte)
	superseded     func(*pgx.Batch, uuid.UUID)
	sourceLimit    ratelimit.Limit
}

// New checks that nothing is missing.
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
		hasher: hasher, now: d.Now, issuer: d.Issuer, webauthn: keys, idle: d.Idle, absolute: d.Absolute,
		limiter: ratelimit.New(d.DB, d.Keyring), unfinished: d.Unfinished, superseded: d.Superseded, sourceLimit: ratelimit.Limit{Name: "sign_in_source", Count: d.Attempts, Per: time.Minute},
	}, nil
}
