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

// acquireTimeout bounds the wait for a free connection.
const acquireTimeout = time.Second

func acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := pool.Acquire(wait)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return conn, nil
}

// unavailable marks lost connections and refused server states, so that callers
// answer 503 and not 500.
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

// pooled is the pool with the bounded wait and the error marks of this package.
type pooled struct{ pool *pgxpool.Pool }

func (p pooled) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	conn, err := acquire(ctx, p.pool)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer conn.Release()
	tag, err := conn.Exec(ctx, sql, args...)
	return tag, unavailable(err)
}

func (p pooled) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, err := acquire(ctx, p.pool)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		conn.Release()
		return nil, unavailable(err)
	}
	return &pooledRows{Rows: rows, conn: conn}, nil
}

func (p pooled) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := p.Query(ctx, sql, args...)
	return pooledRow{rows, err}
}

func (p pooled) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	conn, err := acquire(ctx, p.pool)
	if err != nil {
		return failedBatch{err}
	}
	return pooledBatch{conn.SendBatch(ctx, b), conn}
}

func (p pooled) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	conn, err := acquire(ctx, p.pool)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	n, err := conn.CopyFrom(ctx, table, columns, rows)
	return n, unavailable(err)
}

// pooledRows gives the connection back when the rows are read or closed.
type pooledRows struct {
	pgx.Rows
	conn *pgxpool.Conn
}

func (r *pooledRows) Close() {
	r.Rows.Close()
	if r.conn != nil {
		r.conn.Release()
		r.conn = nil
	}
}

func (r *pooledRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *pooledRows) Err() error { return unavailable(r.Rows.Err()) }

type pooledRow struct {
	rows pgx.Rows
	err  error
}

func (r pooledRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

type pooledBatch struct {
	pgx.BatchResults
	conn *pgxpool.Conn
}

func (b pooledBatch) Exec() (pgconn.CommandTag, error) {
	tag, err := b.BatchResults.Exec()
	return tag, unavailable(err)
}

func (b pooledBatch) Query() (pgx.Rows, error) {
	rows, err := b.BatchResults.Query()
	if err != nil {
		return nil, unavailable(err)
	}
	return &pooledRows{Rows: rows}, nil // the connection is the batch's to give back
}

func (b pooledBatch) QueryRow() pgx.Row {
	rows, err := b.Query()
	return pooledRow{rows, err}
}

func (b pooledBatch) Close() error {
	defer b.conn.Release()
	return unavailable(b.BatchResults.Close())
}

// failedBatch answers every call with why no connection was had.
type failedBatch struct{ err error }

func (b failedBatch) Exec() (pgconn.CommandTag, error) { return pgconn.CommandTag{}, b.err }
func (b failedBatch) Query() (pgx.Rows, error)         { return nil, b.err }
func (b failedBatch) QueryRow() pgx.Row                { return pooledRow{nil, b.err} }
func (b failedBatch) Close() error                     { return b.err }
func (b failedBatch) Tx() pgx.Tx                       { return nil }
