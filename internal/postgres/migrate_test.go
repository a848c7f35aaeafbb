package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

func migrate(t *testing.T, dsn string) (newer bool) {
	t.Helper()
	newer, err := postgres.Migrate(t.Context(), postgres.Options{DSN: dsn}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return newer
}

// what starts at once migrates in turn.
func TestMigrateConcurrently(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.Empty(t)
	db := postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 1})
	if err := postgres.CheckSchema(t.Context(), db); !errors.Is(err, postgres.ErrSchema) {
		t.Errorf("CheckSchema of an empty database = %v, want ErrSchema", err)
	}
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if _, err := postgres.Migrate(t.Context(), postgres.Options{DSN: dsn}, nil); err != nil {
				t.Errorf("Migrate = %v", err)
			}
		})
	}
	group.Wait()
	if err := postgres.CheckSchema(t.Context(), db); err != nil {
		t.Errorf("CheckSchema after Migrate = %v", err)
	}
}

// a newer schema serves the programs that it says, and an older program leaves it as it is.
func TestOldestProgram(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.OwnerDSN(postgrestest.DSN(t))
	db := postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 1})
	check := func(want string, statements ...string) {
		t.Helper()
		postgrestest.Exec(t, db, statements...)
		err := postgres.CheckSchema(t.Context(), db)
		if want == "" && err != nil || want != "" && (!errors.Is(err, postgres.ErrSchema) || !strings.Contains(err.Error(), want)) {
			t.Errorf("after %q: %v, want %q", statements, err, want)
		}
	}
	check("")
	check("", `insert into goose_db_version (version_id, is_applied) values (99998, true)`)
	postgrestest.Exec(t, db, `grant delete on audit_events to idp_app`) // as a newer program's grants may differ
	if !migrate(t, dsn) {
		t.Error("Migrate of an older program does not say that the schema is newer")
	}
	var may bool
	if err := db.From(t.Context()).QueryRow(t.Context(), `select has_table_privilege('idp_app', 'audit_events', 'delete')`).Scan(&may); err != nil || !may {
		t.Errorf("an older program granted its own rights: %v, %v", may, err)
	}
	check("use a newer program", `update settings set oldest_program = 99998`)
	check("run `idp migrate`", `update settings set oldest_program = 340`, `delete from goose_db_version where version_id = 311`)
	// one of before this rule
	check("run `idp migrate`", `alter table settings drop column oldest_program`, `delete from goose_db_version where version_id in (340, 99998)`)
}

// Whoever waits for another migration learns so.
func TestMigrateWaits(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.OwnerDSN(postgrestest.DSN(t))
	other := postgrestest.Owner(t, postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 1}))
	if _, err := other.Exec(t.Context(), `select pg_advisory_lock($1)`, 0x1d_9001); err != nil {
		t.Fatal(err)
	}
	told := 0
	_, err := postgres.Migrate(t.Context(), postgres.Options{DSN: dsn}, func() {
		told++
		if _, err := other.Exec(t.Context(), `select pg_advisory_unlock_all()`); err != nil {
			t.Error(err)
		}
	})
	if err != nil || told != 1 {
		t.Errorf("Migrate = %v, notified %d times", err, told)
	}
}

// TestMigrateKilled kills real processes in the middle of a migration, each somewhere else: the next continues, and what comes out
// is whole.
func TestMigrateKilled(t *testing.T) {
	migrateAsChild()
	t.Parallel()
	dsn := postgrestest.Empty(t)
	db := postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 1})
	slowStatements(t, db, "0.02", "")
	killed := 0
	for whole := false; !whole; {
		child, said := startMigration(t, dsn)
		ended := make(chan error, 1)
		go func() { ended <- child.Wait() }()
		var kill <-chan time.Time
		for running := true; running; {
			select {
			case err := <-ended:
				running, whole = false, err == nil
				if said.Len() > 0 {
					t.Fatalf("after %d kills: %v %s", killed, err, said)
				}
			case <-kill:
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				killed++
			case <-time.After(5 * time.Millisecond):
				if kill == nil && inSlowStatement(t, db) { // later each time, so that there is an end
					kill = time.After(rand.N(time.Duration(killed+1) * 40 * time.Millisecond))
				}
			}
		}
	}
	if killed < 10 {
		t.Errorf("it was killed %d times only", killed)
	}
	postgrestest.Exec(t, db, `drop schema slow cascade`)
	if got, want := shape(t, dsn), shape(t, postgrestest.OwnerDSN(postgrestest.DSN(t))); got != want {
		t.Errorf("after %d kills the schema is not what it is without:\n%s", killed, difference(got, want))
	}
	t.Logf("killed %d times", killed)
}

// slowStatements makes each statement that defines something of the name, or anything if that is empty, take so many seconds.
func slowStatements(t *testing.T, db *postgres.DB, seconds, name string) {
	t.Helper()
	postgrestest.Exec(t, db, `create schema slow`, `create function slow.sleep() returns event_trigger language plpgsql as $$ begin
			if exists (select from pg_event_trigger_ddl_commands() where '`+name+`' in ('', object_identity)) then perform pg_sleep(`+seconds+`); end if;
		end $$`, `create event trigger slow on ddl_command_end execute function slow.sleep()`)
}

func inSlowStatement(t *testing.T, db *postgres.DB) (slow bool) {
	t.Helper()
	err := db.From(t.Context()).QueryRow(t.Context(), `select exists (select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep')`).Scan(&slow)
	if err != nil {
		t.Fatal(err)
	}
	return slow
}

// migrateAsChild migrates and ends the process, if startMigration started it.
func migrateAsChild() {
	dsn := os.Getenv("IDP_TEST_MIGRATE")
	if dsn == "" {
		return
	}
	if _, err := postgres.Migrate(context.Background(), postgres.Options{DSN: dsn}, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// startMigration migrates in a process of its own, which runs this test again up to migrateAsChild.
func startMigration(t *testing.T, dsn string) (child *exec.Cmd, said *bytes.Buffer) {
	t.Helper()
	child, said = exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$"), &bytes.Buffer{}
	child.Env = append(os.Environ(), "IDP_TEST_MIGRATE="+dsn)
	child.Stderr = said
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return child, said
}

// A killed migration leaves its last statement to the server, for as long as that takes: the next waits for it.
func TestMigrateKilledInAStatement(t *testing.T) {
	migrateAsChild()
	t.Parallel()
	dsn := postgrestest.Empty(t)
	db := postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 1})
	slowStatements(t, db, "3", "public.members")
	child, said := startMigration(t, dsn)
	for deadline := time.Now().Add(30 * time.Second); !inSlowStatement(t, db); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no statement is slow: %s", said)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	if _, err := postgres.Migrate(t.Context(), postgres.Options{DSN: dsn}, nil); err != nil {
		t.Errorf("the next migration: %v", err)
	}
}

// A kill while an index is made concurrently leaves one that is invalid.
func TestMigrateMendsAnIndex(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.OwnerDSN(postgrestest.DSN(t))
	db := postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 2})
	want := shape(t, dsn)
	postgrestest.Exec(t, db, `drop index accounts_password_scheme`, `delete from goose_db_version where version_id = 360`)
	old := postgrestest.Owner(t, db) // the index waits for a transaction that is older than itself
	for _, statement := range []string{`begin isolation level repeatable read`, `select from members`} {
		if _, err := old.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	failed := make(chan error, 1)
	go func() { _, err := postgres.Migrate(t.Context(), postgres.Options{DSN: dsn}, nil); failed <- err }()
	invalid := func() (n int) {
		t.Helper()
		if err := db.From(t.Context()).QueryRow(t.Context(), `select count(*) from pg_index where not indisvalid`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	killed := false
	for deadline := time.Now().Add(20 * time.Second); !killed; time.Sleep(20 * time.Millisecond) {
		err := db.From(t.Context()).QueryRow(t.Context(), `select coalesce(bool_or(pg_terminate_backend(pid)), false) from pg_stat_activity
			where datname = current_database() and query like '%create index concurrently%' and wait_event_type = 'Lock' and pid <> pg_backend_pid()`).Scan(&killed)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("no index is being made: %v", err)
		}
	}
	if err := <-failed; err == nil || invalid() != 1 {
		t.Fatalf("Migrate = %v, with %d invalid indexes, want an error and one", err, invalid())
	}
	if _, err := old.Exec(t.Context(), `rollback`); err != nil {
		t.Fatal(err)
	}
	migrate(t, dsn)
	if got := shape(t, dsn); invalid() != 0 || got != want {
		t.Errorf("%d invalid indexes; the schema differs:\n%s", invalid(), difference(got, want))
	}
}

// a table that somebody holds ends the migration within 2 s instead of everybody's requests behind it.
func TestMigrateWhereATableIsHeld(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.OwnerDSN(postgrestest.DSN(t))
	db := postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 1})
	postgrestest.Exec(t, db, `alter table settings drop column oldest_program`, `delete from goose_db_version where version_id = 340`)
	holder := postgrestest.Owner(t, db)
	for _, statement := range []string{`begin`, `select from settings`} {
		if _, err := holder.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	if _, err := postgres.Migrate(t.Context(), postgres.Options{DSN: dsn}, nil); !errors.Is(err, postgres.ErrLocked) || time.Since(began) > 10*time.Second {
		t.Errorf("Migrate = %v after %s, want ErrLocked", err, time.Since(began))
	}
	if _, err := holder.Exec(t.Context(), `rollback`); err != nil {
		t.Fatal(err)
	}
	migrate(t, dsn)
	if err := postgres.CheckSchema(t.Context(), db); err != nil {
		t.Error(err)
	}
}

// shape is what the schema consists of, line by line.
func shape(t *testing.T, dsn string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `
		select 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') as line
			from information_schema.columns where table_schema = 'public'
		union all select 'index ' || indexdef from pg_indexes where schemaname = 'public'
		union all select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
		union all select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
		union all select 'function ' || proname || ' ' || prosrc from pg_proc where pronamespace = 'public'::regnamespace
		union all select 'applied ' || version_id from goose_db_version
		union all select 'rights ' || table_name || ' ' || privilege_type from information_schema.role_table_grants where grantee = 'idp_app'
		order by line`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// difference are the lines that only one of two has.
func difference(got, want string) string {
	count := map[string]int{}
	for line := range strings.Lines(want + "\n") {
		count[line]--
	}
	for line := range strings.Lines(got + "\n") {
		count[line]++
	}
	var said strings.Builder
	for line, n := range count {
		if n != 0 {
			fmt.Fprintf(&said, "%+d %s", n, line)
		}
	}
	return said.String()
}
