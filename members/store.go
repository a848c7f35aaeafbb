package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
)

type store struct{ db *postgres.DB }

type memberRow struct {
	ID        uuid.UUID
	Sealed    []byte
	Ended     bool
	Replaced  bool // the number was given to another person
	ChangedAt time.Time
}

const memberColumns = `SELECT id, sealed, ended_at IS NOT NULL AS ended, replaced_at IS NOT NULL AS replaced, changed_at FROM members`

func (s store) byNumber(ctx context.Context, macs [][]byte) (memberRow, error) {
	return s.one(ctx, memberColumns+` WHERE number_mac = ANY($1)`, macs)
}

func (s store) byID(ctx context.Context, id uuid.UUID) (memberRow, error) {
	return s.one(ctx, memberColumns+` WHERE id = $1`, id)
}

func (s store) one(ctx context.Context, sql string, arg any) (memberRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, sql, arg)
	if err != nil {
		return memberRow{}, fmt.Errorf("reading the roster: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[memberRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return memberRow{}, ErrUnknown
	}
	if err != nil {
		return memberRow{}, fmt.Errorf("reading the roster: %w", err)
	}
	return row, nil
}
