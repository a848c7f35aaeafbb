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
	"huskyidp/members"
	"huskyidp/templates"
)

// Roster matches the person who registers.
type Roster interface {
	Match(ctx context.Context, claim members.Claim) (members.Member, error)
	MayRegister(ctx context.Context, id uuid.UUID) (bool, error)
	ParseMemberNumber(typed string) (string, error)
}

// Accounts creates the account.
type Accounts interface {
	QueueCreate(ctx context.Context, b *pgx.Batch, a accounts.NewAccount) (accounts.Account, error)
	Get(ctx context.Context, id uuid.UUID) (accounts.Account, error)
	QueueNotice(ctx context.Context, b *pgx.Batch, account accounts.Account, kind string, args templates.Args) error
	QueueGet(b *pgx.Batch, id uuid.UUID, account *accounts.Account)
	ByMember(ctx context.Context, memberID uuid.UUID) (accounts.Account, error)
	IDByMember(ctx context.Context, memberID uuid.UUID) (uuid.UUID, error)
	HashSecrets(ctx context.Context, accountID uuid.UUID, password, answer string) (passwordHash, answerHash []byte, err error)
	UsernameTaken(ctx context.Context, username string) (bool, error)
	QueueTaken(b *pgx.Batch, username string, taken *bool)
	SuggestUsernames(ctx context.Context, username string) ([]string, error)
	QueueSuggestions(b *pgx.Batch, username string, free *[]string)
}

// Outbox queues mails in a batch of the transaction of ctx.
type Outbox interface {
	Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error
}

// Mails renders mails.
type Mails interface {
	Mail(lang, kind string, args templates.Args) (templates.Mail, error)
}

// Desk issues the reference number of a member who is sent to support, in a batch of the transaction of ctx. about is
// the registration.
type Desk interface {
	Refer(ctx context.Context, b *pgx.Batch, reason string, browser []byte, about uuid.UUID, lang string) (reference string, err error)
}

// Flow is the authorization request that is pending while a member registers; zero if there is none.
type Flow struct {
	App              string // the client's name
	InitiateLoginURI string // where the app restarts a sign-in, "" if unknown
	Live             bool   // it can still be answered
}

// Flows is what registration needs from the provider.
type Flows interface {
	Flow(ctx context.Context, id string, browser []byte) (Flow, error)
	ResumePath(id string) string
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
	Mails    Mails
	Roster   Roster
	Accounts Accounts
	Desk     Desk
	Flows    Flows
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
		d.Accounts == nil || d.Desk == nil || d.Flows == nil || d.Legal == nil || d.Now == nil || d.Issuer == "" {
		return nil, errors.New("registration: a dependency is missing")
	}
	if d.IdentityLock < 0 {
		return nil, errors.New("registration: IdentityLock is negative")
	}
	d.SourceFailures, d.Registrations, d.Mailed = cmp.Or(d.SourceFailures, 20), cmp.Or(d.Registrations, 200), cmp.Or(d.Mailed, 20)
	return &Service{Deps: d, store: store{d.DB, d.Keyring}}, nil
}
