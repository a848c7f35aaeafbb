package partners

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// State of what an organisation asks for.
type State string

// The states. What was refused may be changed, and is a draft again then.
const (
	Draft    State = "draft"
	Sent     State = "sent"
	Taken    State = "taken" // somebody of the desk looks at it
	Approved State = "approved"
	Refused  State = "refused"
)

// Open reports whether the organisation may change it.
func (s State) Open() bool { return s == Draft || s == Refused }

const maxApplications = 10 // of an organisation

var sends = ratelimit.Limit{Name: "partner_sends", Count: 20, Per: 24 * time.Hour}

// Application is a request of an organisation to have an app in production.
type Application struct {
	ID, OrganisationID uuid.UUID
	Organisation       string
	State              State
	Version            int // of the state: what was decided, or taken, meanwhile has another one
	CreatedAt          time.Time
	SentAt, DecidedAt  time.Time
	TakenBy            uuid.UUID
	Test, Production   string      // client_id, "" for none
	Complaints         []Complaint // for the desk alone
	IsAlone            bool        // for the desk alone: the organisation has one person
	form
}

// form is the sealed part.
type form struct {
	Values    Values
	Criteria  []Criterion
	CheckedAt time.Time
	Reason    string // of the decision
}

// Name is what the app is called, or the organisation as long as it has no name.
func (a Application) Name() string {
	if name := a.Values["name_en"]; name != "" {
		return name
	}
	return a.Organisation
}

func formPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "partner_applications", Column: "form_sealed", Row: id.String()}
}

const applicationColumns = `a.id, a.organisation_id, o.name, a.state, a.version, a.created_at, a.sent_at, a.decided_at, a.taken_by, a.form_sealed,
	coalesce((select client_id from partner_clients c where c.application_id = a.id and kind = 'test'), ''),
	coalesce((select client_id from partner_clients c where c.application_id = a.id and kind = 'production'), '')
	from partner_applications a join partner_organisations o on o.id = a.organisation_id `

func (s *Service) scan(row pgx.CollectableRow) (a Application, err error) {
	var sealed []byte
	var sent, decided *time.Time
	var by *uuid.UUID
	if err = row.Scan(&a.ID, &a.OrganisationID, &a.Organisation, &a.State, &a.Version, &a.CreatedAt, &sent, &decided, &by, &sealed, &a.Test, &a.Production); err != nil {
		return a, err
	}
	a.SentAt, a.DecidedAt, a.TakenBy = postgres.Value(sent).UTC(), postgres.Value(decided).UTC(), postgres.Value(by)
	plain, err := s.Keyring.Open(seal.PII, formPlace(a.ID), sealed)
	if err == nil {
		err = json.Unmarshal(plain, &a.form)
	}
	if err != nil {
		return a, fmt.Errorf("opening a partner's form: %w", err)
	}
	return a, nil
}

func (s *Service) applications(ctx context.Context, where string, args ...any) ([]Application, error) {
	rows, err := s.DB.From(ctx).Query(ctx, `select `+applicationColumns+where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading what partners ask for: %w", err)
	}
	return pgx.CollectRows(rows, s.scan)
}

func one(all []Application, err error) (Application, error) {
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Application{}, err
	}
	return all[0], nil
}

// Applications are those of the organisation, the newest first.
func (s *Service) Applications(ctx context.Context, p Person) ([]Application, error) {
	return s.applications(ctx, `where a.organisation_id = $1 order by a.id desc`, p.Organisation)
}

// Application is one of the organisation's. The error is ErrNotFound, also for another's, or the database's.
func (s *Service) Application(ctx context.Context, p Person, id uuid.UUID) (Application, error) {
	return one(s.applications(ctx, `where a.id = $1 and a.organisation_id = $2`, id, p.Organisation))
}

// lock is Application for a change in the transaction of ctx.
func (s *Service) lock(ctx context.Context, p Person, id uuid.UUID) (Application, error) {
	return one(s.applications(ctx, `where a.id = $1 and a.organisation_id = $2 for update of a`, id, p.Organisation))
}

// Start makes an empty draft, or finds one that nobody has filled in: a second press makes none. The error is ErrTooMany, or the database's.
func (s *Service) Start(ctx context.Context, p Person) (id uuid.UUID, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := s.room(ctx, p.Organisation); err != nil && !errors.Is(err, ErrTooMany) {
			return err
		}
		all, err := s.Applications(ctx, p)
		if err != nil {
			return err
		}
		for _, a := range all {
			if a.State == Draft && len(a.Values) == 0 {
				id = a.ID
				return nil
			}
		}
		if len(all) >= maxApplications {
			return ErrTooMany
		}
		id = uuid.Must(uuid.NewV7())
		sealed, err := s.sealForm(id, form{})
		if err != nil {
			return err
		}
		_, err = s.DB.From(ctx).Exec(ctx, `insert into partner_applications (id, organisation_id, state, form_sealed, created_at, changed_at) values ($1, $2, 'draft', $3, $4, $4)`,
			id, p.Organisation, sealed, s.Now())
		return err
	})
	return id, err
}

func (s *Service) sealForm(id uuid.UUID, f form) ([]byte, error) {
	plain, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	return s.Keyring.Seal(seal.PII, formPlace(id), plain), nil
}

// update stores form and state.
func (s *Service) update(ctx context.Context, a Application) error {
	sealed, err := s.sealForm(a.ID, a.form)
	if err != nil {
		return err
	}
	_, err = s.DB.From(ctx).Exec(ctx, `
		update partner_applications set state = $2, version = $3, form_sealed = $4, changed_at = $5, sent_at = $6, taken_by = $7::uuid, decided_at = $8::timestamptz,
			decided_by = case when $8 is null then null else $7 end where id = $1`,
		a.ID, a.State, a.Version, sealed, s.Now(), postgres.Nullable(a.SentAt), postgres.Nullable(a.TakenBy), postgres.Nullable(a.DecidedAt))
	if err != nil {
		return fmt.Errorf("storing what a partner asks for: %w", err)
	}
	return nil
}

// Mark identifies the content of a step: a form that was rendered for another content is of a tab that has been overtaken.
func (a Application) Mark(step Step) string {
	text, _ := json.Marshal(a.Values.of(step)) // a map of strings
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Invalid are the problems of a form, which was not stored.
type Invalid []templates.Problem

func (e Invalid) Error() string { return "partners: the form has problems" }

// Save stores a step, which must be whole. was is the Mark that the form was rendered with. What is stored already is not stored again.
// The error is Invalid, ErrEdited, ErrState, ErrNotFound, or the database's.
func (s *Service) Save(ctx context.Context, p Person, id uuid.UUID, step Step, typed Values, was string) error {
	if _, err := s.Application(ctx, p, id); err != nil {
		return err
	}
	own := typed.of(step)
	if err := s.judge(ctx, p.Organisation, step, own); err != nil {
		if invalid, ok := errors.AsType[Invalid](err); ok {
			e := audit.Event{Kind: audit.PartnerRefused, Reason: "field", Subject: p.Organisation.String(), Actor: p.ID.String(), Data: map[string]string{"request": id.String(), "field": invalid[0].Field}}
			if err := s.note(ctx, e); err != nil {
				return err
			}
		}
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err := s.lock(ctx, p, id)
		if err != nil {
			return err
		}
		now := a.Mark(step)
		next := Application{form: form{Values: own}}.Mark(step)
		switch {
		case !a.State.Open():
			return ErrState
		case next == now && a.Values.done(step):
			return nil
		case was != now:
			return ErrEdited
		}
		a.Values, a.State, a.DecidedAt, a.TakenBy = a.Values.with(step, own), Draft, time.Time{}, uuid.Nil
		if err := s.update(ctx, a); err != nil {
			return err
		}
		return s.note(ctx, audit.Event{Kind: audit.PartnerSaved, Subject: p.Organisation.String(), Actor: p.ID.String(), Success: true, Data: map[string]string{"request": id.String(), "step": string(step)}})
	})
}

// judge checks a step by itself, as every way in does.
func (s *Service) judge(ctx context.Context, organisation uuid.UUID, step Step, own Values) error {
	if found := own.problems(step); len(found) > 0 {
		return Invalid(found)
	}
	_, err := s.check(ctx, organisation, own.app())
	return invalid(err)
}

// check is Apps.Check for an app of the organisation.
func (s *Service) check(ctx context.Context, organisation uuid.UUID, a App) (func(context.Context, string) error, error) {
	var err error
	if a.Own, err = s.clientIDs(ctx, organisation); err != nil {
		return nil, err
	}
	return s.Apps.Check(ctx, a)
}

// invalid makes a problem of the form of a Fault.
func invalid(err error) error {
	fault, ok := errors.AsType[*Fault](err)
	if !ok {
		return err
	}
	return Invalid{{Field: fieldOf(fault.Member), Key: "partners.wrong.rule", Args: templates.Args{"rule": fault.Rule}}}
}

// Send gives what is filled in to the desk, with what the machine finds of the criteria. Sending twice is sending once. The error is
// Invalid, ErrState, ErrNotFound, *ratelimit.Exceeded, or the database's.
func (s *Service) Send(ctx context.Context, p Person, id uuid.UUID) error {
	seen, err := s.Application(ctx, p, id)
	if err != nil {
		return err
	}
	if !seen.State.Open() {
		return nil
	}
	if !seen.Values.complete() {
		return ErrState
	}
	if err := s.Limiter.Take(ctx, sends, p.Organisation.String(), s.Now()); err != nil { // it calls addresses
		return err
	}
	if _, err := s.check(ctx, p.Organisation, seen.Values.app()); err != nil {
		return invalid(err)
	}
	criteria, err := s.criteria(ctx, seen)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err := s.lock(ctx, p, id)
		if err != nil {
			return err
		}
		if !a.State.Open() {
			return nil
		}
		if !equal(a.Values, seen.Values) {
			return ErrState
		}
		a.State, a.Version, a.SentAt, a.TakenBy, a.DecidedAt = Sent, a.Version+1, s.Now(), uuid.Nil, time.Time{}
		a.Criteria, a.CheckedAt, a.Reason = criteria, s.Now(), ""
		if err := s.update(ctx, a); err != nil {
			return err
		}
		return s.note(ctx, audit.Event{Kind: audit.PartnerSent, Subject: p.Organisation.String(), Actor: p.ID.String(), Success: true, Data: map[string]string{"request": id.String()}})
	})
}

func equal(a, b Values) bool {
	one, _ := json.Marshal(a)
	other, _ := json.Marshal(b)
	return bytes.Equal(one, other)
}

// TestClient registers the test client of a request, once. It serves to try a sign-in: it returns to the developer's own machine alone,
// and learns nothing of whoever signs in but a name of its own for them (sub): nobody has looked at the app yet.
func (s *Service) TestClient(ctx context.Context, p Person, id uuid.UUID) (clientID string, err error) {
	a, err := s.Application(ctx, p, id)
	if err != nil || a.Test != "" {
		return a.Test, err
	}
	name := "Test " + id.String()[30:]
	register, err := s.check(ctx, p.Organisation, App{
		Operator: a.Organisation, NameEN: name, NameES: name, RedirectURIs: []string{"http://127.0.0.1/callback", "http://[::1]/callback"}, Native: true, Auth: authSecret,
		Scopes: []string{"openid", "offline_access"},
	})
	if err != nil {
		return "", invalid(err)
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err := s.lock(ctx, p, id)
		if err != nil {
			return err
		}
		if clientID = a.Test; clientID != "" {
			return nil
		}
		clientID = rand.Text()
		return s.register(ctx, a, "test", clientID, p.ID.String(), register)
	})
	return clientID, err
}

func (s *Service) register(ctx context.Context, a Application, kind, clientID, actor string, register func(context.Context, string) error) error {
	if err := register(ctx, clientID); err != nil {
		return invalid(err)
	}
	_, err := s.DB.From(ctx).Exec(ctx, `insert into partner_clients (client_id, organisation_id, application_id, kind, created_at) values ($1, $2, $3, $4, $5)`,
		clientID, a.OrganisationID, a.ID, kind, s.Now())
	if err != nil {
		return fmt.Errorf("keeping a partner's client: %w", err)
	}
	return s.note(ctx, audit.Event{Kind: audit.PartnerChanged, Subject: a.OrganisationID.String(), Actor: actor, ClientID: clientID, Success: true, Data: map[string]string{"what": kind}})
}
