package postgrestest

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Trips counts what a pool asks of the server, as its Tracer.
type Trips struct {
	n, commits atomic.Int64
}

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
	t.n.Add(1)
	var begins, commits, wrote bool
	for _, q := range b.Batch.QueuedQueries {
		begins, commits, wrote = begins || q.SQL == "begin", commits || q.SQL == "commit", wrote || writes(q.SQL)
	}
	if commits || alone(conn) && !begins && wrote {
		t.commits.Add(1)
	}
	return ctx
}

func (t *Trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (t *Trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

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
