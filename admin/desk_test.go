package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/provider"
	"huskyidp/recovery"
	"huskyidp/registration"
	"huskyidp/templates"
)

const roster = `member_number,first_name,last_name,suffix,birth_date,program,coverage_start,coverage_end
004123789,MARÍA JOSÉ,NÚÑEZ PEÑA,,1984-03-14,A,2026-01-01,
310542266,JAMES,THORNWICKLE,JR,1971-11-02,D,2026-01-01,
`

var (
	mariaCard = members.Card{BirthMonth: "3", BirthDay: "14", BirthYear: "1984", FirstName: "Maria Jose", LastName: "Nunez Pena", CardID: "004 123 789"}
	jamesCard = members.Card{BirthMonth: "11", BirthDay: "2", BirthYear: "1971", FirstName: "James", LastName: "Thornwickle", Suffix: "JR", CardID: "310542266"}
)

var loadTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.Load(templates.Options{}) })

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// desk is the service over the real packages below it, with a clock of its own.
type desk struct {
	*Service
	t        *testing.T
	people   *accounts.Service
	roster   *members.Roster
	enrol    *registration.Service
	recovery *recovery.Service
	keyring  *seal.Keyring
	set      *templates.Set
	instant  atomic.Pointer[time.Time]
	log      *lockedBuffer
	trips    postgrestest.Trips
	maria    accounts.Account
	registry *registry
	rosa     Person // read and recover
	luis     Person // approve

	mu    sync.Mutex
	mails []mail.Message
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newDesk(t *testing.T, connections int32) *desk {
	t.Helper()
	d := &desk{t: t, keyring: seal.Ephemeral(), log: &lockedBuffer{}}
	d.at(time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC))
	db := postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: connections, Tracer: &d.trips})
	log := audit.New(db).AlertTo(slog.New(slog.NewJSONHandler(d.log, nil)), func(string) {})
	now := func() time.Time { return *d.instant.Load() }
	d.set = must[*templates.Set](t)(loadTemplates())
	outbox := must[*mail.Outbox](t)(mail.NewOutbox(db, d.keyring, now))
	limiter := ratelimit.New(db, d.keyring)
	d.people = must[*accounts.Service](t)(accounts.New(accounts.Deps{
		DB: db, Keyring: d.keyring, Audit: log, Outbox: tap{outbox, d}, Mails: d.set, Now: now, Issuer: "https://idp.example",
		Hash: accounts.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1},
	}))
	d.roster = must[*members.Roster](t)(members.New(members.Deps{DB: db, Keyring: d.keyring, Audit: log, Now: now}))
	must[members.Report](t)(d.roster.Import(t.Context(), strings.NewReader(roster), members.ImportOptions{}))
	d.recovery = must[*recovery.Service](t)(recovery.New(recovery.Deps{
		DB: db, Keyring: d.keyring, Limiter: limiter, Audit: log, Accounts: d.people, Roster: d.roster, Now: now, Issuer: "https://idp.example",
	}))
	d.enrol = must[*registration.Service](t)(registration.New(registration.Deps{
		DB: db, Keyring: d.keyring, Limiter: limiter, Audit: log, Outbox: outbox, Mails: d.set, Roster: d.roster, Accounts: d.people, Recovery: d.recovery,
		Flows: noFlows{}, Resume: func(string) string { return "/" }, Legal: must[*registration.Legal](t)(registration.LoadLegal(registration.SampleLegal(), d.set.Languages())), Now: now,
		Issuer: "https://idp.example", IdentityLock: 24 * time.Hour,
	}))
	clients := must[*provider.Clients](t)(provider.NewClients(t.Context(), provider.ClientsDeps{DB: db, Keyring: d.keyring, Audit: log, Now: now}))
	d.Service = must[*Service](t)(New(Deps{
		DB: db, Keyring: d.keyring, Limiter: limiter, Audit: log, Accounts: d.people, Roster: d.roster, Registration: d.enrol,
		Recovery: d.recovery, Outbox: outbox, Clients: clients, Partners: d.newPartners(db, limiter, log, outbox), Base: deskBase, TimeZone: time.FixedZone("EST", -5*60*60), Now: now,
	}))
	d.maria = d.member("maria", "004123789")
	d.rosa = d.person("rosa", Read, Recover)
	d.luis = d.person("luis", Approve)
	return d
}

type noFlows struct{}

func (noFlows) Flow(context.Context, string, []byte) (web.Pending, error) {
	return web.Pending{}, nil
}

// tap queues mails and keeps them aside, to read codes and links from.
type tap struct {
	*mail.Outbox
	d *desk
}

func (o tap) Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error {
	o.d.mu.Lock()
	o.d.mails = append(o.d.mails, m)
	o.d.mu.Unlock()
	err := o.Outbox.Queue(ctx, b, m)
	b.Queue(`update mails set state = 'sent', sealed = null, done_at = created_at where state = 'queued'`) // the server takes it at once
	return err
}

// mailed are the mails of a kind, the oldest first.
func (d *desk) mailed(kind string) (found []mail.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.mails {
		if m.Kind == kind {
			found = append(found, m)
		}
	}
	return found
}

var sixDigits = regexp.MustCompile(`(?m)^\d{6}$`)

// spoken is the code in the newest mail to a caller.
func (d *desk) spoken() string {
	d.t.Helper()
	found := d.mailed("caller_code")
	if len(found) == 0 {
		d.t.Fatal("no code was mailed")
	}
	return sixDigits.FindString(found[len(found)-1].Content.Text)
}

func (d *desk) at(instant time.Time)   { d.instant.Store(&instant) }
func (d *desk) later(by time.Duration) { d.at(d.instant.Load().Add(by)) }

// fresh is the person with a sign-in of just now.
func (d *desk) fresh(p Person) Person { p.AuthTime = d.now(); return p }

func (d *desk) person(username string, roles ...Role) Person {
	d.t.Helper()
	p := must[Person](d.t)(d.AddPerson(d.t.Context(), NewPerson{
		Username: username, Email: username + "@desk.example", Name: strings.ToUpper(username[:1]) + username[1:] + " Vega", Language: "es", Roles: roles,
	}, "test"))
	return d.fresh(p)
}

// member registers somebody of the roster.
func (d *desk) member(username, number string) accounts.Account {
	d.t.Helper()
	m := must[members.Member](d.t)(d.roster.Find(d.t.Context(), number))
	id := uuid.Must(uuid.NewV7())
	text := sha256.Sum256([]byte("texto"))
	accepted := accounts.Acceptance{Version: "2026-01", Language: "es", TextHash: text[:], At: *d.instant.Load()}
	b := &pgx.Batch{}
	account := must[accounts.Account](d.t)(d.people.QueueCreate(d.t.Context(), b, accounts.NewAccount{
		ID: id, Username: username, Email: username + "@example.org", Language: "es", MemberID: m.ID,
		PasswordHash: must[[]byte](d.t)(d.people.HashPassword(d.t.Context(), id, "tres tazas de café negro")),
		Question:     "first_pay", AnswerHash: must[[]byte](d.t)(d.people.HashAnswer(d.t.Context(), id, "una linterna")),
		Agreement: accepted, Certification: accepted,
	}))
	if err := d.db.From(d.t.Context()).SendBatch(d.t.Context(), b).Close(); err != nil {
		d.t.Fatal(err)
	}
	return account
}

func (d *desk) verify(p Person, id uuid.UUID, m Method) {
	d.t.Helper()
	must[Verification](d.t)(d.Check(d.t.Context(), p, nil, id, m, members.Card{}))
}

// seen is the member as a person sees them.
func (d *desk) seen(p Person, id uuid.UUID) Summary {
	d.t.Helper()
	return must[Summary](d.t)(d.Look(d.t.Context(), p, id))
}

// asking fills in what else an act needs.
func (d *desk) asking(id uuid.UUID) Ask {
	d.t.Helper()
	return Ask{Reason: "La persona llamó y pidió ayuda", Ticket: "HD-1001", Version: d.version(id)}
}

// version is the member's, without a look that leaves a trace.
func (d *desk) version(id uuid.UUID) string {
	d.t.Helper()
	u := must[*Subject](d.t)(d.subject(d.t.Context(), id))
	return u.version(must[standing](d.t)(d.store.standing(d.t.Context(), u.ID, Person{}, d.now())).last)
}

func (d *desk) exec(statement string) {
	d.t.Helper()
	if _, err := d.db.From(d.t.Context()).Exec(d.t.Context(), statement); err != nil {
		d.t.Fatalf("%s: %v", statement, err)
	}
}

func (d *desk) count(query string, args ...any) (n int) {
	d.t.Helper()
	if err := d.db.From(d.t.Context()).QueryRow(d.t.Context(), query, args...).Scan(&n); err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// last is the newest line of the book.
func (d *desk) last() (act, outcome string) {
	d.t.Helper()
	err := d.db.From(d.t.Context()).QueryRow(d.t.Context(), `select act, coalesce(refined, outcome) from desk_entries order by at desc, id desc limit 1`).Scan(&act, &outcome)
	if err != nil {
		d.t.Fatal(err)
	}
	return act, outcome
}

// kinds are the kinds of the newest audit events, the newest first.
func (d *desk) kinds(limit int) []string {
	d.t.Helper()
	rows, err := d.db.From(d.t.Context()).Query(d.t.Context(), `select kind from audit_events order by at desc, id desc limit $1`, limit)
	if err != nil {
		d.t.Fatal(err)
	}
	return must[[]string](d.t)(pgx.CollectRows(rows, pgx.RowTo[string]))
}

// attempt is a sign-in with a wrong password.
func attempt(username string) accounts.Attempt {
	return accounts.Attempt{Username: username, Password: "no es esta", Source: "192.0.2.1/32"}
}

// withApp gives the member an authenticator app.
func (d *desk) withApp(id uuid.UUID) {
	d.t.Helper()
	_, err := d.db.From(d.t.Context()).Exec(d.t.Context(), `
		insert into account_totp (account_id, secret_sealed, created_at, confirmed_at, usable_from) values ($1, '\x00', $2, $2, $2)`, id, d.now())
	if err != nil {
		d.t.Fatal(err)
	}
}
