package mail_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"huskyidp/internal/jobs"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// sink is a mail server that answers RCPT as told, in turn, and then keeps mails.
type sink struct {
	mu      sync.Mutex
	answers []error
	mails   []string
	slow    time.Duration // before a mail is accepted
	utf8    []bool        // of each MAIL FROM: whether it asked for SMTPUTF8
	got     func()        // called before a mail is accepted; may be nil
	hangsUp bool          // once a mail is accepted
}

func (s *sink) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{s, c}, nil }

func (s *sink) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mails...)
}

type session struct {
	sink *sink
	conn *smtp.Conn
}

func (s *session) Mail(_ string, o *smtp.MailOptions) error {
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.utf8 = append(s.sink.utf8, o.UTF8)
	return nil
}

func (s *session) Rcpt(string, *smtp.RcptOptions) error {
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	if len(s.sink.answers) == 0 {
		return nil
	}
	answer := s.sink.answers[0]
	s.sink.answers = s.sink.answers[1:]
	return answer
}
func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	time.Sleep(s.sink.slow)
	if s.sink.got != nil {
		s.sink.got()
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.mails = append(s.sink.mails, string(data))
	return err
}
func (s *session) Reset() {
	if s.sink.hangsUp {
		s.conn.Conn().Close()
	}
}
func (s *session) Logout() error { return nil }

func serve(t *testing.T, s *sink, config *tls.Config) (address string) {
	t.Helper()
	server := smtp.NewServer(s)
	server.Domain = "localhost"
	server.EnableSMTPUTF8 = true
	server.TLSConfig = config
	server.ErrorLog = quietLogger{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
	return l.Addr().String()
}

type quietLogger struct{}

func (quietLogger) Printf(string, ...any) {}
func (quietLogger) Println(...any)        {}

type fixture struct {
	db     *postgres.DB
	outbox *mail.Outbox
	sink   *sink
}

func newFixture(t *testing.T, s *sink) fixture {
	t.Helper()
	return fixtureOn(t, s, postgrestest.NewPool(t, 5))
}

func fixtureOn(t *testing.T, s *sink, db *postgres.DB) fixture {
	t.Helper()
	keyring := seal.Ephemeral()
	outbox, err := mail.NewOutbox(db, keyring, time.Now)
	if err != nil {
		t.Fatalf("NewOutbox: %v", err)
	}
	sender, err := mail.NewSMTP(mail.SMTPOptions{
		Address: serve(t, s, nil), TLS: mail.PlainText, From: "no-reply@idp.example", ReplyTo: "help@idp.example",
		FromName: func(lang string) string { return map[string]string{"es": "Salud HUSKY"}[lang] },
	})
	if err != nil {
		t.Fatalf("NewSMTP: %v", err)
	}
	work, err := mail.Work(mail.Deps{
		DB: db, Keyring: keyring, Sender: sender, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		FirstTry: 10 * time.Millisecond, LastTry: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatalf("Work: %v", err)
	}
	runner, err := jobs.New(db, slog.New(slog.DiscardHandler), work)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	if err := runner.Start(context.Background()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := runner.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return fixture{db, outbox, s}
}

func welcome(account uuid.UUID) mail.Message {
	return mail.Message{Kind: "welcome", To: "maria@example.com", Lang: "es", AccountID: account, Content: templates.Mail{
		Subject: "Su cuenta está lista", Text: "Su Nombre de Usuario es maría.\n", HTML: "<p>Su Nombre de Usuario es maría.</p>",
	}}
}

func (f fixture) enqueue(t *testing.T, m mail.Message) {
	t.Helper()
	if err := f.outbox.Enqueue(t.Context(), m); err != nil {
		t.Fatalf("Enqueue: %v", err)
	}
}

// settled waits until no mail of the account is queued.
func (f fixture) settled(t *testing.T, account uuid.UUID) []mail.Delivery {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		all, err := f.outbox.Deliveries(t.Context(), account, 10)
		if err != nil {
			t.Fatalf("Deliveries: %v", err)
		}
		waiting := len(all) == 0
		for _, d := range all {
			waiting = waiting || d.State == "queued"
		}
		if !waiting {
			return all
		}
		if time.Now().After(deadline) {
			t.Fatalf("still waiting: %+v", all)
		}
	}
}

func (f fixture) unsealedRows(t *testing.T) (n int) {
	t.Helper()
	if err := f.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from mails where sealed is not null`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
