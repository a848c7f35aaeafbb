package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// far is a pool on a distant server. Its requests have less than two round trips for each statement.
type far struct {
	t     *testing.T
	db    *postgres.DB
	proxy *postgrestest.Proxy
}

const trip = 50 * time.Millisecond

func newFar(t *testing.T, conns int32) *far {
	through, p := postgrestest.Proxied(t, postgrestest.DSN(t))
	f := &far{t, postgrestest.Open(t, postgres.Options{DSN: through, MaxConns: conns}), p}
	postgrestest.Exec(t, f.db, "create table things (id int primary key)", "insert into things values (0)", "grant all on things to public")
	return f
}

// request sends a statement alone, and others in a transaction.
func (f *far) request(limit time.Duration) error {
	ctx := postgres.WithAnswerTime(f.t.Context(), limit)
	if _, err := f.db.From(ctx).Exec(ctx, "update things set id = id where id = $1", 0); err != nil {
		return fmt.Errorf("alone: %w", err)
	}
	return f.db.InTx(ctx, func(ctx context.Context) error {
		var id int
		if err := f.db.From(ctx).QueryRow(ctx, "select id from things where id = @id", pgx.NamedArgs{"id": 0}).Scan(&id); err != nil {
			return fmt.Errorf("first: %w", err)
		}
		if err := f.db.From(ctx).QueryRow(ctx, "select id + $1::int from things", 1).Scan(&id); err != nil {
			return fmt.Errorf("second: %w", err)
		}
		b := &pgx.Batch{}
		b.Queue("select count(*) from things where id < $1", 7)
		return f.db.Finish(ctx, b)
	})
}

// all uses every connection of the pool at once, far away, with too little time to prepare anything.
func (f *far) all() {
	f.t.Helper()
	const away = 8 * trip // so far that a busy machine's own delays count for little
	f.proxy.Delay(away)
	defer f.proxy.Delay(0)
	var requests errgroup.Group
	for range f.db.Pool().Config().MaxConns {
		requests.Go(func() error { return f.request(2*away - 50*time.Millisecond) })
	}
	if err := requests.Wait(); err != nil {
		f.t.Error(err)
	}
}

// idle waits until every connection is idle and has nothing left to prepare.
func (f *far) idle() {
	f.t.Helper()
	want := f.db.Pool().Config().MaxConns
	for deadline := time.Now().Add(10 * time.Second); f.db.Pool().Stat().IdleConns() < want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("%d of %d connections are idle", f.db.Pool().Stat().IdleConns(), want)
		}
	}
}

// settle waits until connections that were lost are replaced, and all have prepared what they lacked.
func (f *far) settle() {
	f.t.Helper()
	_ = f.db.Ping(f.t.Context()) // notices
	time.Sleep(1500 * time.Millisecond)
	f.idle()
}

// far from the database, a statement takes one round trip, whichever connection it goes through.
func TestPrepared(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(f *far, ctx context.Context){
		"nothing": func(*far, context.Context) {},
		"lost":    func(f *far, _ context.Context) { f.proxy.Cut() },
		"lost, and a table is gone": func(f *far, ctx context.Context) {
			for _, statement := range []string{"create table gone (id int)", "grant all on gone to public", "drop table gone"} {
				if statement == "drop table gone" {
					if _, err := f.db.From(ctx).Exec(ctx, "delete from gone where id = $1", 1); err != nil {
						t.Fatal(err)
					}
				}
				postgrestest.Exec(t, f.db, statement)
			}
			f.proxy.Cut()
		},
		"a batch fails": func(f *far, ctx context.Context) {
			b := &pgx.Batch{}
			b.Queue("select id + $1::int from things", 1)
			b.Queue("update things set id = id where id = $1", 0)
			b.Queue("insert into things values ($1)", 0)
			if err := f.db.From(ctx).SendBatch(ctx, b).Close(); postgres.Violated(err) != "things_pkey" {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, 4)
			f.idle()
			if err := f.request(5 * time.Second); err != nil { // one connection meets the statements, near; on a busy machine it takes a while to open
				t.Fatal(err)
			}
			f.settle()
			happens(f, postgres.WithAnswerTime(t.Context(), time.Second))
			f.settle()
			f.all()
		})
	}
}

// a request right after all connections were lost is answered, far from the database too.
func TestRightAfterACut(t *testing.T) {
	t.Parallel()
	f := newFar(t, 4)
	f.idle()
	f.proxy.Delay(trip)
	for round := range 3 {
		var requests errgroup.Group
		for range 4 {
			requests.Go(func() error { return f.request(800 * time.Millisecond) })
		}
		if err := requests.Wait(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		f.proxy.Cut()
	}
}
