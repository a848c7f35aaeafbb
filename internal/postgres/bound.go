package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

type answerKey struct{}

// WithAnswerTime limits each statement or batch of ctx. It tells a database that hangs from one that is far away, which
// answers each statement late but in time. Background work has only the server's own timeouts.
func WithAnswerTime(ctx context.Context, each time.Duration) context.Context {
	return context.WithValue(ctx, answerKey{}, each)
}

func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if each, ok := ctx.Value(answerKey{}).(time.Duration); ok {
		return context.WithTimeout(ctx, each)
	}
	return ctx, func() {}
}

// boundRows calls done once they are read or closed.
type boundRows struct {
	pgx.Rows
	done func()
}

func (r *boundRows) Close() {
	r.Rows.Close()
	if r.done != nil {
		r.done()
		r.done = nil
	}
}

func (r *boundRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *boundRows) Err() error { return unavailable(r.Rows.Err()) }

type boundRow struct {
	rows pgx.Rows
	err  error
}

func (r boundRow) Scan(dest ...any) error {
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

// boundBatch calls done once it is closed.
type boundBatch struct {
	pgx.BatchResults
	done func()
}

func (b boundBatch) Exec() (pgconn.CommandTag, error) {
	tag, err := b.BatchResults.Exec()
	return tag, unavailable(err)
}

func (b boundBatch) Query() (pgx.Rows, error) {
	rows, err := b.BatchResults.Query()
	if err != nil {
		return nil, unavailable(err)
	}
	return &boundRows{Rows: rows}, nil // the batch returns the connection
}

func (b boundBatch) QueryRow() pgx.Row {
	rows, err := b.Query()
	return boundRow{rows, err}
}

func (b boundBatch) Close() error {
	defer b.done()
	return unavailable(b.BatchResults.Close())
}
