package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// store holds the statements on the tables of this package; those on one table are beside its type.
type store struct {
	db      *postgres.DB
	keyring *seal.Keyring
}

// lockSubject serialises the acts on one member until the transaction ends.
func (s *store) lockSubject(ctx context.Context, id uuid.UUID) error {
	_, err := s.db.From(ctx).Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('desk ' || $1, 0))`, id.String())
	return busy(err)
}

// seal encrypts a text, bound to its row; it returns nil for an empty text.
func (s *store) seal(table, column string, row uuid.UUID, text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	return s.keyring.Seal(seal.PII, seal.Place{Table: table, Column: column, Row: row.String()}, text)
}

func (s *store) open(table, column string, row uuid.UUID, sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	text, err := s.keyring.Open(seal.PII, seal.Place{Table: table, Column: column, Row: row.String()}, sealed)
	if err != nil {
		return nil, fmt.Errorf("opening %s.%s: %w", table, column, err)
	}
	return text, nil
}

func (s *store) sweep(ctx context.Context, now time.Time) error {
	b := &pgx.Batch{}
	b.Queue(`delete from desk_replies where created_at < $1`, now.Add(-replyLife))
	b.Queue(`delete from desk_requests where expires_at < $1`, now.AddDate(0, 0, -30))
	b.Queue(`delete from desk_entries where at < $1`, now.AddDate(-6, 0, 0))
	b.Queue(`delete from desk_notes where at < $1`, now.AddDate(0, 0, -60))
	b.Queue(`delete from desk_cases where since < $1`, now.AddDate(0, 0, -60))
	b.Queue(`delete from desk_alerts where at < $1`, now.AddDate(-6, 0, 0))
	b.Queue(`delete from staff where removed_at < $1`, now.AddDate(-6, 0, 0))
	b.Queue(`delete from caller_verifications where created_at < $1`, now.AddDate(-6, 0, 0))
	b.Queue(`delete from console_sign_ins where expires_at < $1`, now)
	b.Queue(`delete from console_sessions where expires_at < $1`, now.AddDate(0, 0, -30))
	return s.db.From(ctx).SendBatch(ctx, b).Close()
}
