package selfservice

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/bcrypt"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

const (
	rightPassword = "tres tazas de café negro"
	wrongPassword = "cuatro tazas de té verde"
	otherPassword = "una frase muy distinta"
)

// say returns a text of the Spanish catalog.
func say(key string) string {
	set, err := loadTemplates()
	if err != nil {
		panic(err)
	}
	return set.Text("es", key, nil)
}

var loadTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.Load(templates.Options{}) })

// fixture is the accounts service with a clock of its own and cheap hashes.
type fixture struct {
	*accounts.Service
	t       *testing.T
	db      *postgres.DB
	keyring *seal.Keyring
	log     *audit.Log
	outbox  outbox
	instant time.Time
	mu      sync.Mutex
}

// outbox records what is queued, to read codes from; the queue itself is real.
type outbox struct {
	*mail.Outbox
	mu   sync.Mutex
	sent []mail.Message
}

func (o *outbox) Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error {
	o.mu.Lock()
	o.sent = append(o.sent, m)
	o.mu.Unlock()
	return o.Outbox.Queue(ctx, b, m)
}

func newFixture(t *testing.T, connections int32) *fixture {
	t.Helper()
	f := &fixture{t: t, instant: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), keyring: seal.Ephemeral()}
	f.db = postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: connections})
	set, err := loadTemplates()
	if err != nil {
		t.Fatal(err)
	}
	if f.outbox.Outbox, err = mail.NewOutbox(f.db, f.keyring, f.now); err != nil {
		t.Fatal(err)
	}
	f.log = audit.New(f.db).AlertTo(slog.New(slog.DiscardHandler), func(string) {})
	f.Service, err = accounts.New(accounts.Deps{
		DB: f.db, Keyring: f.keyring, Audit: f.log, Outbox: &f.outbox, Mails: set, Now: f.now, Issuer: "https://idp.example", Attempts: 1_000_000,
		Hash: accounts.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, Remember: 30 * 24 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.instant
}

func (f *fixture) later(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.instant = f.instant.Add(d)
}

func (f *fixture) ctx() context.Context { return f.t.Context() }

// register makes an account with rightPassword.
func (f *fixture) register(username string) accounts.Account {
	f.t.Helper()
	id := uuid.Must(uuid.NewV7())
	password, answer, err := f.HashSecrets(f.ctx(), id, rightPassword, "una linterna")
	if err != nil {
		f.t.Fatal(err)
	}
	text := sha256.Sum256([]byte("texto"))
	accepted := accounts.Acceptance{Version: "2026-01", Language: "es", TextHash: text[:], At: f.now()}
	b := &pgx.Batch{}
	account, err := f.QueueCreate(f.ctx(), b, accounts.NewAccount{
		ID: id, Username: username, Email: username + "@example.com", Language: "es", MemberID: uuid.Must(uuid.NewV7()),
		PasswordHash: password, Question: "first_pay", AnswerHash: answer, Agreement: accepted, Certification: accepted,
	})
	if err == nil {
		err = f.db.From(f.ctx()).SendBatch(f.ctx(), b).Close()
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return account
}

// imported makes an account with another system's hash of a password.
func (f *fixture) imported(username, password string) accounts.Account {
	f.t.Helper()
	stored, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		f.t.Fatal(err)
	}
	hash, err := accounts.ParseForeignHash(string(stored))
	if err != nil {
		f.t.Fatal(err)
	}
	all := []accounts.Import{{Username: username, Email: username + "@example.com", Language: "es", MemberID: uuid.Must(uuid.NewV7()), Hash: hash}}
	if outcomes, err := f.ImportAll(f.ctx(), all, false, false); err != nil || outcomes[0] != nil {
		f.t.Fatalf("ImportAll = %v, %v", outcomes, err)
	}
	account, err := f.ByUsername(f.ctx(), username)
	if err != nil {
		f.t.Fatal(err)
	}
	return account
}

// agrees accepts the agreement.
func (f *fixture) agrees(a accounts.Account) {
	f.t.Helper()
	if err := f.AcceptAgreement(f.ctx(), a.ID, accounts.Acceptance{Version: "2026-01", Language: "es", TextHash: make([]byte, 32), At: f.now()}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) try(username, password string) (accounts.Account, error) {
	return f.Authenticate(f.ctx(), accounts.Attempt{Username: username, Password: password, Source: "192.0.2.1/32"})
}

// fits reports whether an answer is the right one of the question that is set.
func (f *fixture) fits(a accounts.Account, question, answer string) bool {
	f.t.Helper()
	err := f.CheckAnswers(f.ctx(), a.ID, map[string]string{question: answer}, false)
	if err != nil && !errors.Is(err, accounts.ErrWrongAnswer) {
		f.t.Fatal(err)
	}
	return err == nil
}

// enrolTOTP adds an authenticator app to an account.
func (f *fixture) enrolTOTP(account accounts.Account) {
	f.t.Helper()
	secret, err := f.StartTOTP(f.ctx(), account.ID, "sid")
	if err == nil {
		_, err = f.ConfirmTOTP(f.ctx(), account.ID, "sid", f.code(secret))
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.later(time.Minute)
}

// code returns the current code of an authenticator app.
func (f *fixture) code(secret accounts.TOTPSecret) string {
	f.t.Helper()
	code, err := totp.GenerateCode(string(secret), f.now())
	if err != nil {
		f.t.Fatal(err)
	}
	return code
}

// otherCode returns a wrong code.
func otherCode(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}

// last returns the newest mail of a kind.
func (f *fixture) last(kind string) mail.Message {
	f.t.Helper()
	f.outbox.mu.Lock()
	defer f.outbox.mu.Unlock()
	for _, m := range slices.Backward(f.outbox.sent) {
		if m.Kind == kind {
			return m
		}
	}
	f.t.Fatalf("no mail %q was queued", kind)
	return mail.Message{}
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// emailCode returns the code of the newest mail, which must go to the address that it proves.
func (f *fixture) emailCode(to string) string {
	f.t.Helper()
	m := f.last("email_code")
	if m.To != to {
		f.t.Errorf("the code went to %s, want %s", m.To, to)
	}
	return sixDigits.FindString(m.Content.Text)
}

// mailKinds returns the kinds of the mails to an account, in order.
func (f *fixture) mailKinds(id uuid.UUID) []string {
	f.t.Helper()
	rows, err := f.db.From(f.ctx()).Query(f.ctx(), `select kind from mails where account_id = $1 order by created_at, id`, id)
	if err != nil {
		f.t.Fatal(err)
	}
	kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.t.Fatal(err)
	}
	return kinds
}

// kinds returns the kinds of the account's audit events, oldest first.
func (f *fixture) kinds(id uuid.UUID) (kinds []audit.Kind) {
	f.t.Helper()
	events, err := f.log.History(f.ctx(), id, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range slices.Backward(events) {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// sid returns the ID of the account's only session.
func (f *fixture) sid(account accounts.Account) (sid string) {
	f.t.Helper()
	f.read(`select sid from sessions where account_id = $1 and ended_at is null`, &sid, account.ID)
	return sid
}

func (f *fixture) count(query string, args ...any) (n int) {
	f.t.Helper()
	f.read(query, &n, args...)
	return n
}

func (f *fixture) read(query string, target any, args ...any) {
	f.t.Helper()
	if err := f.db.From(f.ctx()).QueryRow(f.ctx(), query, args...).Scan(target); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
}

func (f *fixture) write(query string, args ...any) {
	f.t.Helper()
	if _, err := f.db.From(f.ctx()).Exec(f.ctx(), query, args...); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
}
