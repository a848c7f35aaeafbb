package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// acquireTimeout limits the wait for a free connection.
const acquireTimeout = time.Second

// state is what this package keeps with each connection.
type state struct {
	used     time.Time // released last
	prepared int       // how many of the statements of prepared it has
}

func (s *state) fresh() bool { return time.Since(s.used) < time.Second }

func stateOf(conn *pgx.Conn) *state {
	const key = "huskyidp/internal/postgres"
	s, ok := conn.PgConn().CustomData()[key].(*state)
	if !ok {
		s = &state{used: time.Now()}
		conn.PgConn().CustomData()[key] = s
	}
	return s
}

type triedKey struct{} // set where acquire tries connections itself

// acquire borrows a connection; release returns it. One that was idle for a second, or is not quiet, is tried first.
func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(context.WithValue(ctx, triedKey{}, true), acquireTimeout)
	defer cancel()
	for {
		db.waiting.Add(1)
		conn, err := db.pool.Acquire(wait)
		db.waiting.Add(-1)
		switch {
		case err == nil && (stateOf(conn.Conn()).fresh() && quiet(conn.Conn()) || answers(ctx, db.pool, conn)):
			return conn, nil
		case err == nil:
			db.release(conn)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		default:
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
}

// release returns a connection. One that broke leaves the pool at once: pgx takes up to 15 s to close it when the server
// hangs, and until then it would occupy a place.
func (db *DB) release(conn *pgxpool.Conn) {
	if conn.Conn().IsClosed() {
		conn.Hijack()
		return
	}
	stateOf(conn.Conn()).used = time.Now()
	if db.prepared.lacks(conn.Conn()) {
		db.catchUpLater()
	}
	conn.Release()
}

// unavailable marks lost connections and server states that refuse work, so that callers answer 503 instead of 500.
func unavailable(err error) error {
	if err == nil || errors.Is(err, ErrUnavailable) {
		return err
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code[:2] {
		case "57", "08", "53", "55": // shutting down or timed out, connection, resources, lock not available in time
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if pg.Code == "25006" { // read-only: a standby. The rest of the class is our own fault, as 25P02 is
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return err
	}
	var connect *pgconn.ConnectError
	var network net.Error
	lost := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
	if lost || errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// pooled adds this package's limits and error marks to the pool.
type pooled struct{ db *DB }

// begin borrows a connection for one call; done returns it.
func (p pooled) begin(ctx context.Context) (bound context.Context, conn *pgxpool.Conn, done func(), err error) {
	if conn, err = p.db.acquire(ctx); err != nil {
		return nil, nil, nil, err
	}
	bound, cancel := bounded(ctx)
	return bound, conn, func() { cancel(); p.db.release(conn) }, nil
}

func (p pooled) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	ctx, conn, done, err := p.begin(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer done()
	tag, err := conn.Exec(ctx, sql, args...)
	return tag, unavailable(err)
}

func (p pooled) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	ctx, conn, done, err := p.begin(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		done()
		return nil, unavailable(err)
	}
	return &boundRows{Rows: rows, done: done}, nil
}

func (p pooled) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := p.Query(ctx, sql, args...)
	return boundRow{rows, err}
}

func (p pooled) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	ctx, conn, done, err := p.begin(ctx)
	if err != nil {
		return failedBatch{err}
	}
	return boundBatch{conn.SendBatch(ctx, b), done}
}

func (p pooled) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	conn, err := p.db.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer p.db.release(conn)
	n, err := conn.CopyFrom(ctx, table, columns, rows)
	return n, unavailable(err)
}

// failedBatch answers every call with the error that kept it from getting a connection.
type failedBatch struct{ err error }

func (b failedBatch) Exec() (pgconn.CommandTag, error) { return pgconn.CommandTag{}, b.err }
func (b failedBatch) Query() (pgx.Rows, error)         { return nil, b.err }
func (b failedBatch) QueryRow() pgx.Row                { return boundRow{nil, b.err} }
func (b failedBatch) Close() error                     { return b.err }
func (b failedBatch) Tx() pgx.Tx                       { return nil }
