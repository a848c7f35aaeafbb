package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// LockKind names what too many failures have locked.
type LockKind string

// The locks of an account.
const (
	PasswordLock LockKind = "password" // sign-in waits (S-07)
	FactorLock   LockKind = "factor"   // no code of a second step is taken (S-16)
	AnswerLock   LockKind = "answer"   // the secret question is not asked (S-59)
	QuestionLock LockKind = "question" // nor here, since a change of it was denied, or too many answers were wrong
)

// Lock is the result of too many failures, or of a denial. It ends by itself at Until, which is zero if time does not
// help: a password that needs recovery, a factor that has to be removed, a question that a person must judge.
type Lock struct {
	Kind  LockKind
	Until time.Time
	Opens bool // ReleaseLock ends it
}

// Locks returns the current locks of an account. The error is ErrNotFound, or the database's.
func (s *Service) Locks(ctx context.Context, id uuid.UUID) ([]Lock, error) {
	account, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	var locks []Lock
	now := s.now()
	b := &pgx.Batch{}
	s.store.queuePasswordLock(b, s.throttleKeys(account.Username, knownDevice{}), now, &locks)
	s.store.queueFactorLock(b, id, now, &locks)
	s.store.queueAnswerLock(b, id, now, &locks)
	s.store.queueQuestionLock(b, id, &locks)
	if err := s.store.run(ctx, b); err != nil {
		return nil, fmt.Errorf("reading locks: %w", err)
	}
	return locks, nil
}

// ReleaseLock ends a lock early, in the transaction of ctx, and reports whether there was one. It does not undo what a
// hundred failures have disabled. The error is ErrNotFound, or the database's.
func (s *Service) ReleaseLock(ctx context.Context, id uuid.UUID, kind LockKind) (released bool, err error) {
	account, err := s.Get(ctx, id)
	if err != nil {
		return false, err
	}
	now := s.now()
	switch kind {
	case PasswordLock:
		return s.store.released(ctx, `delete from sign_in_throttles where key = any($1) and failures < $2 and blocked_until > $3`,
			s.throttleKeys(account.Username, knownDevice{}), allFailures, now)
	case FactorLock:
		return s.store.released(ctx, `delete from factor_throttles where account_id = $1 and failures < $2 and locked_until > $3`, id, allFactorTries, now)
	case AnswerLock:
		return s.store.released(ctx, `delete from answer_throttles where account_id = $1 and closed_until > $2`, id, now)
	case QuestionLock:
		return s.store.released(ctx, `update account_questions set closed = null, wrong = 0 where account_id = $1 and (closed = $2 or closed is null and wrong >= $3)`,
			id, closedDenied, answersEver)
	}
	return false, fmt.Errorf("accounts: no lock is called %q", kind)
}

func (s *store) released(ctx context.Context, sql string, args ...any) (bool, error) {
	tag, err := s.db.From(ctx).Exec(ctx, sql, args...)
	if err != nil {
		return false, fmt.Errorf("releasing a lock: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

func (s *store) queuePasswordLock(b *pgx.Batch, keys [][]byte, now time.Time, locks *[]Lock) {
	b.Queue(`
		select case when failures >= $2 then null else blocked_until end from sign_in_throttles
		where key = any($1) and (failures >= $2 or blocked_until > $3) order by failures desc limit 1`, keys, allFailures, now).
		QueryRow(addLock(PasswordLock, locks))
}

// queueFactorLock reads the lock that lasts longest: a member may have an app and saved codes.
func (s *store) queueFactorLock(b *pgx.Batch, id uuid.UUID, now time.Time, locks *[]Lock) {
	b.Queue(`
		select case when failures >= $2 then null else locked_until end from factor_throttles
		where account_id = $1 and (failures >= $2 or locked_until > $3) order by 1 desc nulls first limit 1`, id, allFactorTries, now).
		QueryRow(addLock(FactorLock, locks))
}

func (s *store) queueAnswerLock(b *pgx.Batch, id uuid.UUID, now time.Time, locks *[]Lock) {
	b.Queue(`select closed_until from answer_throttles where account_id = $1 and closed_until > $2`, id, now).
		QueryRow(addLock(AnswerLock, locks))
}

// queueQuestionLock reads a denied change, or too many wrong answers. If there was no former answer, there is nothing to open.
func (s *store) queueQuestionLock(b *pgx.Batch, id uuid.UUID, locks *[]Lock) {
	b.Queue(`select coalesce(closed, $3) from account_questions where account_id = $1 and (closed is not null or wrong >= $2) limit 1`, id, answersEver, closedDenied).Query(func(rows pgx.Rows) error {
		var closed string
		_, err := pgx.ForEachRow(rows, []any{&closed}, func() error {
			*locks = append(*locks, Lock{Kind: QuestionLock, Opens: closed == closedDenied})
			return nil
		})
		return err
	})
}

func addLock(kind LockKind, locks *[]Lock) func(pgx.Row) error {
	return func(row pgx.Row) error {
		var until *time.Time
		err := row.Scan(&until)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		lock := Lock{Kind: kind}
		if until != nil {
			lock.Until, lock.Opens = until.UTC(), true
		}
		*locks = append(*locks, lock)
		return nil
	}
}
