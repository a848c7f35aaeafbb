package recovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/members"
)

// Flows is what recovery needs from the provider.
type Flows interface {
	Flow(ctx context.Context, id string, browser []byte) (web.Pending, error)
}

// Sessions knows the session of a browser. Without its cookie nothing is read.
type Sessions interface {
	Lookup(c *gin.Context) (accounts.Session, bool, error)
}

// Apps ends the permissions that a stranger gave to apps.
type Apps interface {
	// StopSince ends those that were given at an instant or later. It takes part in the transaction of ctx.
	StopSince(ctx context.Context, account accounts.Account, since time.Time) error
	// StopWatched ends those that somebody with the former password may have given. It takes part in the transaction of ctx.
	StopWatched(ctx context.Context, account accounts.Account) error
}

// Deps are the dependencies of a Service. All fields but the last two are required.
type Deps struct {
	DB       *postgres.DB
	Keyring  *seal.Keyring
	Limiter  *ratelimit.Limiter
	Audit    *audit.Log
	Accounts *accounts.Service
	Roster   *members.Roster
	Now      func() time.Time
	Issuer   string // base of the links in mails, without a trailing slash

	Apps Apps // nil: there are none

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
	accounts  *accounts.Service
	apps      Apps
	roster    *members.Roster
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
		store: store{d.DB, d.Keyring}, db: d.DB, keyring: d.Keyring, limiter: d.Limiter, audit: d.Audit, accounts: d.Accounts, apps: d.Apps,
		roster: d.Roster, jobs: jobs, now: d.Now, issuer: d.Issuer, questions: !d.NoQuestions, closeHold: cmp.Or(d.CloseHold, CloseHold),
	}, nil
}

// Sweep deletes recoveries a day after their end, and reference numbers and decided changes after 30 days (S-73).
// cmd/idp runs it.
func (s *Service) Sweep(ctx context.Context) (int64, error) {
	now := s.now()
	return s.store.sweep(ctx, now.AddDate(0, 0, -1), now.AddDate(0, 0, -30))
}
