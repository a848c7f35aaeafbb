package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// a connection that is lost in the middle of whatever is ErrUnavailable, and the next one works.
func TestLostInTheMiddle(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.DSN(t)
	through, p := postgrestest.Proxied(t, dsn)
	db := postgrestest.Open(t, postgres.Options{DSN: through, MaxConns: 2})
	slow := func() *pgx.Batch {
		b := &pgx.Batch{}
		b.Queue("select 1")
		b.Queue("select pg_sleep(2)").QueryRow(func(row pgx.Row) error { var void any; return row.Scan(&void) })
		b.Queue("select 2")
		return b
	}
	for name, ask := range map[string]func(ctx context.Context) error{
		"Exec": func(ctx context.Context) error { _, err := db.From(ctx).Exec(ctx, "select pg_sleep(2)"); return err },
		"QueryRow": func(ctx context.Context) error {
			var void any
			return db.From(ctx).QueryRow(ctx, "select pg_sleep(2)").Scan(&void)
		},
		"Query": func(ctx context.Context) error {
			rows, err := db.From(ctx).Query(ctx, "select pg_sleep(0.5) from generate_series(1, 4)")
			if err != nil {
				return err
			}
			_, err = pgx.CollectRows(rows, func(pgx.CollectableRow) (int, error) { return 1, nil })
			return err
		},
		"SendBatch": func(ctx context.Context) error { return db.From(ctx).SendBatch(ctx, slow()).Close() },
		"a batch read by hand": func(ctx context.Context) error {
			results := db.From(ctx).SendBatch(ctx, slow())
			defer results.Close()
			for range 3 {
				if _, err := results.Exec(); err != nil {
					return err
				}
			}
			return nil
		},
		"Finish": func(ctx context.Context) error {
			return db.InTx(ctx, func(ctx context.Context) error { return db.Finish(ctx, slow()) })
		},
		"a transaction": func(ctx context.Context) error {
			return db.InTx(ctx, func(ctx context.Context) error {
				if _, err := db.From(ctx).Exec(ctx, "select 1"); err != nil {
					return err
				}
				return db.From(ctx).SendBatch(ctx, slow()).Close()
			})
		},
		"Ping": func(ctx context.Context) error { p.Cut(); return db.Ping(ctx) },
	} {
		if err := db.Ping(t.Context()); err != nil { // on an open connection
			t.Fatalf("%s: before: %v", name, err)
		}
		done := make(chan struct{}) // ask ends at the first connection that Cut resets
		cut := time.AfterFunc(200*time.Millisecond, func() { p.Cut(); close(done) })
		if err := ask(t.Context()); !errors.Is(err, postgres.ErrUnavailable) && name != "Ping" || err != nil && name == "Ping" && !errors.Is(err, postgres.ErrUnavailable) {
			t.Errorf("%s, cut in the middle = %v, want ErrUnavailable", name, err)
		}
		if !cut.Stop() {
			<-done
		}
		deadline := time.Now().Add(5 * time.Second)
		for db.Ping(t.Context()) != nil {
			if time.Now().After(deadline) {
				t.Fatalf("%s: it does not come back", name)
			}
		}
	}
}

// What was rolled back is never told as committed, and a statement after a failed one is our own fault, not the server's.
func TestRolledBackIsNotCommitted(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	broken := func(ctx context.Context) {
		if _, err := db.From(ctx).Exec(ctx, "select 1/0"); err == nil {
			t.Error("no error")
		}
	}
	if err := db.InTx(t.Context(), func(ctx context.Context) error { broken(ctx); return db.Finish(ctx, &pgx.Batch{}) }); !errors.Is(err, pgx.ErrTxCommitRollback) {
		t.Errorf("Finish after a failed statement = %v, want ErrTxCommitRollback", err)
	}
	if err := db.InTx(t.Context(), func(ctx context.Context) error { broken(ctx); return nil }); !errors.Is(err, pgx.ErrTxCommitRollback) {
		t.Errorf("InTx after a failed statement = %v, want ErrTxCommitRollback", err)
	}
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		broken(ctx)
		_, err := db.From(ctx).Exec(ctx, "select 1")
		return err
	})
	if err == nil || errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("a statement after a failed one = %v: it is not the server that is unavailable", err)
	}
	err = db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := db.From(ctx).Exec(ctx, "set transaction read only"); err != nil {
			return err
		}
		_, err := db.From(ctx).Exec(ctx, "create table things (id int)")
		return err
	})
	if !errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("writing to a read-only server = %v, want ErrUnavailable", err)
	}
}

// however many wait for one row, the others have connections.
func TestTurnsOfOneRow(t *testing.T) {
	t.Parallel()
	db := postgrestest.NewPool(t, 8)
	q := db.From(t.Context())
	postgrestest.Exec(t, db, "create table things (id int primary key)", "insert into things values (1), (2)", "grant all on things to public")
	holding, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := db.From(ctx).Exec(ctx, "select from things where id = 1 for update")
			close(holding)
			<-release
			return err
		})
	})
	<-holding
	touch := func(id int) error {
		done, err := db.Turn(t.Context(), []byte{byte(id)})
		if err != nil {
			return err
		}
		defer done()
		_, err = q.Exec(t.Context(), "update things set id = id where id = $1", id)
		return err
	}
	var refused sync.Map
	for i := range 60 {
		all.Go(func() {
			for { // they come again and again
				if err := touch(1); err != nil && !errors.Is(err, postgres.ErrUnavailable) {
					refused.Store(i, err)
				}
				select {
				case <-release:
					return
				default:
				}
			}
		})
	}
	time.Sleep(300 * time.Millisecond) // all of them wait
	for range 10 {
		if err := touch(2); err != nil {
			t.Errorf("another row = %v", err)
		}
	}
	close(release)
	all.Wait()
	refused.Range(func(_, err any) bool { t.Errorf("the row that is held: %v", err); return true })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 { // both places of the key
		done, err := db.Turn(t.Context(), []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		defer done()
	}
	if _, err := db.Turn(gone, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone = %v", err)
	}
	err := db.InTx(t.Context(), func(ctx context.Context) error { // it would wait with a connection in its hands
		done, err := db.Turn(ctx, []byte("x"))
		if err == nil {
			done()
		}
		return err
	})
	if err != nil {
		t.Errorf("who has a transaction = %v", err)
	}
	if _, err := db.Turn(t.Context(), []byte("x")); !errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("who waits for a second = %v, want ErrUnavailable", err)
	}
}

// connections that hang, as those to a machine without power do, cost one request half a second, however many they are.
func TestHungConnections(t *testing.T) {
	t.Parallel()
	through, p := postgrestest.Proxied(t, postgrestest.DSN(t))
	db := postgrestest.Open(t, postgres.Options{DSN: through, MaxConns: 8})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := db.From(t.Context()).Exec(t.Context(), "select pg_sleep(0.3)"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	time.Sleep(1100 * time.Millisecond) // idle for so long they are tried
	if n := db.Pool().Stat().IdleConns(); n != 8 {
		t.Fatalf("%d connections are idle", n)
	}
	p.Hang()
	began := time.Now()
	if _, err := db.From(t.Context()).Exec(t.Context(), "select 1"); err != nil {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
	p.Cut() // nobody waits for their end
}

// connections that begin to hang while they are in use leave the pool with the requests that had them, and others take
// their places at once.
func TestHungInUse(t *testing.T) {
	t.Parallel()
	const conns = 8
	through, p := postgrestest.Proxied(t, postgrestest.DSN(t))
	db := postgrestest.Open(t, postgres.Options{DSN: through, MaxConns: conns})
	ctx := postgres.WithAnswerTime(t.Context(), 800*time.Millisecond)
	atOnce := func(statement string) (failed int32) {
		var requests sync.WaitGroup
		var n atomic.Int32
		for range conns {
			requests.Go(func() {
				if _, err := db.From(ctx).Exec(ctx, statement); err != nil {
					n.Add(1)
				}
			})
		}
		requests.Wait()
		return n.Load()
	}
	if n := atOnce("select pg_sleep(0.3)"); n > 0 {
		t.Fatalf("%d fail before", n)
	}
	hang := time.AfterFunc(200*time.Millisecond, p.Hang)
	defer hang.Stop()
	if n := atOnce("select pg_sleep(0.5)"); n != conns {
		t.Fatalf("%d of %d hang", n, conns)
	}
	if n := atOnce("select pg_sleep(0.3)"); n > 0 {
		t.Errorf("%d of %d requests fail after those that hung", n, conns)
	}
	p.Cut() // nobody waits for their end
}

// dialling a distant server takes longer than a request waits for a connection, so all connections are dialled before
// they are needed, and again after they were lost.
func TestFarServer(t *testing.T) {
	t.Parallel()
	const conns = 16
	through, p := postgrestest.Proxied(t, postgrestest.DSN(t))
	p.Delay(300 * time.Millisecond)
	db := postgrestest.Open(t, postgres.Options{DSN: through, MaxConns: conns})
	for round := range 2 {
		for deadline := time.Now().Add(20 * time.Second); db.Pool().Stat().IdleConns() < conns; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("round %d: %d connections are idle, want %d", round, db.Pool().Stat().IdleConns(), conns)
			}
		}
		var requests errgroup.Group
		for range conns {
			requests.Go(func() error {
				_, err := db.From(t.Context()).Exec(t.Context(), "select pg_sleep(0.5)")
				return err
			})
		}
		if err := requests.Wait(); err != nil {
			t.Errorf("round %d: one of %d requests at once: %v", round, conns, err)
		}
		p.Cut()
		_ = db.Ping(t.Context()) // whoever is lent one that was cut drops all of them
	}
}

// A server says in its greeting whether it takes writes, so that a new connection of target_session_attrs=read-write is one
// round trip.
func TestReadWriteIsNotAskedFor(t *testing.T) {
	t.Parallel()
	through, p := postgrestest.Proxied(t, postgrestest.DSN(t))
	db := postgrestest.Open(t, postgres.Options{DSN: through + " target_session_attrs=read-write", MaxConns: 1})
	if err := db.Reach(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.Answers(); got != 1 {
		t.Errorf("a new connection took %d round trips, want 1", got)
	}
	postgrestest.Exec(t, db, `do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`)
	db.Pool().Reset()
	if err := db.Reach(t.Context()); !errors.Is(err, postgres.ErrUnavailable) || !strings.Contains(err.Error(), "read only") {
		t.Errorf("a server that takes no writes = %v", err)
	}
}

// S-78: every connection has its time-outs, whatever the server's own are.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	for name, want := range map[string]string{"statement_timeout": "3s", "lock_timeout": "600ms", "idle_in_transaction_session_timeout": "5s"} {
		var got string
		if err := db.From(t.Context()).QueryRow(t.Context(), "select current_setting($1)", name).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v, want %s", name, got, err, want)
		}
	}
}
