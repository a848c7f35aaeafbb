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

// Waiting are what was sent, the oldest first, then what was decided, the newest first; at most 200.
func (s *Service) Waiting(ctx context.Context) ([]Application, error) {
	return s.applications(ctx, `where a.state <> 'draft' order by a.state in ('sent', 'taken') desc, case when a.state in ('sent', 'taken') then a.sent_at end, a.decided_at desc limit 200`)
}

// Request is one of them. The error is ErrNotFound, or the database's.
func (s *Service) Request(ctx context.Context, id uuid.UUID) (Application, error) {
	return one(s.applications(ctx, `where a.id = $1 and a.state <> 'draft'`, id))
}

// Take makes by the one who decides, after another look at the criteria. The error is ErrNotFound, ErrState if version is not the
// current one or it is decided, or the database's.
func (s *Service) Take(ctx context.Context, id uuid.UUID, version int, by uuid.UUID) error {
	seen, err := s.Request(ctx, id)
	if err != nil {
		return err
	}
	criteria, err := s.criteria(ctx, seen)
	if err != nil {
		return err
	}
	return s.decide(ctx, id, version, func(ctx context.Context, a *Application) error {
		a.State, a.TakenBy, a.Criteria, a.CheckedAt = Taken, by, criteria, s.Now()
		return s.note(ctx, audit.Event{Kind: audit.PartnerTaken, Subject: a.OrganisationID.String(), Actor: by.String(), Success: true, Data: map[string]string{"request": id.String()}})
	})
}

// Decide approves or refuses what by has taken; approval registers the production client. The organisation's people get a letter. The
// error is Invalid if the app breaks a rule by now, ErrNotFound, ErrState, or the database's.
func (s *Service) Decide(ctx context.Context, id uuid.UUID, version int, by uuid.UUID, approve bool, reason string) error {
	seen, err := s.Request(ctx, id)
	if err != nil {
		return err
	}
	if seen.State != Taken || seen.TakenBy != by {
		return ErrState
	}
	register := func(context.Context, string) error { return nil }
	if approve {
		app := seen.Values.app()
		app.Reviewed = true
		if register, err = s.check(ctx, seen.OrganisationID, app); err != nil {
			return invalid(err)
		}
	}
	return s.decide(ctx, id, version, func(ctx context.Context, a *Application) error {
		if a.TakenBy != by {
			return ErrState
		}
		a.State, a.DecidedAt, a.Reason = Refused, s.Now(), reason
		kind := "partner_refused"
		if approve {
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

// SetUse suspends or resumes a client of a partner: its tokens are refused within seconds, and members who allowed it something are
// told. The error is ErrNotFound, or the database's.
func (s *Service) SetUse(ctx context.Context, clientID string, allow bool, reason string, by uuid.UUID) error {
	var organisation uuid.UUID
	err := s.DB.From(ctx).QueryRow(ctx, `select organisation_id from partner_clients where client_id = $1`, clientID).Scan(&organisation)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("reading a partner's client: %w", err)
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		c, err := s.Apps.Client(ctx, clientID)
		if err != nil {
			return err
		}
		changed, err := s.Apps.SetUse(ctx, clientID, allow, reason, by.String())
		if err != nil || !changed {
			return err
		}
		kind := "partner_suspended"
		if allow {
			kind = "partner_resumed"
		}
		return s.tell(ctx, organisation, kind, templates.Args{"app": c.Name, "at": s.Now()})
	})
}
