package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

// ErrUnavailable says that no connection was available in time: the server is down or hangs, or all connections are
// busy. Callers answer 503.
var ErrUnavailable = errors.New("postgres: no connection available")

// Querier is what a transaction and the pool have in common.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}

// Options configure the connection to the database.
type Options struct {
	DSN      string          // postgres://… or key=value
	Name     string          // of its sessions in pg_stat_activity; default: what DSN says, or "idp"
	MaxConns int32           // default 16
	Pooled   bool            // through a pooler in transaction mode, see pooler.go
	Tracer   pgx.QueryTracer // counts statements in tests; nil in production
	// Check runs on each new connection before any other statement; nil accepts all.
	Check func(ctx context.Context, conn *pgx.Conn) error
}

// DB is the pool. It is safe for concurrent use.
type DB struct {
	pool       *pgxpool.Pool
	pooled     bool
	turns      turns
	prepared   prepared
	catchingUp atomic.Bool
	waiting    atomic.Int32 // for a connection
}

// Open creates the pool. It does not wait for the server: connections are made in the background, so that the program
// can start, answer 503 and recover.
func Open(ctx context.Context, o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(o.DSN)
	if err != nil {
		return nil, fmt.Errorf("reading the database address: %w", redact(err))
	}
	cfg.MaxConns = 16
	if o.MaxConns > 0 {
		cfg.MaxConns = o.MaxConns
	}
	db := &DB{pooled: o.Pooled, turns: turns{share: max(1, int(cfg.MaxConns)/4), keys: map[string]*turn{}}, prepared: prepared{known: map[string]bool{}}}
	cfg.ConnConfig.Tracer = db.prepared.tracer(o.Tracer)
	// All connections are dialled before they are needed: dialling a distant server takes longer than a request waits. They
	// expire one by one.
	cfg.MinConns, cfg.HealthCheckPeriod, cfg.MaxConnLifetimeJitter = cfg.MaxConns, time.Second, cfg.MaxConnLifetime/2
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())                                       // otherwise a uuid.UUID is written as text, after 20 allocations
		ctx, cancel := context.WithTimeout(ctx, cfg.ConnConfig.ConnectTimeout) // one that hangs would keep its place in the pool
		defer cancel()
		if o.Check != nil {
			if err := o.Check(ctx, conn); err != nil {
				return err
			}
		}
		if db.waiting.Load() > 0 {
			return nil // soon is better than prepared
		}
		return db.prepared.catchUp(conn)
	}
	findDeadHosts(cfg)
	params := cfg.ConnConfig.RuntimeParams
	for name, value := range timeouts {
		if _, set := params[name]; !set {
			params[name] = value
		}
	}
	params["application_name"], params["timezone"] = cmp.Or(o.Name, params["application_name"], "idp"), cmp.Or(params["timezone"], "UTC")
	if o.Pooled {
		throughPooler(cfg.ConnConfig) // and pgx asks: a pooler may repeat the greeting of a server that has changed since
	} else {
		readGreeting(cfg.ConnConfig)
	}
	cfg.ShouldPing = tryIdle
	if db.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("opening the database pool: %w", redact(err))
	}
	return db, nil
}

// timeouts limit each statement (S-78, R-07), in milliseconds.
var timeouts = map[string]string{
	"statement_timeout":                   "3000",
	"lock_timeout":                        "600",
	"idle_in_transaction_session_timeout": "5000",
}

// redact removes the address, which contains the password, from pgx's parse errors.
func redact(err error) error {
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return errors.New("it is not a valid PostgreSQL address")
	}
	return err
}

// Close waits for borrowed connections and closes them.
func (db *DB) Close() { db.pool.Close() }

// Pool returns the pool itself, for River and COPY.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Ping runs an empty query.
func (db *DB) Ping(ctx context.Context) error {
	_, err := pooled{db}.Exec(ctx, "select 1")
	return err
}

type (
	txKey    struct{} // of the *tx
	innerKey struct{} // set inside an InTx that joined another
)

// Tx returns the transaction in ctx, or nil.
func (db *DB) Tx(ctx context.Context) pgx.Tx {
	tx, _ := ctx.Value(txKey{}).(pgx.Tx)
	return tx
}

// From returns the transaction in ctx, or the pool.
func (db *DB) From(ctx context.Context) Querier {
	if tx := db.Tx(ctx); tx != nil {
		return tx
	}
	return pooled{db}
}

// InTx runs fn in a read-committed transaction, which begins with its first statement and commits when fn returns nil.
// Within another InTx it joins that one. The outermost call retries serialization failures and deadlocks three times
// with jitter.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if db.Tx(ctx) != nil {
		return fn(context.WithValue(ctx, innerKey{}, true))
	}
	for attempt := 0; ; attempt++ {
		err := db.once(ctx, fn)
		if !retryable(err) || attempt == 3 {
			return err
		}
		pause := time.Duration(attempt+1) * (5 + rand.N(time.Duration(15))) * time.Millisecond
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (db *DB) once(ctx context.Context, fn func(ctx context.Context) error) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer db.release(conn)
	t := &tx{conn: conn.Conn()}
	defer func() { _ = t.Rollback(ctx) }() // also after a panic; a no-op after a commit
	if err := fn(context.WithValue(ctx, txKey{}, t)); err != nil {
		return unavailable(err)
	}
	return unavailable(t.Commit(ctx))
}

// Finish sends the last statements of a use case. In the outermost InTx the commit travels with them and ends the
// transaction: the callback returns Finish's result and must not issue further statements. Within another InTx, or
// without one, Finish only sends the batch.
func (db *DB) Finish(ctx context.Context, b *pgx.Batch) error {
	t, ok := ctx.Value(txKey{}).(*tx)
	if !ok || ctx.Value(innerKey{}) != nil {
		return db.From(ctx).SendBatch(ctx, b).Close()
	}
	return t.finish(ctx, b)
}

func retryable(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}

// Violated returns the name of the constraint that err reports as violated, or "". Stores map names to sentinel errors.
// A not-null violation is named as in PostgreSQL 18: table_column_not_null.
func Violated(err error) string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || len(pg.Code) != 5 || pg.Code[:2] != "23" {
		return ""
	}
	if pg.Code == "23502" {
		return pg.TableName + "_" + pg.ColumnName + "_not_null"
	}
	return pg.ConstraintName
}
