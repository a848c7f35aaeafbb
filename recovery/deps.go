package recovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/members"
	"huskyidp/templates"
)

// Flow is the app whose request is pending while a member asks for help; zero if there is none.
type Flow struct{ App string }

// Flows is what recovery needs from the provider.
type Flows interface {
	Flow(ctx context.Context, id string, browser []byte) (Flow, error)
}

// Accounts is what recovery needs from package accounts.
type Accounts interface {
	Get(ctx context.Context, id uuid.UUID) (accounts.Account, error)
	Asker(ctx context.Context, username, device, source string) (string, error)
	RenewDevice(account accounts.Account, cookie string) string
	ByUsername(ctx context.Context, typed string) (accounts.Account, error)
	ByMember(ctx context.Context, memberID uuid.UUID) (accounts.Account, error)

	Questions(ctx context.Context, id uuid.UUID) ([]string, error)
	QuestionClosed(ctx context.Context, id uuid.UUID) (bool, error)
	CheckAnswers(ctx context.Context, id uuid.UUID, answers map[string]string, again bool) error

	Factors(ctx context.Context, id uuid.UUID) (accounts.Factors, error)
	FactorMAC(place []byte, f accounts.Factor, proof string) []byte
	CheckTOTP(ctx context.Context, id uuid.UUID, typed string, again bool) error
	UseSavedCode(ctx context.Context, id uuid.UUID, typed string, again bool) (left int, err error)
	BeginPasskey(ctx context.Context, browser []byte, source string, id uuid.UUID) (accounts.PasskeyOptions, error)
	FinishPasskey(ctx context.Context, browser []byte, id uuid.UUID, answer string) (accounts.Account, error)
	RemoveFactors(ctx context.Context, id uuid.UUID) error
	RemoveQuestion(ctx context.Context, id uuid.UUID) error

	HashNewPassword(ctx context.Context, id uuid.UUID, password string) ([]byte, error)
	ResetPassword(ctx context.Context, id uuid.UUID, hash []byte) error
	ChangeEmail(ctx context.Context, id uuid.UUID, email string, proven bool) error
	QueueProveEmail(ctx context.Context, b *pgx.Batch, id uuid.UUID)
	ChangeMember(ctx context.Context, id, memberID uuid.UUID) error
	RestoreEmail(ctx context.Context, id uuid.UUID, email string) error
	EndSessions(ctx context.Context, id uuid.UUID, except string) error
	BeginClose(ctx context.Context, id uuid.UUID, closes time.Time) error
	QueueKeepOpen(b *pgx.Batch, id uuid.UUID)
	Close(ctx context.Context, id uuid.UUID) error

	Notify(ctx context.Context, id uuid.UUID, kind string, args templates.Args) error
	QueueNotice(ctx context.Context, b *pgx.Batch, account accounts.Account, kind string, args templates.Args) error
	Disownable(ctx context.Context, link string, browser []byte) (accounts.Account, error)
	Disowned(ctx context.Context, link string) (just, closed bool, err error)
	Disown(ctx context.Context, link string, browser []byte) (account accounts.Account, closed bool, err error)
}

// Roster finds the member whose card it is.
type Roster interface {
	Match(ctx context.Context, claim members.Claim) (members.Member, error)
	Member(ctx context.Context, id uuid.UUID) (members.Member, error)
	MayRegister(ctx context.Context, id uuid.UUID) (bool, error)
	ParseMemberNumber(typed string) (string, error)
}

// Deps are the dependencies of a Service. All fields but the last two are required.
type Deps struct {
	DB       *postgres.DB
	Keyring  *seal.Keyring
	Limiter  *ratelimit.Limiter
	Audit    *audit.Log
	Accounts Accounts
	Roster   Roster
	Now      func() time.Time
	Issuer   string // base of the links in mails, without a trailing slash

	NoQuestions bool          // the secret question is not asked (S-56)
	CloseHold   time.Duration // before an account is closed at its member's wish; default CloseHold
}

// CloseHold is how long a closing is held by default.
const CloseHold = 7 * 24 * time.Hour

// Service implements the steps; Handler is their HTTP interface.
type Service struct {
	store     store
	db        *postgres.DB
	keyring   *seal.Keyring
	limiter   *ratelimit.Limiter
	audit     *audit.Log
	accounts  Accounts
	roster    Roster
	jobs      *river.Client[pgx.Tx]
	now       func() time.Time
	issuer    string
	questions bool
	closeHold time.Duration
}

// New returns an error if a dependency is missing.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Keyring == nil || d.Limiter == nil || d.Audit == nil || d.Accounts == nil || d.Roster == nil || d.Now == nil || d.Issuer == "" {
		return nil, errors.New("recovery: DB, Keyring, Limiter, Audit, Accounts, Roster, Now and Issuer are required")
	}
	jobs, err := river.NewClient(riverpgxv5.New(nil), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("opening the job queue: %w", err)
	}
	return &Service{
		store: store{d.DB, d.Keyring}, db: d.DB, keyring: d.Keyring, limiter: d.Limiter, audit: d.Audit, accounts: d.Accounts,
		roster: d.Roster, jobs: jobs, now: d.Now, issuer: d.Issuer, questions: !d.NoQuestions, closeHold: cmp.Or(d.CloseHold, CloseHold),
	}, nil
}

// Sweep deletes recoveries a day after their end, and reference numbers and decided changes after 30 days (S-73).
// cmd/idp runs it.
func (s *Service) Sweep(ctx context.Context) (int64, error) {
	now := s.now()
	return s.store.sweep(ctx, now.AddDate(0, 0, -1), now.AddDate(0, 0, -30))
}
