package mail_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"huskyidp/internal/jobs"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// otherArgs are a job of another package's queue.
type otherArgs struct{}

func (otherArgs) Kind() string { return "other" }

type otherWorker struct {
	river.WorkerDefaults[otherArgs]
}

func (*otherWorker) Work(context.Context, *river.Job[otherArgs]) error { return nil }

// runnerOf is the whole of a process: mails, and the jobs of another package.
func runnerOf(t *testing.T, db *postgres.DB, keyring *seal.Keyring, server string) *jobs.Runner {
	t.Helper()
	sender, err := mail.NewSMTP(mail.SMTPOptions{Address: server, TLS: mail.PlainText, From: "no-reply@idp.example"})
	if err != nil {
		t.Fatal(err)
	}
	work, err := mail.Work(mail.Deps{DB: db, Keyring: keyring, Sender: sender, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	other := jobs.Work{Queues: []string{"other"}, Workers: 2, Add: func(w *river.Workers) error { return river.AddWorkerSafely(w, &otherWorker{}) }}
	runner, err := jobs.New(db, slog.New(slog.NewTextHandler(os.Stderr, nil)), work, other)
	if err != nil {
		t.Fatal(err)
	}
	return runner
}

// TestWorkerProcess is a process of TestKilledWorker's, and does nothing by itself.
func TestWorkerProcess(t *testing.T) {
	dsn, server := os.Getenv("MAIL_TEST_DSN"), os.Getenv("MAIL_TEST_SERVER")
	if dsn == "" {
		return
	}
	db := postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 5})
	kek, err := seal.ParseKEK(os.Getenv("MAIL_TEST_KEK"))
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := seal.Load(t.Context(), db, kek)
	if err != nil {
		t.Fatal(err)
	}
	if err := runnerOf(t, db, keyring, server).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	fmt.Println("working")
	select {} // until it is killed
}

// a worker's process that is killed with mails in its hands loses none: another one sends them within two minutes, and
// next to none twice.
func TestKilledWorker(t *testing.T) {
	t.Parallel()
	db := postgrestest.NewPool(t, 5)
	text := seal.GenerateKEK()
	kek, err := seal.ParseKEK(text)
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := seal.Load(t.Context(), db, kek)
	if err != nil {
		t.Fatal(err)
	}
	outbox, err := mail.NewOutbox(db, keyring, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{slow: 700 * time.Millisecond}
	server := serve(t, s, nil)
	worker := exec.Command(os.Args[0], "-test.run=^TestWorkerProcess$", "-test.count=1")
	worker.Env = append(os.Environ(), "MAIL_TEST_DSN="+db.Pool().Config().ConnString(), "MAIL_TEST_SERVER="+server, "MAIL_TEST_KEK="+text)
	var output strings.Builder
	worker.Stdout, worker.Stderr = &output, &output
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	const count = 40
	account := uuid.Must(uuid.NewV7())
	for range count {
		if err := outbox.Enqueue(t.Context(), welcome(account)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 30*time.Second, func() bool { return len(s.received()) >= 11 })
	time.Sleep(s.slow / 3) // the next ten are under way
	if err := worker.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	worker.Wait()
	var held int
	q := db.From(t.Context())
	if err := q.QueryRow(t.Context(), `select count(*) from river_job where state = 'running'`).Scan(&held); err != nil || held == 0 {
		t.Fatalf("the dead worker held %d jobs, %v\n%s", held, err, output.String())
	}
	// the minutes after which jobs of a worker that does not answer are given to another one
	if _, err := q.Exec(t.Context(), `update river_job set attempted_at = attempted_at - interval '5 minutes' where state = 'running'`); err != nil {
		t.Fatal(err)
	}
	runner := runnerOf(t, db, keyring, server)
	if err := runner.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		runner.Stop(ctx)
	}()
	eventually(t, 2*time.Minute, func() bool {
		var left int
		err := q.QueryRow(t.Context(), `select count(*) from mails where state <> 'sent'`).Scan(&left)
		return err == nil && left == 0
	})
	t.Logf("%d mails in the dead worker's hands, %d arrived of %d", held, len(s.received()), count)
	if n := len(s.received()); n < count || n > count+held {
		t.Errorf("%d mails arrived, want %d, and at most the %d that were under way twice", n, count, held)
	}
}

func eventually(t *testing.T, limit time.Duration, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v", limit)
		}
	}
}
