package mail_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
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
}

func (s *sink) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{sink: s}, nil }

func (s *sink) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mails...)
}

type session struct{ sink *sink }

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
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.mails = append(s.sink.mails, string(data))
	return err
}
func (s *session) Reset()        {}
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
	db := postgrestest.NewPool(t, 5)
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

// SMTPUTF8 is asked for only by a mail that cannot do without: a relay further on that lacks it bounces such a mail for good.
func TestExtensionOnlyWhereNeeded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, &sink{})
	for to, want := range map[string]bool{"maria@example.com": false, "maría@example.com": true} {
		account := uuid.Must(uuid.NewV7())
		m := welcome(account)
		m.To = to
		f.sink.mu.Lock()
		f.sink.utf8 = nil
		f.sink.mu.Unlock()
		f.enqueue(t, m)
		if got := f.settled(t, account); got[0].State != "sent" {
			t.Errorf("%s: %+v", to, got)
		}
		f.sink.mu.Lock()
		if len(f.sink.utf8) != 1 || f.sink.utf8[0] != want {
			t.Errorf("%s asks for SMTPUTF8: %v, want %t", to, f.sink.utf8, want)
		}
		f.sink.mu.Unlock()
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

// S-79: without a TLS that verifies nothing is sent.
func TestTLS(t *testing.T) {
	t.Parallel()
	certificate, pool := selfSigned(t)
	withTLS := &tls.Config{Certificates: []tls.Certificate{certificate}}
	for name, test := range map[string]struct {
		server *tls.Config
		roots  *x509.CertPool
		sent   bool
	}{
		"verified":            {withTLS, pool, true},
		"unknown certificate": {withTLS, x509.NewCertPool(), false},
		"no STARTTLS":         {nil, pool, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &sink{}
			sender, err := mail.NewSMTP(mail.SMTPOptions{
				Address: serve(t, s, test.server), TLS: mail.StartTLS, From: "no-reply@idp.example", RootCAs: test.roots,
			})
			if err != nil {
				t.Fatal(err)
			}
			err = sender.Send(t.Context(), mail.Outgoing{ID: uuid.New(), To: "a@example.com", Lang: "es", Subject: "s", Text: "t", CreatedAt: time.Now()})
			if got := len(s.received()) == 1; got != test.sent || (err == nil) != test.sent {
				t.Errorf("Send = %v, delivered = %v, want %v", err, got, test.sent)
			}
		})
	}
}

func TestNewSMTPRefuses(t *testing.T) {
	t.Parallel()
	good := mail.SMTPOptions{Address: "mail.example:587", TLS: mail.StartTLS, From: "a@example.com"}
	for name, change := range map[string]func(*mail.SMTPOptions){
		"no port":               func(o *mail.SMTPOptions) { o.Address = "mail.example" },
		"a name as sender":      func(o *mail.SMTPOptions) { o.From = "A <a@example.com>" },
		"no sender":             func(o *mail.SMTPOptions) { o.From = "" },
		"unknown TLS":           func(o *mail.SMTPOptions) { o.TLS = "maybe" },
		"password in the clear": func(o *mail.SMTPOptions) { o.TLS, o.Username = mail.PlainText, "u" },
	} {
		o := good
		change(&o)
		if _, err := mail.NewSMTP(o); err == nil {
			t.Errorf("NewSMTP with %s went through", name)
		}
	}
	if _, err := mail.NewSMTP(good); err != nil {
		t.Errorf("NewSMTP = %v, want nil", err)
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
