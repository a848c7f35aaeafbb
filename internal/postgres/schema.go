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

// ErrSchema says that this program must not run on the database's schema.
var ErrSchema = errors.New("postgres: the schema does not fit this program")

// embeddedVersions returns the numbers of this program's migrations in order.
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

// CheckSchema returns ErrSchema, with the remedy, unless this program may run: all its migrations are applied, and if
// there are newer ones, it is not older than the oldest program that they support.
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

// isNewer reports whether a newer program has migrated the schema and none of this program's migrations is missing.
// Granting privileges is then up to that program.
func isNewer(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	wanted, err := embeddedVersions()
	if err != nil {
		return false, err
	}
	applied, err := appliedVersions(ctx, (&DB{pool: pool}).From(ctx))
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

// appliedVersions returns the numbers of the applied migrations; none for an empty database.
func appliedVersions(ctx context.Context, q Querier) ([]int64, error) {
	rows, err := q.Query(ctx, `select distinct version_id from goose_db_version where is_applied and version_id > 0`)
	if err != nil {
		return nil, missingTable(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	return all, missingTable(err)
}

// missingTable returns nil for the error that an empty database causes.
func missingTable(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42P01" {
		return nil
	}
	return err
}
