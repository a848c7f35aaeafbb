package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrSchema says that this program may not run on the database's schema.
var ErrSchema = errors.New("postgres: the schema does not fit this program")

// embeddedVersions are the numbers of the migrations that this program brings along, in order.
func embeddedVersions() (all []int64, err error) {
	names, err := fs.Glob(Migrations(), "*.sql")
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no migrations are embedded: %w", err)
	}
	for _, name := range names {
		text, _, _ := strings.Cut(name, "_")
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the migration %s: %w", name, err)
		}
		all = append(all, number)
	}
	slices.Sort(all)
	return all, nil
}

// CheckSchema answers ErrSchema, with what to do, unless this program may run: every migration that it brings along is applied,
// and where others are as well, it is no older than the oldest program that they still serve.
func CheckSchema(ctx context.Context, db *DB) error {
	wanted, err := embeddedVersions()
	if err != nil {
		return err
	}
	applied, err := appliedVersions(ctx, db.From(ctx))
	if err != nil {
		return err
	}
	if len(applied) == 0 {
		return fmt.Errorf("%w: it is empty; run `idp migrate`", ErrSchema)
	}
	for _, number := range wanted {
		if !slices.Contains(applied, number) {
			return fmt.Errorf("%w: it lacks migration %d of this program; run `idp migrate`", ErrSchema, number)
		}
	}
	if len(applied) == len(wanted) {
		return nil
	}
	var oldest int64
	if err := db.From(ctx).QueryRow(ctx, `select oldest_program from settings`).Scan(&oldest); err != nil {
		return err
	}
	if !slices.Contains(wanted, oldest) {
		return fmt.Errorf("%w: it is at %d and serves programs from migration %d on, which this one (%d) lacks; use a newer program",
			ErrSchema, slices.Max(applied), oldest, slices.Max(wanted))
	}
	return nil
}

// isNewer says that a newer program has migrated the schema, and that nothing of this one's is missing. Its rights are then that
// program's to grant.
func isNewer(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	wanted, err := embeddedVersions()
	if err != nil {
		return false, err
	}
	applied, err := appliedVersions(ctx, pooled{pool})
	if err != nil {
		return false, err
	}
	for _, number := range wanted {
		if !slices.Contains(applied, number) {
			return false, nil
		}
	}
	return len(applied) > len(wanted), nil
}

// appliedVersions are the numbers of the migrations that the schema has had; none of an empty database.
func appliedVersions(ctx context.Context, q Querier) ([]int64, error) {
	rows, err := q.Query(ctx, `select distinct version_id from goose_db_version where is_applied and version_id > 0`)
	if err != nil {
		return nil, missingTable(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	return all, missingTable(err)
}

// missingTable is nil for the error of an empty database.
func missingTable(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42P01" {
		return nil
	}
	return err
}
