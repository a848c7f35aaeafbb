package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var files embed.FS

// ErrSchema says that the database's schema is not the one this binary needs.
var ErrSchema = errors.New("postgres: the schema does not fit this program")

// Migrations returns the embedded files, for a test to hash.
func Migrations() fs.FS {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// Migrate brings the schema up to this binary, one caller at a time. It is
// safe to kill and to run again.
func Migrate(ctx context.Context, dsn string) error {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return redact(err)
	}
	cfg.ConnConfig.RuntimeParams["lock_timeout"] = "2000"
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	return locked(ctx, pool, func() error { return migrate(ctx, pool) })
}

func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	jobs, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("reading the job queue's migrations: %w", err)
	}
	if _, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrating the job queue: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	own, err := goose.NewProvider(goose.DialectPostgres, db, Migrations(), goose.WithAllowOutofOrder(true))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := own.Up(ctx); err != nil {
		return fmt.Errorf("migrating the schema: %w", err)
	}
	return grant(ctx, pool)
}

// migrationLock is the advisory lock key of this program's migrations.
const migrationLock = 0x1d_9001

// locked runs fn while a session of its own holds the migration lock.
func locked(ctx context.Context, pool *pgxpool.Pool, fn func() error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Release()
	if err := direct(ctx, conn.Conn()); err != nil {
		return err
	}
	for mine := false; !mine; { // a statement that waits would hold up whoever makes an index concurrently, who waits for it
		if err := conn.QueryRow(ctx, "select pg_try_advisory_lock($1)", migrationLock).Scan(&mine); err != nil {
			return err
		}
		if !mine {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	err = fn()
	_, unlockErr := conn.Exec(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", migrationLock)
	return errors.Join(err, unlockErr)
}

// newest is the number of the last embedded migration.
func newest() (int64, error) {
	names, err := fs.Glob(Migrations(), "*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("no migrations are embedded: %w", err)
	}
	number, _, _ := strings.Cut(slices.Max(names), "_")
	return strconv.ParseInt(number, 10, 64)
}

// CheckSchema answers ErrSchema, with what to do, unless the database has exactly
// the migrations of this binary.
func CheckSchema(ctx context.Context, db *DB) error {
	want, err := newest()
	if err != nil {
		return err
	}
	var have int64
	err = db.From(ctx).QueryRow(ctx, `select coalesce(max(version_id), 0) from goose_db_version where is_applied`).Scan(&have)
	if err != nil {
		if isUndefinedTable(err) {
			return fmt.Errorf("%w: it is empty; run `idp migrate`", ErrSchema)
		}
		return err
	}
	switch {
	case have < want:
		return fmt.Errorf("%w: it is at %d and this program needs %d; run `idp migrate`", ErrSchema, have, want)
	case have > want:
		return fmt.Errorf("%w: it is at %d, newer than this program's %d; use a newer program", ErrSchema, have, want)
	}
	return nil
}
