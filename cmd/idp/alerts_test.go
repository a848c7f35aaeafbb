package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// TestWatches (S-74): late mails, jobs that were given up and a sudden rise of resets are one
// alert an hour, however many instances look.
func TestWatches(t *testing.T) {
	t.Parallel()
	db := postgrestest.NewPool(t, 4)
	for kind, statement := range map[audit.Kind]string{
		audit.MailsLate: `insert into mails (id, kind, state, sealed, created_at) values (gen_random_uuid(), 'code', 'queued', 'x', now() - interval '11 minutes')`,
		audit.JobsDiscarded: `insert into river_job (state, kind, args, max_attempts, attempt, finalized_at, queue)
			values ('discarded', 'mail', '{}', 1, 1, now(), 'default')`,
		audit.ResetsRising: `insert into audit_events (id, at, kind, client_id, session_id, subject, actor, request_id, success, reason, data)
			select gen_random_uuid(), now() - n * interval '1 second', 'password_reset', '', '', '', '', '', true, '', '{}' from generate_series(1, 20) n`,
	} {
		look := watch(db, audit.New(db))
		rows := func() (n int) {
			if err := db.From(t.Context()).QueryRow(t.Context(), `select count(*) from audit_events where kind = $1`, kind).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if err := look(t.Context()); err != nil || rows() != 0 {
			t.Fatalf("%s before: %d rows, %v", kind, rows(), err)
		}
		if _, err := db.From(t.Context()).Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		all(t, 4, func() error { return look(context.Background()) })
		if rows() != 1 {
			t.Errorf("%s: %d rows after four instances looked, want one", kind, rows())
		}
	}
}

func all(t *testing.T, n int, do func() error) {
	t.Helper()
	done := make(chan error, n)
	for range n {
		go func() { done <- do() }()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Every alert is counted on the metrics of a running instance from the start.
func TestAlertMetrics(t *testing.T) {
	t.Parallel()
	i := startInstance(t, "0s")
	_, metrics := i.operations("/metrics")
	for _, name := range audit.AlertNames() {
		if !strings.Contains(metrics, `idp_alerts_total{alert="`+name+`"} 0`) {
			t.Errorf("the metrics do not count %s", name)
		}
	}
}

// TestBrokenSeals (S-46, S-74): a value in another row than it was sealed for is
// reported once, with a row of the audit, also where the transaction that met it is undone.
func TestBrokenSeals(t *testing.T) {
	t.Parallel()
	db := postgrestest.NewPool(t, 4)
	ring := seal.Ephemeral()
	alerts := make(chan string, 10)
	ring.OnBroken(tellBroken(audit.New(db).AlertTo(slog.New(slog.DiscardHandler), func(name string) { alerts <- name }), slog.New(slog.DiscardHandler)))
	one, two := seal.Place{Table: "accounts", Column: "password_sealed", Row: uuid.NewString()}, seal.Place{Table: "accounts", Column: "password_sealed", Row: uuid.NewString()}
	sealed := ring.Seal(seal.PepperPassword, one, []byte("x"))
	undone := errors.New("undone")
	err := db.InTx(t.Context(), func(context.Context) error {
		for range 3 {
			if _, err := ring.Open(seal.PepperPassword, two, sealed); err == nil {
				t.Error("a swapped value opens")
			}
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	if _, err := ring.OpenSent(seal.Session, one, []byte("a stranger's")); err == nil {
		t.Error("nonsense opens")
	}
	within(t, 5*time.Second, "a row of the audit", func() bool {
		var rows int
		err := db.From(t.Context()).QueryRow(t.Context(), `select count(*) from audit_events where kind = $1 and data->>'row' = $2`, audit.SealBroken, two.Row).Scan(&rows)
		return err == nil && rows == 1
	})
	if name := <-alerts; name != "sealed_value_broken" || len(alerts) != 0 {
		t.Errorf("alert %s, and %d more", name, len(alerts))
	}
}

// What looks every minute for mails that wait does not read those that are done.
func TestWaitingMailsHaveAnIndex(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	postgrestest.Exec(t, db, `insert into mails (id, kind, state, created_at, done_at) select gen_random_uuid(), 'x', 'sent', now(), now() from generate_series(1, 5000)`, `analyze mails`)
	for _, where := range []string{`state = 'queued'`, `state = 'queued' and created_at < now() - interval '10 minutes'`} {
		rows, err := db.From(t.Context()).Query(t.Context(), `explain select count(*) from mails where `+where)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || !strings.Contains(strings.Join(plan, "\n"), "mails_queued") {
			t.Errorf("%s: %v, %v", where, plan, err)
		}
	}
}
