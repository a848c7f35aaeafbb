package main

import (
	"context"
	"strings"
	"testing"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres/postgrestest"
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
