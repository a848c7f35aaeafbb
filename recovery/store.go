package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// store holds all statements on the tables of this package.
type store struct {
	db      *postgres.DB
	keyring *seal.Keyring
}

// sealed returns nil for an empty text (S-46).
func (s store) sealed(at seal.Place, text string) []byte {
	if text == "" {
		return nil
	}
	return s.keyring.Seal(seal.PII, at, []byte(text))
}

func (s store) opened(at seal.Place, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := s.keyring.Open(seal.PII, at, sealed)
	if err != nil {
		return "", fmt.Errorf("opening %s.%s: %w", at.Table, at.Column, err)
	}
	return string(plain), nil
}

// newest is the latest reference of a browser for one reason and matter since an instant, "" if there is none.
func (s store) newest(ctx context.Context, browser []byte, reason string, about uuid.UUID, since time.Time) (string, error) {
	return text(s.db.From(ctx).QueryRow(ctx, `
		select reference from support_references
		where browser = $1 and reason = $2 and about is not distinct from $3 and created_at > $4
		order by created_at desc limit 1`, browser, reason, postgres.Nullable(about), since))
}

// latest is newest for any reason.
func (s store) latest(ctx context.Context, browser []byte, since time.Time) (string, error) {
	return text(s.db.From(ctx).QueryRow(ctx, `
		select reference from support_references where browser = $1 and created_at > $2
		order by created_at desc limit 1`, browser, since))
}

func text(row pgx.Row) (s string, err error) {
	err = row.Scan(&s)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return s, err
}

func (s store) queueInsert(b *pgx.Batch, args pgx.NamedArgs) {
	b.Queue(`
		insert into support_references (reference, reason, browser, about, language, created_at)
		values (@reference, @reason, @browser, @about, @language, @now)`, args)
}

// sweep deletes expired rows.
func (s store) sweep(ctx context.Context, dayAgo, monthAgo time.Time) (deleted int64, err error) {
	for statement, before := range map[string]time.Time{
		`delete from recoveries where id in (select id from recoveries where expires_at < $1 limit 10000 for update skip locked)`: dayAgo,
		`delete from recovery_cards where created_at < $1`:                                                                        dayAgo,
		`delete from recovery_staff_codes where expires_at < $1`:                                                                  dayAgo,
		`delete from held_changes where state <> 'held' and greatest(decided_at, undo_until) < $1`:                                monthAgo,
		`delete from support_references where reference in (
			select reference from support_references where created_at < $1 limit 10000 for update skip locked)`: monthAgo,
	} {
		n, err := s.db.DeleteBatches(ctx, statement, before)
		deleted += n
		if err != nil {
			return deleted, fmt.Errorf("sweeping: %w", err)
		}
	}
	return deleted, nil
}
