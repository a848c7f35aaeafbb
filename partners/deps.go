package partners

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/outbound"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// Deps are the dependencies of a Service. All are required but Sandbox and Base.
type Deps struct {
	DB      *postgres.DB
	Keyring *seal.Keyring
	Limiter *ratelimit.Limiter
	Audit   *audit.Log
	Outbox  *mail.Outbox
	Mails   *templates.Set
	Apps    Apps
	Fetcher Fetcher
	Sandbox Sandbox // nil: apps are tried with a test client here
	Base    string  // https://host of the area; "" while it is off: the desk still reads what was asked for
	Now     func() time.Time
}

// Fetcher calls addresses of partners; *outbound.Client but in tests.
type Fetcher interface {
	Get(ctx context.Context, address, accept string) (outbound.Answer, error)
}

// Apps is the registry of clients. Those of the area's own are in partner_clients.
type Apps interface {
	// Check judges an app by the rules of every way in, and fetches its logo. The error is *Fault, or another cause. register makes
	// it a client in the transaction of its ctx.
	Check(ctx context.Context, a App) (register func(ctx context.Context, id string) error, err error)
	Client(ctx context.Context, id string) (Client, error)
	RotateSecret(ctx context.Context, id string) (string, error)
	SetKeys(ctx context.Context, id, jwks, jwksURI string) error // *Fault
	Errors(ctx context.Context, id string) ([]RefusedRequest, error)
	Usage(ctx context.Context, id string) (Usage, error)
	Complaints(ctx context.Context, id string) ([]Complaint, error)
	SetUse(ctx context.Context, id string, allow bool, reason, by string) (changed bool, err error)
}

// App is what a client is registered with.
type App struct {
	Operator, NameEN, NameES string
	Contacts                 []string
	PolicyURI, LogoURI       string
	RedirectURIs             []string
	Native                   bool
	Auth                     string // none, private_key_jwt or client_secret_basic
	JWKS, JWKSURI            string
	Scopes                   []string // with scopes of the health record it is an app of SMART App Launch
	Reviewed                 bool     // the desk has looked at it: members are told that the operator is known
	Own                      []string // clients of the same organisation: its names are not another's
}

// Client is the current state of a registered app.
type Client struct {
	ID, Name      string
	RedirectURIs  []string
	Scopes        []string
	Auth          string
	JWKS, JWKSURI string
	DisabledAt    time.Time // zero while it may be used
}

// RefusedRequest is one of the last 100 of an app.
type RefusedRequest struct {
	At                                            time.Time
	RequestID, Endpoint, Error, Description, Sent string
}

// Usage counts members' permissions: those open now, and those of them that are of the last 30 days.
type Usage struct{ Permissions, Recent int }

// Complaint is what a member complains of about an app. The organisation sees when and what kind: the text may say who wrote it.
type Complaint struct {
	Number, Kind, Text string
	At                 time.Time
}

// Fault is what is wrong with a member of a registration (RFC 7591), in technical English.
type Fault struct{ Member, Rule string }

func (f *Fault) Error() string { return f.Member + ": " + f.Rule }

// Service decides; Handler speaks HTTP.
type Service struct {
	Deps
	webauthn *webauthn.WebAuthn // nil without Base
}

// New checks the dependencies.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Keyring == nil || d.Limiter == nil || d.Audit == nil || d.Outbox == nil || d.Mails == nil || d.Apps == nil || d.Fetcher == nil || d.Now == nil {
		return nil, errors.New("partners: a dependency is missing")
	}
	s := &Service{Deps: d}
	if d.Base == "" {
		return s, nil
	}
	u, err := url.Parse(d.Base)
	if err == nil {
		s.webauthn, err = newWebAuthn(u)
	}
	if err != nil {
		return nil, fmt.Errorf("partners: the address of the area: %w", err)
	}
	return s, nil
}
