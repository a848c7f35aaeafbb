package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/embedded"
)

// standby follows the drill's cluster, whose address has both hosts then.
func (d *drill) standby() {
	t := d.t
	t.Helper()
	d.vars["STANDBY"] = filepath.Join(d.dir, "standby")
	var err error
	d.follower, err = d.server.Standby(t.Context(), d.vars["STANDBY"], "standby")
	must(t, err)
	t.Cleanup(func() { must(t, d.follower.Stop()) })
	hosts := d.vars["PGHOST"] + "," + d.vars["STANDBY"] + "/run"
	d.dsn = strings.Replace(d.dsn, d.vars["PGHOST"], hosts, 1) + " target_session_attrs=read-write"
	d.super = strings.Replace(d.super, d.vars["PGHOST"], hosts, 1) + " target_session_attrs=read-write connect_timeout=2"
	d.vars["IDP_DATABASE_URL"] = d.dsn
}

// caughtUp waits until the standby has all that the primary wrote.
func (d *drill) caughtUp() {
	d.t.Helper()
	within(d.t, 10*time.Second, "a standby that has caught up", func() bool {
		var behind bool
		conn, err := pgx.Connect(d.t.Context(), d.super)
		must(d.t, err)
		defer conn.Close(d.t.Context())
		must(d.t, conn.QueryRow(d.t.Context(), `select coalesce(bool_or(replay_lsn < pg_current_wal_lsn()), true) from pg_stat_replication`).Scan(&behind))
		return !behind
	})
}

// TestFailover: an address with both hosts leads to the standby within 5 s of its promotion, by itself, and nothing is refused
// as restored.
func TestFailover(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]struct {
		synchronous bool
		commits     bool // may be lost, which an alert says
		primary     func(d *drill)
	}{
		"killed":               {true, false, (*drill).killed},
		"killed, asynchronous": {false, true, (*drill).killed},
		"hung":                 {true, false, (*drill).hang},
		"killed, its last commits lost": {false, true, func(d *drill) {
			must(t, d.follower.Stop())
			before := d.beat()
			within(t, 20*time.Second, "a beat that the standby has not", func() bool { return d.beat().After(before) })
			d.killed()
			var err error
			d.follower, err = embedded.Start(t.Context(), embedded.Options{DataDir: d.vars["STANDBY"]})
			must(t, err)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := appDrill(t)
			d.member()
			d.standby()
			if lost.synchronous {
				d.synchronous("standby")
			}
			d.start()
			token := d.tokens()["refresh_token"]
			d.caughtUp()
			lost.primary(d)
			d.shell(`psql --host="$STANDBY/run" --quiet --dbname=idp --command='select pg_promote()'`)
			promoted := time.Now()
			d.synchronous("") // as its only standby is gone
			within(t, 5*time.Second, "a refresh on the new primary", func() bool {
				status, _ := d.refresh(token)
				return status == 200
			})
			t.Logf("refreshed %s after the promotion", time.Since(promoted).Round(time.Millisecond))
			within(t, 5*time.Second, "ready", func() bool { status, _ := d.instance.operations("/readyz"); return status == 200 })
			d.tokens()
			before := d.beat()
			within(t, 15*time.Second, "a beat on the new primary", func() bool { return d.beat().After(before) })
			if said := d.instance.log.String(); strings.Contains(said, "restored") || strings.Contains(said, "failover_lost_commits") != lost.commits {
				t.Errorf("the log:\n%s", said)
			}
			d.stop()
			d.start() // and one that has seen nothing of it
			d.tokens()
			d.stop()
		})
	}
}

// TestStartAfterAFailover: an instance whose first connection finds that commits may be lost starts, and the alert is there.
func TestStartAfterAFailover(t *testing.T) {
	t.Parallel()
	d := appDrill(t)
	d.start()
	d.stop()
	conn, err := pgx.Connect(t.Context(), d.super)
	must(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `update settings set timeline = 77, beat_at = now() - interval '10 seconds'`)
	must(t, err)
	d.start()
	within(t, 10*time.Second, "the alert", func() bool {
		var n int
		must(t, conn.QueryRow(t.Context(), `select count(*) from audit_events where kind = 'alert.failover_lost_commits'`).Scan(&n))
		return n > 0
	})
	d.stop()
}

func (d *drill) killed() { d.shell(`pg_ctl --pgdata="$PGDATA" --mode=immediate --silent stop`) }

// synchronous has the commits of the primary wait for the named standby, or for none.
func (d *drill) synchronous(name string) {
	d.t.Helper()
	conn, err := pgx.Connect(d.t.Context(), d.super)
	must(d.t, err)
	defer conn.Close(d.t.Context())
	for _, statement := range []string{`alter system set synchronous_standby_names = '` + name + `'`, `alter system set synchronous_commit = on`, `select pg_reload_conf()`} {
		_, err = conn.Exec(d.t.Context(), statement)
		must(d.t, err)
	}
}

// hang stops every process of the primary; its kernel still takes connections.
func (d *drill) hang() {
	d.t.Helper()
	signal := func(name string) {
		d.shell(`first=$(head -n 1 "$PGDATA/postmaster.pid"); for pid in $first $(ps -o pid= --ppid $first); do kill -` + name + ` $pid || true; done`)
	}
	d.t.Cleanup(func() { signal("CONT") })
	signal("STOP")
}

// beat is how far the database has come.
func (d *drill) beat() (at time.Time) {
	d.t.Helper()
	conn, err := pgx.Connect(d.t.Context(), d.super)
	must(d.t, err)
	defer conn.Close(d.t.Context())
	must(d.t, conn.QueryRow(d.t.Context(), `select beat_at from settings`).Scan(&at))
	return at
}
