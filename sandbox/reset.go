package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
)

// resetTries is how often a reset waits for requests that hold what it empties.
const resetTries = 5

// Reset makes the first state again. Requests that run meanwhile end before it or find nothing of theirs. Nothing has changed after an
// error: ErrProduction, ErrUnclaimed, or the database's.
func (s *Service) Reset(ctx context.Context) error { return s.reset(ctx, false) }

func (s *Service) reset(ctx context.Context, onlyFirst bool) error {
	if done, err := s.wasReset(ctx, ""); err != nil || onlyFirst && done {
		return err
	}
	made, err := s.accounts(ctx) // hashing takes longer than all the rest, and needs no lock
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		err = s.DB.InTx(ctx, func(ctx context.Context) error {
			done, err := s.wasReset(ctx, " for update")
			if err != nil || onlyFirst && done {
				return err
			}
			return s.replace(ctx, made)
		})
		if !isBusy(err) || try == resetTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * 200 * time.Millisecond):
		}
	}
}

// isBusy reports whether a lock did not come in time.
func isBusy(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "55P03" // lock_not_available
}

// wasReset reports whether there was a first state. The error says that this is no sandbox.
func (s *Service) wasReset(ctx context.Context, lock string) (done bool, err error) {
	known, err := kind(ctx, s.DB, lock)
	switch {
	case err != nil:
		return false, err
	case known == nil:
		return false, ErrUnclaimed
	case !*known:
		return false, ErrProduction
	}
	var at *time.Time
	if err := s.DB.From(ctx).QueryRow(ctx, `select sandbox_reset_at from settings`).Scan(&at); err != nil {
		return false, fmt.Errorf("reading when the sandbox was reset: %w", err)
	}
	return at != nil, nil
}

// known is an account to be made.
type known struct {
	accounts.NewAccount
	totp bool
}

func (s *Service) accounts(ctx context.Context) ([]known, error) {
	numbers := make([]string, len(people))
	for i, p := range people {
		numbers[i] = p.Number
	}
	ids, err := s.Roster.IDs(ctx, numbers)
	if err != nil {
		return nil, err
	}
	var all []known
	for _, p := range people {
		member, onRoster := ids[p.Number]
		if !onRoster {
			return nil, fmt.Errorf("the roster lacks the invented member %s: it is not the sandbox's", p.Number)
		}
		account := accounts.NewAccount{ID: uuid.Must(uuid.NewV7()), Username: p.Username, Email: p.Email, Language: p.Language, MemberID: member, Question: Question}
		if account.PasswordHash, account.AnswerHash, err = s.Accounts.HashSecrets(ctx, account.ID, Password, Answer); err != nil {
			return nil, err
		}
		account.Agreement, account.Certification = s.Accept(s.Now(), p.Language)
		all = append(all, known{account, p.TOTP})
	}
	return all, nil
}

// replace empties the tables and makes the accounts, in the transaction of ctx.
func (s *Service) replace(ctx context.Context, all []known) error {
	b := &pgx.Batch{}
	b.Queue(`lock table ` + locked + ` in exclusive mode`) // readers go on; writers wait, or are waited for
	for _, t := range tables {
		if t.Empty != "" {
			b.Queue(t.Empty)
		}
	}
	for _, one := range all {
		if _, err := s.Accounts.QueueCreate(ctx, b, one.NewAccount); err != nil {
			return err
		}
		if one.totp {
			if err := s.Accounts.QueueTOTP(ctx, b, one.ID, TOTPKey); err != nil {
				return err
			}
		}
	}
	b.Queue(`update settings set sandbox_reset_at = $1`, s.Now())
	s.Audit.Queue(ctx, b, audit.Event{Kind: audit.SandboxReset, At: s.Now(), Actor: "operator", Success: true})
	if err := s.DB.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("resetting the sandbox: %w", err)
	}
	return nil
}

// ResetAt says when the sandbox was last reset; zero if never.
func (s *Service) ResetAt(ctx context.Context) (at time.Time, err error) {
	var found *time.Time
	if err := s.DB.From(ctx).QueryRow(ctx, `select sandbox_reset_at from settings`).Scan(&found); err != nil {
		return at, fmt.Errorf("reading when the sandbox was reset: %w", err)
	}
	return postgres.Value(found).UTC(), nil
}
