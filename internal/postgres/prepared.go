package postgres

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
)

// prepared holds the statements of requests. pgx prepares a statement when a connection first meets it, which costs the
// request a round trip. Therefore a new connection prepares the statements that requests have sent so far before it is
// used, and idle connections prepare what was added since: together, in one round trip.
type prepared struct {
	mu    sync.RWMutex
	known map[string]bool
	texts []string // in the order of learning
}

// maxPrepared is less than the number of statements that pgx keeps on a connection.
const maxPrepared = 400

// learn adds a statement of a request. Background work has the time to prepare its own.
func (p *prepared) learn(ctx context.Context, text string) {
	p.mu.RLock()
	known := p.known[text]
	p.mu.RUnlock()
	if known || ctx.Value(answerKey{}) == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known[text] && len(p.texts) < maxPrepared {
		p.known[text] = true
		p.texts = append(p.texts, text)
	}
}

// forget stops preparing a statement in advance.
func (p *prepared) forget(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.texts, text); i >= 0 {
		p.texts = slices.Clone(p.texts) // others read the former
		p.texts[i] = unsendable
	}
}

// missing returns the statements that a connection lacks.
func (p *prepared) missing(conn *pgx.Conn) []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.texts[stateOf(conn).prepared:]
}

func (p *prepared) lacks(conn *pgx.Conn) bool { return len(p.missing(conn)) > 0 }

// unsendable is a statement that pgx refuses to send, because its argument is missing.
const unsendable = "select $1::int"

// catchUpTimeout gives a database under load the time to parse hundreds of statements.
const catchUpTimeout = 3 * time.Second

// catchUp prepares what a connection lacks in one round trip, without executing it: pgx prepares the statements of a
// batch before it refuses the first. A statement that can no longer be prepared is forgotten.
func (p *prepared) catchUp(conn *pgx.Conn) error {
	texts := p.missing(conn)
	if len(texts) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), catchUpTimeout) // no part of a request's trace
	defer cancel()
	b := &pgx.Batch{}
	b.Queue(unsendable)
	for _, text := range texts {
		b.Queue(text)
	}
	have := stateOf(conn).prepared + len(texts)
	err := conn.SendBatch(ctx, b).Close()
	refused, ok := errors.AsType[pgx.ErrPreprocessingBatch](err)
	switch {
	case !ok || conn.IsClosed():
		return err
	case refused.SQL() == unsendable:
		stateOf(conn).prepared = have
	default:
		p.forget(refused.SQL())
	}
	return nil
}

// catchUpLater has idle connections prepare what they lack.
func (db *DB) catchUpLater() {
	if db.catchingUp.CompareAndSwap(false, true) {
		time.AfterFunc(catchUpPause, func() {
			db.catchingUp.Store(false)
			db.catchUpIdle()
		})
	}
}

// catchUpPause lets a few statements come together.
const catchUpPause = time.Second / 4

// catchUpIdle occupies at most a quarter of the pool's connections at a time. Those in use follow once they are released.
func (db *DB) catchUpIdle() {
	var all sync.WaitGroup
	defer all.Wait()
	places := db.turns.share
	for _, conn := range db.pool.AcquireAllIdle(context.Background()) {
		switch {
		case !db.prepared.lacks(conn.Conn()):
			conn.Release()
		case places == 0:
			conn.Release()
			db.catchUpLater()
		default:
			places--
			all.Go(func() {
				if db.prepared.catchUp(conn.Conn()) != nil {
					_ = conn.Conn().Close(context.Background()) // the error above says more
				}
				db.release(conn)
			})
		}
	}
}

// tracer learns the statements that succeed, and calls another tracer, if any.
func (p *prepared) tracer(other pgx.QueryTracer) pgx.QueryTracer {
	if other == nil {
		return learner{p}
	}
	return multitracer.New(learner{p}, other)
}

type learner struct{ *prepared }

func (l learner) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	if q.Err == nil {
		l.learn(ctx, q.SQL)
	}
}

type textKey struct{} // of the statement that is being prepared

func (learner) TracePrepareStart(ctx context.Context, _ *pgx.Conn, s pgx.TracePrepareStartData) context.Context {
	return context.WithValue(ctx, textKey{}, s.SQL)
}

func (l learner) TracePrepareEnd(ctx context.Context, _ *pgx.Conn, s pgx.TracePrepareEndData) {
	if text, ok := ctx.Value(textKey{}).(string); ok && s.Err == nil {
		l.learn(ctx, text)
	}
}

func (learner) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (learner) TraceQueryEnd(_ context.Context, conn *pgx.Conn, q pgx.TraceQueryEndData) {
	dropped(conn, q.Err)
}

func (learner) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (learner) TraceBatchEnd(_ context.Context, conn *pgx.Conn, b pgx.TraceBatchEndData) {
	dropped(conn, b.Err)
}

// dropped has a connection prepare again what pgx drops from it: the statements of a batch that failed, even if it failed
// as foreseen, by a constraint.
func dropped(conn *pgx.Conn, err error) {
	if err != nil {
		stateOf(conn).prepared = 0
	}
}
