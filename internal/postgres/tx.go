package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// tx is a transaction whose begin travels with its first statement and whose commit may travel with its last, which
// saves a round trip each. A callback without statements sends nothing.
type tx struct {
	conn  *pgx.Conn
	begun bool
	over  bool
	own   pgx.Tx // begun by pgx itself, for what cannot be sent in a batch; else nil
}

var errOver = errors.New("postgres: the transaction is over")

// first sends begin and the statements of b together. The result of begin has already been read.
func (t *tx) first(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if t.over {
		return failedBatch{errOver}
	}
	whole := &pgx.Batch{}
	whole.Queue("begin")
	whole.QueuedQueries = append(whole.QueuedQueries, b.QueuedQueries...)
	results := t.send(ctx, whole)
	if _, err := results.Exec(); err != nil {
		_ = results.Close() // the statement's error says more
		return failedBatch{err}
	}
	t.begun = true
	return results
}

func (t *tx) send(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	ctx, done := bounded(ctx)
	return boundBatch{t.conn.SendBatch(ctx, b), done}
}

// begin starts a transaction of pgx's own.
func (t *tx) begin(ctx context.Context) (pgx.Tx, error) {
	switch {
	case t.over:
		return nil, errOver
	case t.own != nil:
		return t.own, nil
	case t.begun:
		return nil, errors.New("postgres: this must be the first statement of its transaction")
	}
	own, err := t.conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	t.own, t.begun = own, true
	return own, nil
}

func (t *tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if t.begun && !t.over {
		ctx, done := bounded(ctx)
		defer done()
		return t.conn.Exec(ctx, sql, args...)
	}
	results := t.first(ctx, one(sql, args))
	tag, err := results.Exec()
	if err != nil {
		_ = results.Close() // the statement's error says more
		return tag, err
	}
	return tag, results.Close()
}

func (t *tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if t.begun && !t.over {
		ctx, done := bounded(ctx)
		rows, err := t.conn.Query(ctx, sql, args...)
		if err != nil {
			done()
			return nil, err
		}
		return &boundRows{rows, done}, nil
	}
	results := t.first(ctx, one(sql, args))
	rows, err := results.Query()
	if err != nil {
		_ = results.Close() // the statement's error says more
		return nil, err
	}
	return &firstRows{Rows: rows, results: results}, nil
}

func (t *tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := t.Query(ctx, sql, args...)
	return boundRow{rows, err}
}

func (t *tx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if t.begun && !t.over {
		return t.send(ctx, b)
	}
	return t.first(ctx, b)
}

func (t *tx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	if !t.begun || t.over {
		if _, err := t.begin(ctx); err != nil {
			return 0, err
		}
	}
	return t.conn.CopyFrom(ctx, table, columns, rows)
}

func (t *tx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return t.conn.Prepare(ctx, name, sql)
}

// Begin makes a savepoint.
func (t *tx) Begin(ctx context.Context) (pgx.Tx, error) {
	own, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	return own.Begin(ctx)
}

// LargeObjects are not used.
func (t *tx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

func (t *tx) Conn() *pgx.Conn { return t.conn }

// Commit ends a transaction that has begun. The error is pgx.ErrTxCommitRollback if a statement had failed before.
func (t *tx) Commit(ctx context.Context) error {
	if t.over {
		return nil
	}
	t.over = true
	if !t.begun {
		return nil
	}
	ctx, done := bounded(ctx)
	defer done()
	tag, err := t.conn.Exec(ctx, "commit")
	if err != nil {
		return err
	}
	return committed(tag)
}

// committed checks the reply to a commit: PostgreSQL silently rolls back a transaction in which a statement failed.
func committed(tag pgconn.CommandTag) error {
	if tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return nil
}

// Rollback undoes a transaction that has begun. If that fails, the connection is closed and the pool drops it.
func (t *tx) Rollback(ctx context.Context) error {
	if t.over {
		return nil
	}
	t.over = true
	if !t.begun || t.conn.IsClosed() {
		return nil
	}
	_, err := t.conn.Exec(ctx, "rollback")
	if err != nil {
		t.conn.Close(ctx)
	}
	return err
}

// finish sends b and the commit in one round trip. If a statement fails, PostgreSQL skips the commit, and a rollback
// must follow.
func (t *tx) finish(ctx context.Context, b *pgx.Batch) error {
	if t.over {
		return errOver
	}
	if t.begun { // else the batch is a transaction by itself
		b.Queue("commit").Exec(committed)
	}
	if err := t.send(ctx, b).Close(); err != nil {
		return err
	}
	t.over = true
	return nil
}

func one(sql string, args []any) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(sql, args...)
	return b
}

// firstRows closes the batch that they came with once they are read or closed.
type firstRows struct {
	pgx.Rows
	results pgx.BatchResults
	err     error
}

func (r *firstRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *firstRows) Close() {
	r.Rows.Close()
	if r.results != nil {
		r.err = r.results.Close()
		r.results = nil
	}
}

func (r *firstRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}
