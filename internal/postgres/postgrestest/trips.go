package postgrestest

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Trips counts what a pool asks of the server, as its Tracer.
type Trips struct {
	n, commits atomic.Int64
}

// Total returns the round trips so far.
func (t *Trips) Total() int64 { return t.n.Load() }

// Of returns what fn took: round trips, a statement or a batch each, begin and commit included; and commits of what wrote,
// in a transaction or by itself.
func (t *Trips) Of(fn func()) (trips, commits int64) {
	n, c := t.n.Load(), t.commits.Load()
	fn()
	return t.n.Load() - n, t.commits.Load() - c
}

func (t *Trips) TraceQueryStart(ctx context.Context, conn *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	t.n.Add(1)
	if q.SQL == "commit" || alone(conn) && writes(q.SQL) {
		t.commits.Add(1)
	}
	return ctx
}

func (t *Trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (t *Trips) TraceBatchStart(ctx context.Context, conn *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	var begins, commits, wrote bool
	for _, q := range b.Batch.QueuedQueries {
		begins, commits, wrote = begins || q.SQL == "begin", commits || q.SQL == "commit", wrote || writes(q.SQL)
	}
	return context.WithValue(ctx, commitsKey{}, commits || alone(conn) && !begins && wrote)
}

type commitsKey struct{} // whether a batch commits

func (t *Trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd does not count what was refused before it was sent: what a pool prepares in advance, while no request waits.
func (t *Trips) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchEndData) {
	if _, refused := errors.AsType[pgx.ErrPreprocessingBatch](b.Err); refused {
		return
	}
	t.n.Add(1)
	if commits, _ := ctx.Value(commitsKey{}).(bool); commits {
		t.commits.Add(1)
	}
}

// alone reports that no transaction is open.
func alone(conn *pgx.Conn) bool { return conn.PgConn().TxStatus() == 'I' }

func writes(sql string) bool {
	for _, verb := range []string{"insert ", "update ", "delete "} {
		if strings.Contains(strings.ToLower(sql), verb) && !strings.HasSuffix(strings.TrimSpace(sql), "for update") {
			return true
		}
	}
	return false
}
