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
	"huskyidp/templates"
)

// NothingError says that an act has nothing to act on, or no longer, and why.
type NothingError struct {
	Why  string    // end of a catalog key
	At   time.Time // when that happened, or until when a change is on hold
	Next Act       // what can be done instead; "" for nothing
}

func (e *NothingError) Error() string { return "admin: there is nothing to act on: " + e.Why }

// Is makes it an ErrConflict for callers that do not ask why.
func (e *NothingError) Is(target error) bool { return target == ErrConflict }

func (e *NothingError) problem() templates.Problem {
	return templates.Problem{Key: "admin.act.nothing_" + e.Why, Args: templates.Args{"datetime": e.At}}
}

// nothingToWithdraw says what became of a person's last request on a member.
func (s *Service) nothingToWithdraw(ctx context.Context, by uuid.UUID, u *Subject) error {
	r, err := s.store.lastRequest(ctx, u.ID, by, s.now())
	if errors.Is(err, ErrNotFound) {
		return &NothingError{Why: "asked_none"}
	}
	if err != nil {
		return err
	}
	switch {
	case r.DecidedAt == nil && s.now().Before(r.ExpiresAt):
		return nil
	case r.DecidedAt == nil:
		return &NothingError{Why: "asked_expired", At: r.ExpiresAt.UTC()}
	case *r.Decision != outcomeApproved:
		return &NothingError{Why: "asked_" + *r.Decision, At: r.DecidedAt.UTC()}
	}
	changes, err := s.recovery.Recent(ctx, u.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(changes, func(c recovery.Change) bool { return Act(c.Act) == r.Act && c.AskedBy == by.String() })
	switch {
	case i >= 0 && changes[i].Held():
		return &NothingError{Why: "asked_held", At: changes[i].ApplyAt, Next: StopChange}
	case i >= 0 && !changes[i].Applied():
		return &NothingError{Why: "asked_stopped"}
	}
	return &NothingError{Why: "asked_made"}
}

// nothingToStop says what became of the member's last change on hold.
func (s *Service) nothingToStop(ctx context.Context, u *Subject) error {
	changes, err := s.recovery.Recent(ctx, u.ID)
	switch {
	case err != nil || slices.ContainsFunc(changes, recovery.Change.Held):
		return err
	case len(changes) == 0:
		return &NothingError{Why: "change_none"}
	case changes[0].Applied():
		return &NothingError{Why: "change_made", At: changes[0].ApplyAt, Next: EndSessions}
	}
	return &NothingError{Why: "change_stopped"}
}

// lastRequest is the newest request on a member by a person; one that expired undecided counts as decided then. The error is ErrNotFound, or the database's.
func (s *store) lastRequest(ctx context.Context, subject, by uuid.UUID, now time.Time) (requestRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select `+requestColumns+` from desk_requests where subject_id = $1 and asked_by = $2
		order by (decided_at is null and expires_at > $3) desc, asked_at desc, id desc limit 1`, subject, by, now)
	if err != nil {
		return requestRow{}, fmt.Errorf("reading requests: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[requestRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return r, ErrNotFound
	}
	return r, err
}

// nothing returns why an act has nothing to act on before anything is typed; nil if it has.
func (s *Service) nothing(ctx context.Context, by uuid.UUID, act Act, u *Subject) (*NothingError, error) {
	if (act == Disable || act == Enable) && u.hasAccount() && !(&Summary{Status: statusOf(u)}).offers(act) {
		return &NothingError{Why: unchanged[act]}, nil
	}
	err := s.effective(ctx, by, act, u, Ask{})
	if nothing, ok := errors.AsType[*NothingError](err); ok {
		return nothing, nil
	}
	if _, invalid := errors.AsType[Invalid](err); invalid {
		return nil, nil
	}
	return nil, err
}

// unchanged are the reasons of acts that found nothing to change.
var unchanged = map[Act]string{ReleaseLock: "lock", StopChange: "change_stopped", Disable: "disabled", Enable: "enabled"}
