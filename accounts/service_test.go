package accounts

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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
)

var loadTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.Load(templates.Options{}) })

// fixture is a service with a clock of its own and hashes that cost little.
type fixture struct {
	*Service
	t       *testing.T
	log     *audit.Log
	trips   *postgrestest.Trips
	hashes  atomic.Int64
	instant atomic.Pointer[time.Time]
	outbox  spy
	mu      sync.Mutex
	alerts  []string // by name, in their order
}

func (f *fixture) alert(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alerts = append(f.alerts, name)
}

// spy keeps what is queued, to read links and codes from; the queue itself is real.
type spy struct {
	*mail.Outbox
	mu   sync.Mutex
	sent []mail.Message
}

func (o *spy) Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error {
	o.mu.Lock()
	o.sent = append(o.sent, m)
	o.mu.Unlock()
	return o.Outbox.Queue(ctx, b, m)
}

// last is the newest mail of a kind.
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

func newFixture(t *testing.T, connections int32) *fixture {
	t.Helper()
	f := &fixture{t: t, trips: &postgrestest.Trips{}}
	f.at(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	db := postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: connections, Tracer: f.trips})
	keyring := seal.Ephemeral()
	set, err := loadTemplates()
	if err != nil {
		t.Fatalf("templates.Load: %v", err)
	}
	now := func() time.Time { return *f.instant.Load() }
	outbox, err := mail.NewOutbox(db, keyring, now)
	if err != nil {
		t.Fatalf("NewOutbox: %v", err)
	}
	f.outbox.Outbox = outbox
	f.log = audit.New(db).AlertTo(slog.New(slog.DiscardHandler), f.alert)
	f.Service, err = New(Deps{
		DB: db, Keyring: keyring, Audit: f.log, Outbox: &f.outbox, Mails: set, Now: now, Issuer: "https://idp.example", Attempts: 1_000_000, Hash: HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, Remember: 30 * 24 * time.Hour,
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	compute := f.hasher.compute
	f.hasher.compute = func(secret string, salt []byte, p HashParams) []byte {
		f.hashes.Add(1)
		return compute(secret, salt, p)
	}
	return f
}

func (f *fixture) at(instant time.Time)      { f.instant.Store(&instant) }
func (f *fixture) later(d time.Duration)     { f.at(f.instant.Load().Add(d)) }
func (f *fixture) ctx() context.Context      { return f.t.Context() }
func (f *fixture) querier() postgres.Querier { return f.db.From(f.ctx()) }

// Create makes an account in the transaction of ctx, in one round trip.
func (f *fixture) Create(ctx context.Context, n NewAccount) (Account, error) {
	b := &pgx.Batch{}
	account, err := f.QueueCreate(ctx, b, n)
	if err != nil {
		return Account{}, err
	}
	return account, f.store.run(ctx, b)
}

// register makes an account with rightPassword.
func (f *fixture) register(username string) Account {
	f.t.Helper()
	account, err := f.Create(f.ctx(), f.newAccount(username))
	if err != nil {
		f.t.Fatalf("Create: %v", err)
	}
	return account
}

func (f *fixture) newAccount(username string) NewAccount {
	f.t.Helper()
	id := uuid.Must(uuid.NewV7())
	password, err := f.HashPassword(f.ctx(), id, rightPassword)
	if err != nil {
		f.t.Fatalf("HashPassword: %v", err)
	}
	answer, err := f.HashAnswer(f.ctx(), id, "una linterna")
	if err != nil {
		f.t.Fatalf("HashAnswer: %v", err)
	}
	text := sha256.Sum256([]byte("texto"))
	accepted := Acceptance{Version: "2026-01", Language: "es", TextHash: text[:], At: f.now()}
	return NewAccount{
		ID: id, Username: username, Email: username + "@example.com", Language: "es", MemberID: uuid.Must(uuid.NewV7()),
		PasswordHash: password, Question: "first_pay", AnswerHash: answer, Agreement: accepted, Certification: accepted,
	}
}

func (f *fixture) try(username, password string) (Account, error) {
	return f.Authenticate(f.ctx(), Attempt{Username: username, Password: password, Source: "192.0.2.1/32"})
}

func (f *fixture) start(s SessionStart) Started {
	f.t.Helper()
	s.AMR = []string{"pwd"}
	started, err := f.StartSession(f.ctx(), s)
	if err != nil {
		f.t.Fatalf("StartSession: %v", err)
	}
	return started
}

// otherwise returns a text of the same form that differs in its first letter.
func otherwise(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

func (f *fixture) count(query string, args ...any) (n int) {
	f.t.Helper()
	if err := f.querier().QueryRow(f.ctx(), query, args...).Scan(&n); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// kinds are the kinds of the account's audit events, oldest first.
func (f *fixture) kinds(id uuid.UUID) (kinds []audit.Kind) {
	f.t.Helper()
	events, err := f.log.History(f.ctx(), id, 1000)
	if err != nil {
		f.t.Fatalf("History: %v", err)
	}
	for i := range events {
		kinds = append(kinds, events[len(events)-1-i].Kind)
	}
	return kinds
}
