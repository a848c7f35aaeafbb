package mail_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

func TestSend(t *testing.T) {
	t.Parallel()
	f := newFixture(t, &sink{})
	account := uuid.Must(uuid.NewV7())
	f.enqueue(t, welcome(account))
	got := f.settled(t, account)
	if len(got) != 1 || got[0].State != "sent" || got[0].Attempts != 1 || got[0].DoneAt == nil {
		t.Errorf("Deliveries = %+v, want one sent at the first try", got)
	}
	if n := f.unsealedRows(t); n != 0 {
		t.Errorf("%d mails keep their body after delivery, want 0", n)
	}
	raw := f.sink.received()
	if len(raw) != 1 {
		t.Fatalf("the server got %d mails, want 1", len(raw))
	}
	m, err := netmail.ReadMessage(strings.NewReader(raw[0]))
	if err != nil {
		t.Fatalf("reading the mail: %v", err)
	}
	var dec mime.WordDecoder
	for name, want := range map[string]string{
		"From": `"Salud HUSKY" <no-reply@idp.example>`, "To": "<maria@example.com>", "Reply-To": "<help@idp.example>",
		"Subject": "Su cuenta está lista", "Auto-Submitted": "auto-generated", "Content-Language": "es",
	} {
		if got, err := dec.DecodeHeader(m.Header.Get(name)); got != want || err != nil {
			t.Errorf("header %s = %q, want %q", name, got, want)
		}
	}
	if id := m.Header.Get("Message-ID"); !strings.HasSuffix(id, "@idp.example>") {
		t.Errorf("Message-ID = %q, want one of the sender's domain", id)
	}
	parts := partsOf(t, m)
	if parts["text/plain"] != "Su Nombre de Usuario es maría.\n" || parts["text/html"] != "<p>Su Nombre de Usuario es maría.</p>" {
		t.Errorf("parts = %q", parts)
	}
}

func partsOf(t *testing.T, m *netmail.Message) map[string]string {
	t.Helper()
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || media != "multipart/alternative" {
		t.Fatalf("Content-Type = %q, want multipart/alternative", m.Header.Get("Content-Type"))
	}
	parts := map[string]string{}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		parts[kind] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
}

// A mail whose job is gone without it, for whatever reason, gets another one; a mail that has one keeps it.
func TestMailsWithoutAJob(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	now := time.Now()
	outbox, err := mail.NewOutbox(db, seal.Ephemeral(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := outbox.Enqueue(t.Context(), welcome(uuid.Must(uuid.NewV7()))); err != nil {
			t.Fatal(err)
		}
	}
	q := db.From(t.Context())
	for _, statement := range []string{
		`delete from river_job where id = (select min(id) from river_job)`,
		`update river_job set state = 'discarded', finalized_at = now() where id = (select max(id) from river_job)`,
	} {
		if _, err := q.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	live := func() (n int) {
		err := q.QueryRow(t.Context(), `select count(distinct args->>'mail_id') from river_job where state = 'available' having count(*) = count(distinct args->>'mail_id')`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, after := range []struct {
		age  time.Duration
		want int
	}{{time.Minute, 1}, {3 * time.Minute, 3}, {10 * time.Minute, 3}} {
		now = now.Add(after.age)
		if err := outbox.Requeue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := live(); n != after.want {
			t.Errorf("%d mails have a job, want %d", n, after.want)
		}
	}
}

// a server that refuses for now gets the same mail again, under one Message-ID.
func TestSendAgainAfterATemporaryRefusal(t *testing.T) {
	t.Parallel()
	later := &smtp.SMTPError{Code: 451, Message: "try maria@example.com later"}
	f := newFixture(t, &sink{answers: []error{later, later}})
	account := uuid.Must(uuid.NewV7())
	f.enqueue(t, welcome(account))
	got := f.settled(t, account)
	if len(got) != 1 || got[0].State != "sent" || got[0].Attempts != 3 {
		t.Errorf("Deliveries = %+v, want one sent at the third try", got)
	}
	if n := len(f.sink.received()); n != 1 {
		t.Errorf("the server got %d mails, want 1", n)
	}
}

// A server that hangs up once it accepted a mail has the mail.
func TestAcceptedIsSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t, &sink{hangsUp: true})
	account := uuid.Must(uuid.NewV7())
	f.enqueue(t, welcome(account))
	if got := f.settled(t, account); len(got) != 1 || got[0].State != "sent" || got[0].Attempts != 1 {
		t.Errorf("Deliveries = %+v, want one sent at the first try", got)
	}
	if n := len(f.sink.received()); n != 1 {
		t.Errorf("the server got %d mails, want 1", n)
	}
}

// a database that is away while the server accepts a mail makes no second one.
func TestSentWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	dsn, proxy := postgrestest.Proxied(t, postgrestest.DSN(t))
	var once sync.Once
	queued := make(chan struct{}) // the job may be worked on before the answer to its commit is here
	s := &sink{got: func() {
		once.Do(func() {
			<-queued
			go func() {
				for range 15 {
					proxy.Cut()
					time.Sleep(100 * time.Millisecond)
				}
			}()
			time.Sleep(50 * time.Millisecond)
		})
	}}
	f := fixtureOn(t, s, postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 5}))
	account := uuid.Must(uuid.NewV7())
	f.enqueue(t, welcome(account))
	close(queued)
	eventually(t, 20*time.Second, func() bool {
		all, err := f.outbox.Deliveries(t.Context(), account, 10)
		return err == nil && len(all) == 1 && all[0].State == "sent"
	})
	if n := len(f.sink.received()); n != 1 {
		t.Errorf("the server got %d mails, want 1", n)
	}
}

// A refusal for good ends the mail, holds up no other, and the server's words, which
// quote the address, are kept nowhere.
func TestFailForGood(t *testing.T) {
	t.Parallel()
	f := newFixture(t, &sink{answers: []error{&smtp.SMTPError{Code: 550, Message: "no maria@example.com here"}}})
	bad, good := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	f.enqueue(t, welcome(bad))
	got := f.settled(t, bad)
	if len(got) != 1 || got[0].State != "failed" || got[0].LastError != "the mail server answers 550" {
		t.Errorf("Deliveries = %+v, want one failed with 550", got)
	}
	f.enqueue(t, welcome(good))
	if got := f.settled(t, good); got[0].State != "sent" {
		t.Errorf("the next mail is %s, want sent", got[0].State)
	}
	if n := f.unsealedRows(t); n != 0 {
		t.Errorf("%d mails keep their body, want 0", n)
	}
	var leaks int
	err := f.db.From(t.Context()).QueryRow(t.Context(),
		`select count(*) from river_job where args::text like '%maria%' or errors::text like '%maria%'`).Scan(&leaks)
	if err != nil || leaks != 0 {
		t.Errorf("%d jobs hold the address (%v), want 0", leaks, err)
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	f := newFixture(t, &sink{})
	account := uuid.Must(uuid.NewV7())
	m := welcome(account)
	m.NotAfter = time.Now().Add(-time.Second)
	f.enqueue(t, m)
	if got := f.settled(t, account); got[0].State != "expired" {
		t.Errorf("state = %s, want expired", got[0].State)
	}
	if n := len(f.sink.received()); n != 0 {
		t.Errorf("the server got %d mails, want 0", n)
	}
}

// what is rolled back is not sent, and leaves no job.
func TestEnqueueJoinsTheTransaction(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	outbox, err := mail.NewOutbox(db, seal.Ephemeral(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	undo := errors.New("undo")
	err = db.InTx(t.Context(), func(ctx context.Context) error {
		if err := outbox.Enqueue(ctx, welcome(uuid.Must(uuid.NewV7()))); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatalf("InTx = %v", err)
	}
	var left int
	err = db.From(t.Context()).QueryRow(t.Context(), `select (select count(*) from mails) + (select count(*) from river_job)`).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d rows are left (%v), want 0", left, err)
	}
}
