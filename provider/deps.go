package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/ory/fosite"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"golang.org/x/time/rate"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/keys"
	"huskyidp/members"
	"huskyidp/templates"
)

// Accounts is what sign-in and claims need from package accounts; *accounts.Service but in tests.
type Accounts interface {
	Authenticate(ctx context.Context, a accounts.Attempt) (accounts.Account, error)
	Get(ctx context.Context, id uuid.UUID) (accounts.Account, error)
	AtSignIn(ctx context.Context, id uuid.UUID) (accounts.AtSignIn, error)
	QuestionAsked(ctx context.Context, id uuid.UUID) error
	PasskeyOffered(ctx context.Context, id uuid.UUID) error
	Questions(ctx context.Context, id uuid.UUID) ([]string, error)
	AcceptAgreement(ctx context.Context, id uuid.UUID, a accounts.Acceptance) error
	QueueNotice(ctx context.Context, b *pgx.Batch, account accounts.Account, kind string, args templates.Args) error
	WatchedSince(ctx context.Context, accountID uuid.UUID) (time.Time, error)
	StillOpen(ctx context.Context, accountID uuid.UUID, sid string) error
	TakeEnded(ctx context.Context, most int) ([]string, error)
	TakeStatusChanges(ctx context.Context, most int) ([]accounts.StatusChange, error)
	Factors(ctx context.Context, id uuid.UUID) (accounts.Factors, error)
	BeginPasskey(ctx context.Context, browser []byte, source string, id uuid.UUID) (accounts.PasskeyOptions, error)
	FinishPasskey(ctx context.Context, browser []byte, id uuid.UUID, answer string) (accounts.Account, error)
}

// Sessions keeps the member's sign-in in the browser; package selfservice does.
type Sessions interface {
	Lookup(c *gin.Context) (accounts.Session, bool, error)
	Peek(c *gin.Context) (accounts.Session, bool, error)
	Proving(c *gin.Context) (accounts.Session, bool, error)
	SignIn(c *gin.Context, account accounts.Account, amr []string) (accounts.Session, error)
	SignOut(c *gin.Context) error
	OverNote(c *gin.Context) (string, error)
	FormerMember(c *gin.Context) (uuid.UUID, error)
	Hold(c *gin.Context, account accounts.Account, amr []string, returnTo string) error
	HoldStepUp(c *gin.Context, account accounts.Account, amr []string, sid, returnTo string) error
	Pending(c *gin.Context) (accounts.Pending, error)
	Held(c *gin.Context) bool
	Remembered(c *gin.Context, account accounts.Account) (bool, error)
	RememberDays(c *gin.Context, account accounts.Account) int
	NoteOffer(c *gin.Context, account accounts.Account)
	Offers(c *gin.Context) bool
	Offered(c *gin.Context)
	Prove(c *gin.Context, f accounts.Factor, proof string) (accounts.Proved, error)
	Drop(c *gin.Context) error
	StepUp(c *gin.Context, session accounts.Session, amr []string) (accounts.Session, error)
	Fresh(c *gin.Context, session accounts.Session, most time.Duration) (bool, error)
}

// Deps are the dependencies of the provider. All are required unless a comment says otherwise.
type Deps struct {
	Issuer       string // https://host, without a trailing slash
	SupportEmail string // shown to a member whose account is closed
	Locales      []string
	TimeZone     string // of the members, an IANA name
	// InitialAccessToken enables dynamic client registration with it; "" disables the endpoint.
	InitialAccessToken string
	RegistrationTries  int                                        // per source and hour: attempts without that token, and updates; required with it
	ClientRate         int                                        // calls a second per client, on each instance; 0: 50 (S-09)
	TryURL             string                                     // where developers can try a sign-in; may be ""
	TryHealthURL       string                                     // the same with an app of the health record; may be ""
	ScopeACR           ScopeACR                                   // minimum acr by scope; may be nil
	Agreement          func(now time.Time, lang string) Agreement // the license agreement in force
	Questions          bool                                       // members without a secret question are asked for one
	DB                 *postgres.DB
	Keyring            *seal.Keyring
	Keys               *keys.Service
	Clients            *Clients
	Accounts           Accounts
	Members            *members.Roster
	Limiter            *ratelimit.Limiter
	Audit              *audit.Log
	Now                func() time.Time
	Answered           func(grant string, client *Client) // counts answers of the token endpoint; may be nil
	ProofDeps                                             // optional
}

// Service makes the decisions; Handler speaks HTTP.
type Service struct {
	store              *store
	clients            *Clients
	accounts           Accounts
	members            *members.Roster
	limiter            *ratelimit.Limiter
	strategy           *strategy
	proofs             ProofDeps
	fosite             *fosite.Fosite
	tryURL             string
	tryHealthURL       string
	suspended          sync.Map // client ID to the DisabledAt of which all members were notified
	initialAccessToken []byte   // SHA-256; nil: no dynamic registration
	registrationTries  int
	foreign            foreignTokens
	calls              *web.Meter[string]
	jobs               *river.Client[pgx.Tx]
	locales            []string
	timeZone           string
	agreement          func(now time.Time, lang string) Agreement
	questions          bool
	supportEmail       string
	scopeACR           ScopeACR
	now                func() time.Time
	answered           func(grant string, client *Client)
}

// New returns an error if a dependency is missing.
func New(d Deps) (*Service, error) {
	if d.Issuer == "" || d.SupportEmail == "" || len(d.Locales) == 0 || d.TimeZone == "" || d.Agreement == nil || d.DB == nil || d.Keyring == nil || d.Keys == nil || d.Clients == nil ||
		d.Accounts == nil || d.Members == nil || d.Limiter == nil || d.Audit == nil || d.Now == nil ||
		d.InitialAccessToken != "" && d.RegistrationTries < 1 {
		return nil, errors.New("provider: a dependency is missing")
	}
	if err := d.ScopeACR.Check(); err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	s := &Service{
		store:        &store{db: d.DB, audit: d.Audit, keyring: d.Keyring, now: d.Now, errorRate: rate.NewLimiter(20, 100)},
		clients:      d.Clients,
		accounts:     d.Accounts,
		members:      d.Members,
		limiter:      d.Limiter,
		proofs:       d.ProofDeps,
		strategy:     &strategy{issuer: d.Issuer, keys: d.Keys, keyring: d.Keyring, verified: newVerifiedTokens()},
		locales:      d.Locales,
		timeZone:     d.TimeZone,
		foreign:      newForeignTokens(),
		calls:        web.NewMeter[string](cmp.Or(d.ClientRate, 50)*int(callsWindow/time.Second), callsWindow),
		tryURL:       d.TryURL,
		tryHealthURL: d.TryHealthURL,
		agreement:    d.Agreement,
		questions:    d.Questions,
		supportEmail: d.SupportEmail,
		scopeACR:     d.ScopeACR,
		now:          d.Now,
		answered:     d.Answered,
	}
	if d.InitialAccessToken != "" {
		s.initialAccessToken, s.registrationTries = seal.Digest(d.InitialAccessToken), d.RegistrationTries
	}
	var err error
	if s.jobs, err = river.NewClient(riverpgxv5.New(d.DB.Pool()), &river.Config{Logger: slog.New(slog.DiscardHandler)}); err != nil {
		return nil, fmt.Errorf("opening the job queue: %w", err)
	}
	s.fosite = newFosite(s)
	return s, nil
}

// Sweep deletes what has expired; cmd/idp runs it every ten minutes on each instance.
func (s *Service) Sweep(ctx context.Context) error { return s.store.sweep(ctx, s.now()) }

// Handler serves the endpoints and pages.
type Handler struct {
	service    *Service
	web        *web.Web
	accounts   Accounts
	sessions   Sessions
	metadata   document
	signals    document
	openAPI    document
	smart      smartConfiguration // without what differs by FHIR server
	fhir       atomic.Pointer[fhirDocuments]
	developers developersPage
	now        func() time.Time
}

// NewHandler returns the handler with its discovery document.
func NewHandler(s *Service, w *web.Web, sessions Sessions) (*Handler, error) {
	if s == nil || w == nil || sessions == nil {
		return nil, errors.New("provider: a dependency is missing")
	}
	meta := newMetadata(s, accounts.ACRValues())
	meta.describeProofs(s.proofs)
	doc, err := newDocument(meta)
	if err != nil {
		return nil, err
	}
	signals, err := newDocument(newSignalsConfiguration(meta))
	if err != nil {
		return nil, err
	}
	openAPI, err := newDocument(newOpenAPI(meta))
	if err != nil {
		return nil, err
	}
	developers, err := newDevelopersPage(meta, s.tryURL, s.tryHealthURL)
	if err != nil {
		return nil, err
	}
	return &Handler{service: s, web: w, accounts: s.accounts, sessions: sessions, metadata: doc, signals: signals, openAPI: openAPI, smart: newSmartConfiguration(meta),
		developers: developers, now: s.now}, nil
}
