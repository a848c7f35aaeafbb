package registration

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/templates"
)

// Outbox queues mails in a batch of the transaction of ctx; *mail.Outbox but in tests.
type Outbox interface {
	Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error
}

// Recovery issues the reference number of a member who is sent to support, in a batch of the transaction of ctx. about is
// the registration. The browser forgets it when another person begins.
type Recovery interface {
	Refer(ctx context.Context, b *pgx.Batch, reason string, browser []byte, about uuid.UUID, lang string) (reference string, err error)
	ForgetReferences(b *pgx.Batch, browser []byte)
}

// Flows is what registration needs from the provider.
type Flows interface {
	Flow(ctx context.Context, id string, browser []byte) (web.Pending, error)
}

// Sessions signs the new member in.
type Sessions interface {
	QueueSignIn(c *gin.Context, b *pgx.Batch, account accounts.Account, amr []string) (opened func())
	Current(c *gin.Context) (accounts.Session, bool)
}

// Deps are the dependencies of a Service. All but the settings at the end are required.
type Deps struct {
	DB       *postgres.DB
	Keyring  *seal.Keyring
	Limiter  *ratelimit.Limiter
	Audit    *audit.Log
	Outbox   Outbox
	Mails    *templates.Set
	Roster   *members.Roster
	Accounts *accounts.Service
	Recovery Recovery
	Flows    Flows
	Resume   func(flow string) string // returns the path where a pending authorization request continues
	Legal    *Legal
	Now      func() time.Time
	Issuer   string // for initiate_login_uri

	NoQuestions  bool          // no secret question is asked (S-56)
	IdentityLock time.Duration // how long three refused identities lock the form; 0: until staff release it
	// Limits per source. Sources known to serve many people get web.SourceFactor times as much.
	SourceFailures int // refused identities in an hour before it slows down; default 20 (S-52)
	Registrations  int // begun in an hour and not finished; default 200. It only bounds rows: at a library many people begin at once (C10)
	Mailed         int // codes mailed in an hour; default 20 (S-09)
}

// Service implements the steps; Handler is their HTTP interface.
type Service struct {
	Deps
	store store
}

// New returns an error if a dependency is missing.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Keyring == nil || d.Limiter == nil || d.Audit == nil || d.Outbox == nil || d.Mails == nil || d.Roster == nil ||
		d.Accounts == nil || d.Recovery == nil || d.Flows == nil || d.Resume == nil || d.Legal == nil || d.Now == nil || d.Issuer == "" {
		return nil, errors.New("registration: a dependency is missing")
	}
	if d.IdentityLock < 0 {
		return nil, errors.New("registration: IdentityLock is negative")
	}
	d.SourceFailures, d.Registrations, d.Mailed = cmp.Or(d.SourceFailures, 20), cmp.Or(d.Registrations, 200), cmp.Or(d.Mailed, 20)
	return &Service{Deps: d, store: store{d.DB, d.Keyring}}, nil
}
