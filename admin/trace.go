package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/recovery"
)

// Trace is something that a person of the desk asked for or approved, and that others should look at when the person leaves.
type Trace struct {
	Act       Act
	State     TraceState
	SubjectID uuid.UUID // the member, or for roles
	PersonID  uuid.UUID // the colleague
	Name      string    // username or masked name of the member, name of the colleague
	At        time.Time // when it is made, expires, or ended
}

// TraceState is the state of a Trace. Its values are ends of catalog keys.
type TraceState string

// The states.
const (
	TraceHeld     TraceState = "on_hold"  // asked for by the person
	TraceApproved TraceState = "approved" // by the person, and on hold
	TraceAsked    TraceState = "asked"    // and not decided
	TraceEnded    TraceState = "ended"    // with the person's role
)

const tracesShown = 50 // of a kind

// traces are what a person left, what is on hold first.
func (s *Service) traces(ctx context.Context, id uuid.UUID) ([]Trace, error) {
	held, err := s.recovery.HeldBy(ctx, id.String(), tracesShown)
	if err != nil {
		return nil, err
	}
	var all []Trace
	for _, c := range held {
		all = append(all, Trace{Act: Act(c.Act), State: TraceHeld, SubjectID: c.AccountID, At: c.ApplyAt})
	}
	rows, err := s.store.requestsBy(ctx, id, s.now())
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		t := Trace{Act: r.Act, State: TraceAsked, SubjectID: r.SubjectID, At: r.ExpiresAt.UTC()}
		switch {
		case r.AskedBy != id:
			held, err := s.recovery.Pending(ctx, r.SubjectID)
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(held, func(c recovery.Change) bool { return Act(c.Act) == r.Act && c.AskedBy == r.AskedBy.String() })
			if i < 0 {
				continue
			}
			t.State, t.At = TraceApproved, held[i].ApplyAt
		case r.DecidedAt != nil:
			t.State, t.At = TraceEnded, r.DecidedAt.UTC()
		}
		all = append(all, t)
	}
	for i := range all {
		u, err := s.subject(ctx, all[i].SubjectID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all[i].Name = u.called()
	}
	roles, err := s.store.rolesAskedBy(ctx, id, s.now())
	slices.SortStableFunc(all, func(a, b Trace) int { return b.rank() - a.rank() })
	return append(all, roles...), err
}

// rank is higher for what is on hold.
func (t Trace) rank() int {
	if t.OnHold() {
		return 1
	}
	return 0
}

// OnHold reports whether it can be stopped.
func (t Trace) OnHold() bool { return t.State == TraceHeld || t.State == TraceApproved }

// Person reports whether it is about a colleague.
func (t Trace) Person() bool { return t.PersonID != uuid.Nil }

// requestsBy are the requests that a person asked for and that are open or ended with their role, and those that they approved and that
// may be on hold.
func (s *store) requestsBy(ctx context.Context, id uuid.UUID, now time.Time) ([]requestRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select `+requestColumns+` from desk_requests
		where asked_by = $1 and (decided_at is null and expires_at > $2 or decision = 'ended' and decided_at > $3)
			or decided_by = $1 and decision = 'approved' and decided_at > $3
		order by asked_at desc limit $4`, id, now, now.Add(-bookShown), tracesShown)
	if err != nil {
		return nil, fmt.Errorf("reading requests: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[requestRow])
}

// rolesAskedBy are the changes of colleagues that a person asked for within a day.
func (s *store) rolesAskedBy(ctx context.Context, id uuid.UUID, now time.Time) ([]Trace, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select account_id, name, asked_reset, asked_ended, asked_at from staff
		where asked_by = $1 and asked_at > $2 and removed_at is null order by asked_at desc limit $3`, id, now.Add(-requestLife), tracesShown)
	if err != nil {
		return nil, fmt.Errorf("reading what was asked for colleagues: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Trace, error) {
		var isReset, isEnded bool
		t := Trace{Act: SetRoles, State: TraceAsked}
		err := row.Scan(&t.PersonID, &t.Name, &isReset, &isEnded, &t.At)
		if isReset {
			t.Act = ResetPerson
		}
		t.At = t.At.Add(requestLife).UTC()
		if isEnded {
			t.State, t.At = TraceEnded, time.Time{}
		}
		return t, err
	})
}
