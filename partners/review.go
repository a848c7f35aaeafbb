package partners

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/templates"
)

// What the desk does. Package admin checks who may, and keeps its own book.

// Waiting are what was sent, the oldest first, then what was decided, the newest first, and drafts that have a client; at most 200.
func (s *Service) Waiting(ctx context.Context) ([]Application, error) {
	return s.applications(ctx, `where `+seen+` order by a.state in ('sent', 'taken') desc, case when a.state in ('sent', 'taken') then a.sent_at end, a.decided_at desc limit 200`)
}

// seen is what the desk sees.
const seen = `(a.state <> 'draft' or exists (select from partner_clients c where c.application_id = a.id))`

// Request is one of them. The error is ErrNotFound, or the database's.
func (s *Service) Request(ctx context.Context, id uuid.UUID) (Application, error) {
	return one(s.applications(ctx, `where a.id = $1 and `+seen, id))
}

// Taking looks at the criteria once more, and returns what makes by the one who decides, in the transaction of its ctx. The errors are
// ErrNotFound, ErrState if version is not the current one or it is decided, or the database's.
func (s *Service) Taking(ctx context.Context, id uuid.UUID, version int, by uuid.UUID) (take func(context.Context) error, err error) {
	seen, err := s.Request(ctx, id)
	if err != nil {
		return nil, err
	}
	criteria, err := s.criteria(ctx, seen)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		return s.decide(ctx, id, version, func(ctx context.Context, a *Application) error {
			a.State, a.TakenBy, a.Criteria, a.CheckedAt = Taken, by, criteria, s.Now()
			return s.note(ctx, audit.Event{Kind: audit.PartnerTaken, Subject: a.OrganisationID.String(), Actor: by.String(), Success: true, Data: map[string]string{"request": id.String()}})
		})
	}, nil
}

// Decision is what somebody decides about a request.
type Decision struct {
	Approve  bool
	Although bool   // a criterion is not met; the reason says why
	Reason   string // for the partner
}

// ErrNotMet is an approval that does not say that a criterion is not met.
var ErrNotMet = errors.New("partners: a criterion is not met")

// Deciding returns what approves or refuses what by has taken, in the transaction of its ctx; approval registers the production client.
// The organisation's people get a letter. The errors are Invalid if the app breaks a rule by now, ErrNotMet, ErrNotFound, ErrState, or the
// database's.
func (s *Service) Deciding(ctx context.Context, id uuid.UUID, version int, by uuid.UUID, d Decision) (decide func(context.Context) error, err error) {
	seen, err := s.Request(ctx, id)
	if err != nil {
		return nil, err
	}
	if seen.State != Taken || seen.TakenBy != by || seen.Version != version {
		return nil, ErrState
	}
	var register func(context.Context, string) error
	if d.Approve {
		if !d.Although && seen.Unmet() {
			return nil, ErrNotMet
		}
		app := seen.Values.app()
		app.Reviewed = true
		if register, err = s.check(ctx, seen.OrganisationID, app); err != nil {
			return nil, invalid(err)
		}
	}
	return func(ctx context.Context) error {
		return s.decide(ctx, id, version, func(ctx context.Context, a *Application) error {
			if a.TakenBy != by {
				return ErrState
			}
			a.State, a.DecidedAt, a.Reason = Refused, s.Now(), d.Reason
			kind := "partner_refused"
			if d.Approve {
				a.State, kind = Approved, "partner_approved"
				if err := s.register(ctx, *a, "production", rand.Text(), by.String(), register); err != nil {
					return err
				}
			}
			e := audit.Event{Kind: audit.PartnerDecided, Subject: a.OrganisationID.String(), Actor: by.String(), Success: true, Reason: string(a.State), Data: map[string]string{"request": id.String()}}
			for _, c := range a.Criteria {
				if !c.Met {
					e.Data["not_met_"+c.Name] = yes
				}
			}
			return errors.Join(s.note(ctx, e), s.tell(ctx, a.OrganisationID, kind, templates.Args{"app": a.Name(), "at": s.Now()}))
		})
	}, nil
}

// decide changes what waits, if version is still the current one.
func (s *Service) decide(ctx context.Context, id uuid.UUID, version int, change func(context.Context, *Application) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err := one(s.applications(ctx, `where a.id = $1 and a.state in ('sent', 'taken') and a.version = $2 for update of a`, id, version))
		if errors.Is(err, ErrNotFound) {
			return ErrState
		}
		if err != nil {
			return err
		}
		a.Version++
		if err := change(ctx, &a); err != nil {
			return err
		}
		return s.update(ctx, a)
	})
}

// tell mails all people of an organisation, each in their language.
func (s *Service) tell(ctx context.Context, organisation uuid.UUID, kind string, args templates.Args) error {
	rows, err := s.DB.From(ctx).Query(ctx, `select id, email_sealed, language from partner_people where organisation_id = $1 and removed_at is null`, organisation)
	if err != nil {
		return fmt.Errorf("reading a partner's people: %w", err)
	}
	type reader struct{ email, lang string }
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r reader, err error) {
		var id uuid.UUID
		var sealed []byte
		if err = row.Scan(&id, &sealed, &r.lang); err == nil {
			r.email, err = s.openEmail("partner_people", id.String(), sealed)
		}
		return r, err
	})
	for _, r := range all {
		if err == nil {
			err = s.send(ctx, kind, r.email, r.lang, 0, args)
		}
	}
	return err
}

// Complaints are those of members about the app, for the desk.
func (s *Service) Complaints(ctx context.Context, a Application) (all []Complaint, err error) {
	for _, id := range []string{a.Production, a.Test} {
		if id == "" {
			continue
		}
		of, err := s.Apps.Complaints(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

// Suspended reports whether a client of the request is.
func (s *Service) Suspended(ctx context.Context, a Application) (bool, error) {
	for _, id := range []string{a.Production, a.Test} {
		if id != "" {
			c, err := s.Apps.Client(ctx, id)
			return !c.DisabledAt.IsZero(), err
		}
	}
	return false, nil
}

// SetUse suspends or resumes the clients of a request, in the transaction of ctx: their tokens are refused within seconds, and package
// provider tells the members who allowed them something. The error is ErrNotFound, ErrState without a client, or the database's.
func (s *Service) SetUse(ctx context.Context, id uuid.UUID, allow bool, reason string, by uuid.UUID) error {
	a, err := s.Request(ctx, id)
	if err != nil {
		return err
	}
	if a.Production == "" && a.Test == "" {
		return ErrState
	}
	isChanged := false
	for _, id := range []string{a.Production, a.Test} {
		if id == "" {
			continue
		}
		changed, err := s.Apps.SetUse(ctx, id, allow, reason, by.String())
		if err != nil {
			return err
		}
		isChanged = isChanged || changed
	}
	if !isChanged {
		return nil
	}
	kind := "partner_suspended"
	if allow {
		kind = "partner_resumed"
	}
	return s.tell(ctx, a.OrganisationID, kind, templates.Args{"app": a.Name(), "at": s.Now()})
}
