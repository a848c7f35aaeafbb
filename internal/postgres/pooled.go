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

type idleKey struct{} // of the *time.Duration by which acquire learns how long a connection was idle

// acquire borrows a connection; release returns it. One that was idle for a second is tried first.
func acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	for {
		var idle time.Duration
		conn, err := pool.Acquire(context.WithValue(wait, idleKey{}, &idle))
		switch {
		case err == nil && (idle < time.Second || answers(ctx, pool, conn)):
			return conn, nil
		case err == nil:
			release(conn)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		default:
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
}

// release returns a connection. One that broke leaves the pool at once: pgx takes up to 15 s to close it when the server
// hangs, and until then it would occupy a place.
func release(conn *pgxpool.Conn) {
	if conn.Conn().IsClosed() {
		conn.Hijack()
		return
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
type pooled struct{ pool *pgxpool.Pool }

// begin borrows a connection for one call; done returns it.
func (p pooled) begin(ctx context.Context) (bound context.Context, conn *pgxpool.Conn, done func(), err error) {
	if conn, err = acquire(ctx, p.pool); err != nil {
		return nil, nil, nil, err
	}
	bound, cancel := bounded(ctx)
	return bound, conn, func() { cancel(); release(conn) }, nil
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
	conn, err := acquire(ctx, p.pool)
	if err != nil {
		return 0, err
	}
	defer release(conn)
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
