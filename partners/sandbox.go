package partners

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// ErrAway means that the sandbox does not answer, or not as it should. Nothing was changed here.
var ErrAway = errors.New("partners: the sandbox does not answer")

// ErrBusy means that the client is being registered at this moment.
var ErrBusy = errors.New("partners: the sandbox client is being made")

// registering is how long a registration may take. One that ended without a word may be tried again after that.
const registering = 10 * time.Second

// callTime is how long a call may take: a page has two seconds in all.
const callTime = 1300 * time.Millisecond

// Sandbox is another issuer, with invented members, where apps register themselves (RFC 7591, 7592). The errors are *Fault, ErrAway, and
// ErrNotFound for a registration that is gone.
type Sandbox interface {
	Issuer() string
	Register(ctx context.Context, a App) (SandboxClient, error)
	Update(ctx context.Context, c SandboxClient, a App) error
	Delete(ctx context.Context, c SandboxClient) error
}

// SandboxClient is a client of a sandbox. URI and Token are those of its registration.
type SandboxClient struct {
	ID         string `json:"-"`
	Secret     string `json:"-"` // known once
	URI, Token string
}

// Tried is the state of a request at the sandbox.
type Tried struct {
	Issuer   string // "" if the area has no sandbox
	ClientID string // "" if it is not registered there
	Stale    bool   // it is registered with something else than the form has now
	at       time.Time
	sealed   []byte
}

func sandboxPlace(application uuid.UUID) seal.Place {
	return seal.Place{Table: "partner_sandbox_clients", Column: "sealed", Row: application.String()}
}

// tried is what a request registers at the sandbox: nobody has looked at the app, so that nothing says so. Its logo would be fetched
// again there.
func (a Application) tried() App {
	app := a.Values.app()
	app.LogoURI = ""
	return app
}

func digestOf(a App) []byte {
	text, _ := json.Marshal(a) // of strings
	sum := sha256.Sum256(text)
	return sum[:]
}

// Tried reads it.
func (s *Service) Tried(ctx context.Context, a Application) (t Tried, err error) {
	if s.Sandbox == nil {
		return t, nil
	}
	t.Issuer = s.Sandbox.Issuer()
	var as []byte
	var id *string
	err = s.DB.From(ctx).QueryRow(ctx, `select client_id, sealed, registered_as, asked_at from partner_sandbox_clients where application_id = $1 and issuer = $2`, a.ID, t.Issuer).Scan(&id, &t.sealed, &as, &t.at)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("reading a sandbox client: %w", err)
	}
	t.ClientID = postgres.Value(id)
	t.Stale = t.ClientID != "" && string(as) != string(digestOf(a.tried()))
	return t, nil
}

// TrySandbox registers the app of a request at the sandbox, once: a second press makes none, and returns no secret. The error is Invalid,
// ErrState without addresses, ErrBusy, ErrAway, ErrNotFound, or the database's.
func (s *Service) TrySandbox(ctx context.Context, p Person, id uuid.UUID) (secret string, err error) {
	a, err := s.Application(ctx, p, id)
	if err != nil {
		return "", err
	}
	if s.Sandbox == nil {
		return "", ErrNotFound
	}
	if !a.Values.done(Access) {
		return "", ErrState
	}
	claimed := s.Now().UTC().Truncate(time.Microsecond)
	if done, err := s.claimSandbox(ctx, p, a, claimed); err != nil || done {
		return "", err
	}
	app := a.tried()
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	client, err := s.Sandbox.Register(call, app)
	ctx = context.WithoutCancel(ctx) // what was begun is finished, also for a page that has no time left
	if err != nil {
		_, dropped := s.DB.From(ctx).Exec(ctx, `delete from partner_sandbox_clients where application_id = $1 and asked_at = $2 and client_id is null`, id, claimed)
		return "", errors.Join(invalid(err), dropped)
	}
	err = s.keepSandbox(ctx, p, a, client, app, claimed)
	if err != nil {
		return "", errors.Join(err, s.Sandbox.Delete(call, client))
	}
	return client.Secret, nil
}

// claimSandbox lets one registration of a request run; done means that there is a client.
func (s *Service) claimSandbox(ctx context.Context, p Person, a Application, claimed time.Time) (done bool, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.lock(ctx, p, a.ID); err != nil {
			return err
		}
		t, err := s.Tried(ctx, a)
		if err != nil {
			return err
		}
		if done = t.ClientID != ""; done {
			return nil
		}
		if !t.at.IsZero() && claimed.Sub(t.at) < registering {
			return ErrBusy
		}
		_, err = s.DB.From(ctx).Exec(ctx, `
			insert into partner_sandbox_clients (application_id, issuer, asked_at) values ($1, $2, $3)
			on conflict on constraint partner_sandbox_clients_pkey do update set issuer = excluded.issuer, asked_at = excluded.asked_at,
				client_id = null, sealed = null, registered_as = null, created_at = null`, a.ID, s.Sandbox.Issuer(), claimed) // that of another sandbox is of no use
		if err != nil {
			return fmt.Errorf("claiming a sandbox client: %w", err)
		}
		return nil
	})
	return done, err
}

func (s *Service) keepSandbox(ctx context.Context, p Person, a Application, client SandboxClient, app App, claimed time.Time) error {
	plain, err := json.Marshal(client)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.DB.From(ctx).Exec(ctx, `
			update partner_sandbox_clients set client_id = $3, sealed = $4, registered_as = $5, created_at = $6 where application_id = $1 and asked_at = $2 and client_id is null`,
			a.ID, claimed, client.ID, s.Keyring.Seal(seal.PII, sandboxPlace(a.ID), plain), digestOf(app), s.Now())
		if err != nil {
			return fmt.Errorf("keeping a sandbox client: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return ErrBusy // it took too long, and another try has begun
		}
		return s.changed(ctx, p, client.ID, "sandbox")
	})
}

// keptSandbox is the client of a request at the sandbox, if it is still the one that the page showed.
func (s *Service) keptSandbox(ctx context.Context, p Person, id uuid.UUID, seen string) (a Application, c SandboxClient, err error) {
	if a, err = s.Application(ctx, p, id); err != nil {
		return a, c, err
	}
	t, err := s.Tried(ctx, a)
	switch {
	case err != nil:
		return a, c, err
	case t.ClientID == "" || t.ClientID != seen:
		return a, c, ErrEdited
	}
	plain, err := s.Keyring.Open(seal.PII, sandboxPlace(id), t.sealed)
	if err == nil {
		err = json.Unmarshal(plain, &c)
	}
	if err != nil {
		return a, c, fmt.Errorf("opening a sandbox client: %w", err)
	}
	c.ID = t.ClientID
	return a, c, nil
}

// UpdateSandbox brings the client at the sandbox up to the form. The error is Invalid, ErrState, ErrEdited, ErrAway, ErrNotFound, or the
// database's.
func (s *Service) UpdateSandbox(ctx context.Context, p Person, id uuid.UUID, seen string) error {
	a, c, err := s.keptSandbox(ctx, p, id, seen)
	if err != nil {
		return err
	}
	if !a.Values.done(Access) {
		return ErrState
	}
	app := a.tried()
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if err := s.Sandbox.Update(call, c, app); errors.Is(err, ErrNotFound) {
		return ErrEdited // it is gone there: a new one can be made
	} else if err != nil {
		return invalid(err)
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		_, err := s.DB.From(ctx).Exec(ctx, `update partner_sandbox_clients set registered_as = $3 where application_id = $1 and client_id = $2`, id, c.ID, digestOf(app))
		if err != nil {
			return fmt.Errorf("keeping a sandbox client: %w", err)
		}
		return s.changed(ctx, p, c.ID, "sandbox_updated")
	})
}

// ReplaceSandbox ends the client at the sandbox and registers another, for a secret that was lost. The errors are those of TrySandbox,
// and ErrEdited.
func (s *Service) ReplaceSandbox(ctx context.Context, p Person, id uuid.UUID, seen string) (secret string, err error) {
	a, c, err := s.keptSandbox(ctx, p, id, seen)
	if err != nil {
		return "", err
	}
	if !a.Values.done(Access) {
		return "", ErrState
	}
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if err := s.Sandbox.Delete(call, c); err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.From(ctx).Exec(ctx, `delete from partner_sandbox_clients where application_id = $1 and client_id = $2`, id, c.ID); err != nil {
			return fmt.Errorf("removing a sandbox client: %w", err)
		}
		return s.note(ctx, audit.Event{Kind: audit.PartnerChanged, Subject: p.Organisation.String(), Actor: p.ID.String(), ClientID: c.ID, Success: true, Data: map[string]string{"what": "sandbox_ended"}})
	})
	if err != nil {
		return "", err
	}
	return s.TrySandbox(ctx, p, id)
}
