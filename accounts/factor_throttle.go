package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// Wrong codes of a factor are counted separately from wrong passwords, and no right password clears them (S-16).
const (
	factorWindow      = 10 * time.Minute
	factorWindowTries = 10 // within the window: the factor is locked for the same time again
	factorLock        = 10 * time.Minute
	allFactorTries    = 100 // consecutive: only support can help, by removing the factor
)

// reserveFactor counts a failure before the code is compared, and runs what read queues in the same round trip. If that
// row is missing the error is ErrNoFactor. A right code deletes the count. lock is what this failure begins. again marks the same wrong code of the same page, which is not counted.
func (s *Service) reserveFactor(ctx context.Context, accountID uuid.UUID, f Factor, again bool, read func(*pgx.Batch)) (lock begunLock, err error) {
	now := s.now()
	var locked *FactorLockedError
	b := &pgx.Batch{}
	b.Queue(`
		with attempt as (
			insert into factor_throttles as t (account_id, factor, failures, window_began_at, window_failures, last_failed_at)
			values (@account_id, @factor, 1, @now, 1, @now)
			on conflict on constraint factor_throttles_pkey do update set
				failures        = case when @again then t.failures else t.failures + 1 end,
				last_failed_at  = @now,
				window_began_at = case when t.window_began_at <= @window::timestamptz then @now else t.window_began_at end,
				window_failures = case when @again and t.window_began_at > @window then t.window_failures when t.window_began_at <= @window then 1 else t.window_failures + 1 end,
				locked_until    = case when not @again::boolean and t.window_began_at > @window and t.window_failures + 1 >= @most then @lock::timestamptz end
			where t.failures < @all and (t.locked_until is null or t.locked_until <= @now)
			returning locked_until, failures
		)
		select exists (select from attempt), (select locked_until from attempt), coalesce((select failures from attempt) = @all::int and not @again, false), t.failures, t.locked_until
		from (values (1)) one left join factor_throttles t on t.account_id = @account_id and t.factor = @factor`,
		pgx.NamedArgs{
			"account_id": accountID, "factor": f, "again": again, "now": now, "window": now.Add(-factorWindow), "most": factorWindowTries,
			"lock": now.Add(factorLock), "all": allFactorTries,
		}).QueryRow(func(row pgx.Row) error {
		var granted bool
		var failures *int
		var begun, until *time.Time
		if err := row.Scan(&granted, &begun, &lock.usedUp, &failures, &until); err != nil {
			return err
		}
		if granted {
			if begun != nil {
				lock.until = begun.UTC()
			}
			return nil
		}
		locked = &FactorLockedError{Until: now.Add(factorLock)} // a lock that began just now is not visible to this statement
		switch {
		case failures != nil && *failures >= allFactorTries:
			locked.Until, locked.UsedUp = now.Add(longestWait), true
		case until != nil && until.After(now):
			locked.Until = until.UTC()
		}
		locked.wait = locked.Until.Sub(now)
		return nil
	})
	read(b)
	err = s.store.run(ctx, b)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return lock, ErrNoFactor
	case err != nil:
		return lock, fmt.Errorf("counting a code: %w", err)
	case locked != nil:
		return lock, s.refusedFactor(ctx, accountID, f, locked)
	}
	return lock, nil
}

// begunLock is the lock that a wrong code begins, if any.
type begunLock struct {
	until  time.Time // zero for none
	usedUp bool      // no code is taken any more
}

// wrongFactor is refusedFactor for a failure that reserveFactor counted. The owner is notified of a lock: whoever types
// codes knows the password.
func (s *Service) wrongFactor(ctx context.Context, accountID uuid.UUID, f Factor, lock begunLock, outcome error) error {
	if lock == (begunLock{}) {
		return s.refusedFactor(ctx, accountID, f, outcome)
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		now := s.now()
		err := s.audit.Record(ctx, audit.Event{
			Kind: audit.AccountLocked, At: now, AccountID: accountID.String(), RequestID: web.RequestID(ctx), Success: true, Reason: "failed_codes",
			Data: map[string]string{"factor": string(f)},
		})
		if err != nil {
			return err
		}
		kind, args := "factor_locked", templates.Args{"at": now, "datetime": lock.until}
		if lock.usedUp {
			kind, args = "factor_used_up", templates.Args{"at": now, "factor": templates.Key("accounts.factor_name." + string(f))}
		}
		if err := s.Notify(ctx, accountID, kind, args); err != nil {
			return err
		}
		if refused := s.refusedFactor(ctx, accountID, f, outcome); !errors.Is(refused, outcome) {
			return refused
		}
		return nil
	})
	if err != nil {
		return err
	}
	return outcome
}
