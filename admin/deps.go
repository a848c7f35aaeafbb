package admin

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/members"
	"huskyidp/recovery"
	"huskyidp/registration"
	"huskyidp/templates"
)

// Accounts is the part of package accounts that the desk needs.
type Accounts interface {
	CreateStaff(ctx context.Context, n accounts.NewStaff) (accounts.Account, error)
	Get(ctx context.Context, id uuid.UUID) (accounts.Account, error)
	FindExact(ctx context.Context, by accounts.By, value string) ([]accounts.Account, error)
	Factors(ctx context.Context, id uuid.UUID) (accounts.Factors, error)
	QueueFactors(b *pgx.Batch, id uuid.UUID, f *accounts.Factors)
	Questions(ctx context.Context, id uuid.UUID) ([]string, error)
	Locks(ctx context.Context, id uuid.UUID) ([]accounts.Lock, error)
	ReleaseLock(ctx context.Context, id uuid.UUID, kind accounts.LockKind) (bool, error)
	Disable(ctx context.Context, id uuid.UUID) (bool, error)
	Enable(ctx context.Context, id uuid.UUID) (bool, error)
	EndSession(ctx context.Context, sid string) error
	EndSessions(ctx context.Context, id uuid.UUID, except string) error
	Notify(ctx context.Context, id uuid.UUID, kind string, args templates.Args) error
	QueueNotice(ctx context.Context, b *pgx.Batch, account accounts.Account, kind string, args templates.Args) error
}

// Roster compares a caller's card.
type Roster interface {
	Member(ctx context.Context, id uuid.UUID) (members.Member, error)
	Find(ctx context.Context, number string) (members.Member, error)
	Match(ctx context.Context, claim members.Claim) (members.Member, error)
	ParseMemberNumber(typed string) (string, error)
}

// Enrolment reports what a registration is stuck on.
type Enrolment interface {
	StuckAt(ctx context.Context, id uuid.UUID) (registration.Stuck, error)
	StuckAs(ctx context.Context, reference string) (registration.Stuck, error)
	CardLock(ctx context.Context, number string) (registration.Stuck, error)
	Release(ctx context.Context, reference string) (bool, error)
}

// Referrals looks up reference numbers.
type Referrals interface {
	Referral(ctx context.Context, spoken string) (recovery.Referral, error)
}

// Recovery starts what members complete themselves, and holds changes. All methods join the transaction of ctx.
type Recovery interface {
	SendUsername(ctx context.Context, accountID uuid.UUID) error
	StartReset(ctx context.Context, accountID uuid.UUID) error
	Hold(ctx context.Context, c recovery.Change) (recovery.Change, error)
	Pending(ctx context.Context, accountID uuid.UUID) ([]recovery.Change, error)
	StopHeld(ctx context.Context, accountID uuid.UUID) (bool, error)
}

// Deliveries reports the state of mails.
type Deliveries interface {
	Deliveries(ctx context.Context, accountID uuid.UUID, limit int) ([]mail.Delivery, error)
}

// Records exports audit rows as JSON lines.
type Records interface {
	Export(ctx context.Context, w io.Writer, from, to time.Time) error
}

// Deps are the dependencies of a Service. All are required.
type Deps struct {
	DB         *postgres.DB
	Keyring    *seal.Keyring
	Limiter    *ratelimit.Limiter
	Audit      *audit.Log
	Accounts   Accounts
	Roster     Roster
	Enrolment  Enrolment
	Referrals  Referrals
	Recovery   Recovery
	Deliveries Deliveries
	Records    Records
	TimeZone   *time.Location // of the days of figures
	Now        func() time.Time
}

// Service makes the decisions; API and Console speak HTTP.
type Service struct {
	*People
	store      *store
	db         *postgres.DB
	keyring    *seal.Keyring
	limiter    *ratelimit.Limiter
	audit      *audit.Log
	accounts   Accounts
	roster     Roster
	enrolment  Enrolment
	referrals  Referrals
	recovery   Recovery
	deliveries Deliveries
	records    Records
	zone       *time.Location
	now        func() time.Time
}

// New checks the dependencies.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Keyring == nil || d.Limiter == nil || d.Audit == nil || d.Accounts == nil || d.Roster == nil || d.Enrolment == nil ||
		d.Referrals == nil || d.Recovery == nil || d.Deliveries == nil || d.Records == nil || d.TimeZone == nil || d.Now == nil {
		return nil, errors.New("admin: a dependency is missing")
	}
	people, err := NewPeople(PeopleDeps{d.DB, d.Audit, d.Accounts, d.Now})
	if err != nil {
		return nil, err
	}
	return &Service{
		People: people, store: &store{d.DB, d.Keyring}, db: d.DB, keyring: d.Keyring, limiter: d.Limiter, audit: d.Audit, accounts: d.Accounts, roster: d.Roster,
		enrolment: d.Enrolment, referrals: d.Referrals, recovery: d.Recovery, deliveries: d.Deliveries, records: d.Records, zone: d.TimeZone, now: d.Now,
	}, nil
}

// Sweep deletes replies kept for repeats after a day, unfinished sign-ins to the console after an hour, console
// sessions and requests 30 days after their end, notes and who helped with what after 60 days, the book and verifications after six years (S-73).
func (s *Service) Sweep(ctx context.Context) error { return s.store.sweep(ctx, s.now()) }
