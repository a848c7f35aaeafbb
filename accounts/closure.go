package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Closure is what keeps a recovery from setting a new password, although the mailbox is proven. The zero value means
// that nothing does.
type Closure struct {
	Kind  LockKind  // AnswerLock, QuestionLock or FactorLock
	Until time.Time // zero: only the desk helps
}

// RecoveryClosed returns what lasts longest of what closes the recovery of an account. Only who has shown a proof may
// read it (S-12).
func (s *Service) RecoveryClosed(ctx context.Context, id uuid.UUID) (c Closure, err error) {
	var locks []Lock
	var factors Factors
	now, codes := s.now(), map[Factor]Closure{}
	b := &pgx.Batch{}
	s.store.queueAnswerLock(b, id, now, &locks)
	s.store.queueQuestionLock(b, id, &locks)
	s.QueueFactors(b, id, &factors)
	s.store.queueLockedFactors(b, id, now, codes)
	if err := s.store.run(ctx, b); err != nil {
		return c, fmt.Errorf("reading whether recovery is closed: %w", err)
	}
	for _, l := range locks {
		c = c.longer(Closure{l.Kind, l.Until})
	}
	return c.longer(factors.closed(codes)), nil
}

func (c Closure) longer(other Closure) Closure {
	if c.Kind == "" || other.Kind != "" && !c.Until.IsZero() && (other.Until.IsZero() || other.Until.After(c.Until)) {
		return other
	}
	return c
}

// closed returns when the first of the second steps is taken again; the zero value if one is taken now. Passkeys are
// never locked.
func (f Factors) closed(locked map[Factor]Closure) Closure {
	if !f.TOTP || f.Passkeys > 0 {
		return Closure{}
	}
	app, isLocked := locked[TOTP]
	codes, areLocked := locked[SavedCodes]
	switch {
	case !isLocked || f.SavedCodes > 0 && !areLocked:
		return Closure{}
	case f.SavedCodes > 0 && codes.longer(app) != codes:
		return codes
	}
	return app
}

func (s *store) queueLockedFactors(b *pgx.Batch, id uuid.UUID, now time.Time, locked map[Factor]Closure) {
	b.Queue(`
		select factor, case when failures >= $2 then null else locked_until end from factor_throttles
		where account_id = $1 and (failures >= $2 or locked_until > $3)`, id, allFactorTries, now).Query(func(rows pgx.Rows) error {
		var factor Factor
		var until *time.Time
		_, err := pgx.ForEachRow(rows, []any{&factor, &until}, func() error {
			c := Closure{Kind: FactorLock}
			if until != nil {
				c.Until = until.UTC()
			}
			locked[factor] = c
			return nil
		})
		return err
	})
}
