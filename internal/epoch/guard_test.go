package epoch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// guarded is a server of one connection, on a database that tests alter as a restore would.
type guarded struct {
	t     *testing.T
	guard *Guard
	dsn   string
	lost  chan time.Duration
	db    *postgres.DB
}

func newGuarded(t *testing.T) *guarded {
	g := &guarded{t: t, dsn: postgrestest.DSN(t), lost: make(chan time.Duration, 9)}
	g.start()
	if err := g.connect(); err != nil { // else a connection that was checked before the test alters the database might arrive later
		t.Fatal(err)
	}
	return g
}

// start is a server that remembers nothing.
func (g *guarded) start() {
	g.guard = NewGuard(slog.New(slog.DiscardHandler), func(lost time.Duration) { g.lost <- lost })
	g.db = postgrestest.Open(g.t, postgres.Options{DSN: g.dsn, MaxConns: 1, Check: g.guard.Check})
}

// connect has the server make a new connection, as after a restore.
func (g *guarded) connect() error {
	g.db.Pool().Reset()
	ctx, cancel := context.WithTimeout(g.t.Context(), 5*time.Second)
	defer cancel()
	if err := g.db.Ping(ctx); err != nil && g.guard.Err() == nil {
		g.t.Fatal(err)
	}
	return g.guard.Err()
}

// alter changes the row from outside.
func (g *guarded) alter(set string) {
	g.t.Helper()
	conn, err := pgx.Connect(g.t.Context(), g.dsn)
	if err != nil {
		g.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(g.t.Context()))
	if _, err := conn.Exec(g.t.Context(), `update settings set `+set); err != nil {
		g.t.Fatal(err)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set    string // what the database is then
		again  bool   // a server that remembers nothing
		want   string // of the refusal; "" for none
		losing bool
	}{
		"the same":                                       {"", false, "", false},
		"the same, started later":                        {"beat_at = beat_at - interval '9 days'", true, "", false},
		"another cluster":                                {"system_identifier = 1", false, "another cluster", false},
		"another cluster, started later":                 {"system_identifier = 1", true, "another cluster", false},
		"another database":                               {"database_oid = 1", true, "another oid", false},
		"the past":                                       {"beat_at = beat_at - interval '10 seconds'", false, "10s behind", false},
		"the past of a point in time":                    {"beat_at = beat_at - interval '10 minutes', timeline = 77", false, "10m0s behind", false},
		"an older epoch":                                 {"epoch = epoch - 1", false, "epoch", false},
		"failover that lost nothing":                     {"timeline = 77, synchronous = true", false, "", false},
		"failover that lost a little":                    {"timeline = 77, beat_at = beat_at - interval '2 seconds'", false, "", true},
		"synchronous failover that lost a little":        {"timeline = 77, synchronous = true, beat_at = beat_at - interval '2 seconds'", false, "", true},
		"failover between two beats":                     {"timeline = 77", false, "", true},
		"failover while we started":                      {"timeline = 77, synchronous = true, beat_at = beat_at - interval '20 seconds'", true, "", false},
		"asynchronous failover while we started":         {"timeline = 77, beat_at = beat_at - interval '20 seconds'", true, "", true},
		"another timeline that nobody saw":               {"timeline = 77, beat_at = beat_at - interval '10 minutes'", true, "failover or a restore", false},
		"what another server refused":                    {"doubt = 'for a reason'", true, "for a reason", false},
		"an epoch that was raised":                       {"epoch = epoch + 1, beat_at = beat_at - interval '9 days'", false, "", false},
		"a cluster that no server has been on (upgrade)": {"system_identifier = null, timeline = null", true, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t)
			if err := g.connect(); err != nil {
				t.Fatalf("a new database: %v", err)
			}
			if err := g.guard.Beat(t.Context(), g.db); err != nil {
				t.Fatal(err)
			}
			if c.set != "" {
				g.alter(c.set)
			}
			if c.again {
				g.start()
			}
			err := g.connect()
			if c.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				if err := g.guard.Beat(t.Context(), g.db); err != nil {
					t.Error(err)
				}
				if err := g.connect(); err != nil {
					t.Errorf("refused at the next connection: %v", err)
				}
				if g.start(); g.connect() != nil {
					t.Errorf("the next server is refused: %v", g.guard.Err())
				}
			} else {
				if !errors.Is(err, ErrRestored) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "idp restore-epoch") {
					t.Errorf("refusal %v, want ErrRestored with %q and what to run", err, c.want)
				}
				watching, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				if err := g.guard.Watch(watching, g.db); !errors.Is(err, ErrRestored) {
					t.Errorf("Watch = %v, want ErrRestored", err)
				}
				g.start()
				if err := g.connect(); !errors.Is(err, ErrRestored) {
					t.Errorf("a server that remembers nothing starts on it: %v", err)
				}
				plain := postgrestest.Open(t, postgres.Options{DSN: g.dsn, MaxConns: 1})
				if _, _, err := Raise(t.Context(), plain, audit.New(plain), time.Now()); err != nil {
					t.Fatal(err)
				}
				if g.start(); g.connect() != nil {
					t.Errorf("refused after the epoch was raised: %v", g.guard.Err())
				}
			}
			if c.losing {
				select {
				case <-g.lost:
				case <-time.After(5 * time.Second):
					t.Error("the loss of commits was not reported")
				}
			}
			if len(g.lost) > 0 {
				t.Error("told of lost commits")
			}
		})
	}
}

// A pooler's connection outlives a restore: the beat notices.
func TestBeatOfARestoredDatabase(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	if err := g.connect(); err != nil {
		t.Fatal(err)
	}
	g.alter("beat_at = beat_at - interval '10 minutes'")
	if err := g.guard.Beat(t.Context(), g.db); !errors.Is(err, ErrRestored) {
		t.Errorf("Beat = %v, want ErrRestored", err)
	}
	if g.start(); g.connect() == nil {
		t.Error("a server that remembers nothing starts on it")
	}
}

// a database that answers and commits nothing is known by the beat, and known to be well again by the next.
func TestStalled(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	if g.guard.Stalled() {
		t.Error("stalled before the first beat")
	}
	g.guard.moved = time.Now().Add(-stalledAfter - time.Second)
	holder, err := pgx.Connect(t.Context(), g.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(context.WithoutCancel(t.Context()))
	for _, statement := range []string{"begin", "select from settings for update"} {
		if _, err := holder.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.guard.Beat(t.Context(), g.db); err == nil || !g.guard.Stalled() {
		t.Errorf("a beat that waits = %v, stalled %t", err, g.guard.Stalled())
	}
	if _, err := holder.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	if err := g.guard.Beat(t.Context(), g.db); err != nil || g.guard.Stalled() {
		t.Errorf("the next beat = %v, stalled %t", err, g.guard.Stalled())
	}
}

// Raising is all or nothing: what fails in the middle leaves the doubt.
func TestRaiseIsWhole(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.alter("doubt = 'restored'")
	plain := postgrestest.Open(t, postgres.Options{DSN: g.dsn, MaxConns: 1})
	ctx := t.Context()
	if _, err := plain.From(ctx).Exec(ctx, `insert into used_jtis values ('\x01', now())`); err != nil {
		t.Fatal(err)
	}
	cut, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := Raise(cut, plain, audit.New(plain), time.Now()); err == nil {
		t.Fatal("Raise in a context that is over succeeded")
	}
	if err := g.connect(); !errors.Is(err, ErrRestored) {
		t.Fatalf("after a Raise that failed: %v", err)
	}
	for want := 2; want < 4; want++ {
		epoch, _, err := Raise(ctx, plain, audit.New(plain), time.Now())
		if err != nil || epoch != want {
			t.Errorf("Raise = %d, %v, want %d", epoch, err, want)
		}
	}
	var events string
	if err := plain.From(ctx).QueryRow(ctx, `select string_agg(kind, ' ') from audit_events`).Scan(&events); err != nil || events != "epoch.raised epoch.raised" {
		t.Errorf("audit: %q, %v", events, err)
	}
	if err := Trust(ctx, plain, audit.New(plain), time.Now()); err != nil {
		t.Error(err)
	}
	if g.start(); g.connect() != nil {
		t.Error(fmt.Sprint("after Trust: ", g.guard.Err()))
	}
}

// far from the database, the check of a new connection is one round trip.
func TestCheckIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	through, p := postgrestest.Proxied(t, g.dsn)
	db := postgrestest.Open(t, postgres.Options{DSN: through, MaxConns: 1, Check: g.guard.Check})
	if err := db.Reach(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.Answers(); got != 2 {
		t.Errorf("a new connection and its check took %d round trips, want 2", got)
	}
}

// cancelOn ends a context when a statement begins.
type cancelOn struct {
	statement string
	cancel    context.CancelFunc
}

func (c cancelOn) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, c.statement) {
		c.cancel()
	}
	return ctx
}

func (cancelOn) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A connection that is dropped while it is refused, because another one was, logs no failure of its own.
func TestRefusedConnectionThatIsDropped(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.alter("system_identifier = system_identifier + 1")
	for name, isDropped := range map[string]bool{"dropped": true, "refused": false} {
		ctx, cancel := context.WithCancel(t.Context())
		config, err := pgx.ParseConfig(g.dsn)
		if err != nil {
			t.Fatal(err)
		}
		if isDropped {
			config.Tracer = cancelOn{"set doubt", cancel}
		}
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		err = NewGuard(slog.New(slog.NewTextHandler(&log, nil)), func(time.Duration) {}).Check(ctx, conn)
		if !errors.Is(err, ErrRestored) || strings.Contains(log.String(), "could not be written down") {
			t.Errorf("%s: %v, logged %q, want the refusal alone", name, err, log.String())
		}
		cancel()
		_ = conn.Close(context.WithoutCancel(t.Context()))
	}
}
