package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
)

// Alert is one alert, or several of one kind about the same account, app and person that nobody, or one person at a moment, has
// taken care of (S-62, S-74). It holds IDs and fixed words only.
type Alert struct {
	ID          uuid.UUID // of the newest event
	Name        string    // as in logs and metrics
	N           int
	First, Last time.Time
	Account     uuid.UUID // whom it concerns, zero if nobody
	Colleague   bool      // that is an account of the desk
	Client      string    // app, "" if none
	Actor       uuid.UUID // person of the desk who set it off, zero if nobody
	Who         string    // name of Actor, or of Account if that is a colleague; "" once they have left
	State       AlertState
	By          string // who saw or handled it, "" once they have left
	ByID        uuid.UUID
	At          time.Time
}

// AlertState is what became of an alert.
type AlertState string

// The states. Nobody has seen an open one.
const (
	AlertOpen    AlertState = ""
	AlertSeen    AlertState = "seen"
	AlertHandled AlertState = "handled"
)

// AlertFilter selects a page of alerts.
type AlertFilter struct {
	Show string // "" for those that are not handled, handled, or all
	Area string // "" for all
	Page int    // from 0
}

// Alerts is a page of them, and how many match.
type Alerts struct {
	Rows  []Alert
	Total int
}

const (
	alertSpan = 90 * 24 * time.Hour
	alertPage = 50
)

// Alerts lists what needed attention at once, newest first. The error is ErrForbidden, or the database's.
func (s *Service) Alerts(ctx context.Context, p Person, f AlertFilter) (found Alerts, err error) {
	err = s.record(ctx, p, entry{act: ListAlerts}, func(ctx context.Context, _ *entry) error {
		if err := s.allow(p, ListAlerts, nil); err != nil {
			return err
		}
		found, err = s.store.alerts(ctx, f, s.now())
		return err
	})
	return found, err
}

// openAlerts counts the rows of Alerts that nobody has handled, for the menu.
func (s *Service) openAlerts(ctx context.Context, p Person) (n int, err error) {
	if !p.may(ListAlerts) {
		return 0, nil
	}
	err = s.db.From(ctx).QueryRow(ctx, `
		select count(*) from (
			select distinct e.kind, e.reason, e.account_id, e.client_id, e.actor, h.staff_id, h.at
			from alert_events e left join desk_alerts h on h.event_id = e.id
			where e.at > $1 and h.state is distinct from 'handled') as rows`, s.now().Add(-alertSpan)).Scan(&n)
	return n, err
}

// HandledError says that somebody else has handled an alert before.
type HandledError struct{ Alert }

func (e *HandledError) Error() string { return "admin: the alert was handled before" }

// ownOf reports whether a person set the alert off.
func (a Alert) ownOf(p Person) bool { return a.Actor == p.ID || a.Account == p.ID }

// TakeAlert notes that a person has seen, or handled, an alert and all earlier ones like it, and returns its state: what is handled is
// not merely seen any more, until somebody opens again what was handled with it. Nobody does so with what they set off themselves.
// Pressing again changes nothing. The error is those of allow, ErrNotFound, ErrOwn, *HandledError, *LimitError, ErrOtherBody, or the database's.
func (s *Service) TakeAlert(ctx context.Context, p Person, o *Once, id uuid.UUID, act Act) (state AlertState, err error) {
	wanted, known := map[Act]AlertState{SeeAlert: AlertSeen, HandleAlert: AlertHandled, ReopenAlert: AlertSeen}[act]
	if !known {
		return "", ErrNotFound
	}
	err = s.record(ctx, p, entry{act: act}, func(ctx context.Context, e *entry) error {
		return s.once(ctx, p, o, &state, func(ctx context.Context) error {
			if err := s.allow(p, act, nil); err != nil {
				return err
			}
			if err := s.take(ctx, caseActs, p); err != nil {
				return err
			}
			a, err := s.store.alert(ctx, id)
			if err != nil {
				return err
			}
			e.data = map[string]string{"alert": a.Name, "event": id.String()}
			if a.ownOf(p) {
				return ErrOwn
			}
			var changed bool
			if act == ReopenAlert {
				changed, err = s.store.reopenAlert(ctx, id, p.ID, s.now())
			} else {
				changed, err = s.store.takeAlert(ctx, id, wanted, p.ID, s.now())
			}
			if state = wanted; err != nil || changed {
				return err
			}
			if act != ReopenAlert && a.State == AlertHandled && a.ByID != p.ID {
				return &HandledError{a}
			}
			state = a.State
			return nil
		})
	})
	return state, err
}

// alertColumns are those of alert_events as e, with what became of each as h.
const (
	alertColumns = `e.kind, e.reason, e.account_id, m.account_id is not null, e.client_id, a.account_id, coalesce(a.name, m.name, ''),
		coalesce(h.state, ''), coalesce(b.name, ''), h.staff_id, h.at`
	fromAlerts = ` from alert_events e left join desk_alerts h on h.event_id = e.id left join staff b on b.account_id = h.staff_id
		left join staff a on a.account_id::text = e.actor left join staff m on m.account_id = e.account_id `
)

func (a *Alert) scan(row pgx.Row, more ...any) error {
	var e audit.Event
	var account, actor, by *uuid.UUID
	var at *time.Time
	err := row.Scan(append([]any{&e.Kind, &e.Reason, &account, &a.Colleague, &a.Client, &actor, &a.Who, &a.State, &a.By, &by, &at}, more...)...)
	a.ByID = postgres.Value(by)
	a.Account, a.Actor, a.At = postgres.Value(account), postgres.Value(actor), postgres.Value(at).UTC()
	a.Name = e.AlertName()
	return err
}

func (s *store) alerts(ctx context.Context, f AlertFilter, now time.Time) (found Alerts, err error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select `+alertColumns+`, count(*), min(e.at), max(e.at), (array_agg(e.id order by e.at desc, e.id desc))[1], count(*) over ()`+fromAlerts+`
		where e.at > @since and (cardinality(@kinds::text[]) = 0 or e.kind = any(@kinds))
			and case @show when 'all' then true when 'handled' then h.state = 'handled' else h.state is distinct from 'handled' end
		group by e.kind, e.reason, e.account_id, m.account_id, m.name, e.client_id, a.account_id, a.name, h.state, h.staff_id, b.name, h.at
		order by max(e.at) desc, 15 limit @limit offset @offset`,
		pgx.NamedArgs{"since": now.Add(-alertSpan), "kinds": append([]audit.Kind{}, audit.AlertAreas()[f.Area]...), "show": f.Show, "limit": alertPage, "offset": f.Page * alertPage})
	if err != nil {
		return found, fmt.Errorf("reading alerts: %w", err)
	}
	found.Rows, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Alert, err error) {
		err = a.scan(row, &a.N, &a.First, &a.Last, &a.ID, &found.Total)
		a.First, a.Last = a.First.UTC(), a.Last.UTC()
		return a, err
	})
	return found, err
}

// alert reads one. The error is ErrNotFound, or the database's.
func (s *store) alert(ctx context.Context, id uuid.UUID) (a Alert, err error) {
	err = a.scan(s.db.From(ctx).QueryRow(ctx, `select `+alertColumns+fromAlerts+`where e.id = $1`, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return a, ErrNotFound
	}
	return a, err
}

// takeAlert reports whether anything changed. What is handled stays so.
func (s *store) takeAlert(ctx context.Context, id uuid.UUID, state AlertState, by uuid.UUID, now time.Time) (bool, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		insert into desk_alerts as d (event_id, state, staff_id, at)
		select e.id, @state, @by, @now from alert_events n join alert_events e on e.kind = n.kind and e.reason = n.reason
			and e.account_id is not distinct from n.account_id and e.client_id = n.client_id and e.actor = n.actor and (e.at, e.id) <= (n.at, n.id)
		where n.id = @id and e.at > @since
		on conflict on constraint desk_alerts_pkey do update set state = excluded.state, staff_id = excluded.staff_id, at = excluded.at
			where d.state = 'seen' and excluded.state = 'handled'`,
		pgx.NamedArgs{"id": id, "state": state, "by": by, "now": now, "since": now.Add(-alertSpan)})
	return tag.RowsAffected() > 0, busy(err)
}

// reopenAlert reports whether anything changed. It concerns what one press had handled.
func (s *store) reopenAlert(ctx context.Context, id, by uuid.UUID, now time.Time) (bool, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		update desk_alerts d set state = 'seen', staff_id = $2, at = $3 from desk_alerts one
		where one.event_id = $1 and one.state = 'handled' and d.state = 'handled' and d.staff_id = one.staff_id and d.at = one.at`, id, by, now)
	return tag.RowsAffected() > 0, busy(err)
}
