package postgres

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations returns the embedded files, for a test that hashes them.
func Migrations() fs.FS {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// ErrLocked says that a table was in use for longer than a migration may wait. Migrations already applied remain.
var ErrLocked = errors.New("postgres: a migration did not get its lock within 2 s")

// Migrate brings the schema up to date, one caller at a time. It can be killed and run again. A newer schema is
// not modified, and newer is true. It calls waiting, unless that is nil, once another call has kept it waiting for a while.
func Migrate(ctx context.Context, o Options, waiting func()) (newer bool, err error) {
	cfg, err := pgxpool.ParseConfig(o.DSN)
	if err != nil {
		return false, redact(err)
	}
	cfg.ConnConfig.RuntimeParams["lock_timeout"] = "2000"
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.ConnConfig.RuntimeParams["application_name"] = cmp.Or(o.Name, cfg.ConnConfig.RuntimeParams["application_name"], "idp")
	// One session holds the lock and does the work: when this process is killed, the lock lasts as long as what the server
	// still does for it.
	cfg.MaxConns, cfg.MaxConnLifetime = 1, 0
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return false, err
	}
	defer pool.Close()
	if err = lock(ctx, pool, waiting); err == nil {
		newer, err = isNewer(ctx, pool)
	}
	if err == nil && !newer {
		err = migrate(ctx, pool)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "55P03" {
		err = fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return newer, err
}

func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	jobs, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("reading the job queue's migrations: %w", err)
	}
	if _, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrating the job queue: %w", err)
	}
	if err := mendIndexes(ctx, pool); err != nil {
		return err
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

// mendIndexes repairs indexes whose concurrent creation was interrupted: `create index if not exists` would accept the
// invalid index.
func mendIndexes(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Release()
	rows, err := conn.Query(ctx, `
		select c.oid::regclass::text from pg_index i join pg_class c on c.oid = i.indexrelid
		where not i.indisvalid and c.relkind = 'i' and c.relnamespace = 'public'::regnamespace and pg_has_role(c.relowner, 'usage')`)
	if err != nil {
		return err
	}
	invalid, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(invalid) == 0 {
		return err
	}
	// it waits for all running transactions and blocks nobody meanwhile
	if _, err := conn.Exec(ctx, `set lock_timeout = '15min'`); err != nil {
		return err
	}
	for _, index := range invalid { // quoted by regclass
		statement := `reindex index concurrently ` + index
		if leftover.MatchString(index) {
			statement = `drop index concurrently ` + index
		}
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("mending the index %s: %w", index, err)
		}
	}
	_, err = conn.Exec(ctx, `reset lock_timeout`)
	return err
}

// leftover matches the name that PostgreSQL gives the second index of `reindex concurrently`.
var leftover = regexp.MustCompile(`_cc(new|old)\d*"?$`)

// migrationLock is the advisory lock key of this program's migrations.
const migrationLock = 0x1d_9001

// lock takes the migration lock, which the session holds until it ends.
func lock(ctx context.Context, pool *pgxpool.Pool, waiting func()) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Release()
	if err := direct(ctx, conn.Conn()); err != nil {
		return err
	}
	for began := time.Now(); ; { // polls, because a waiting statement would block whoever creates an index concurrently, who waits for it
		var mine bool
		if err := conn.QueryRow(ctx, "select pg_try_advisory_lock($1)", migrationLock).Scan(&mine); err != nil || mine {
			return err
		}
		if waiting != nil && time.Since(began) > 2*time.Second {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
