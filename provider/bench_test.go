package provider_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
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
	"huskyidp/keys"
	"huskyidp/members"
	"huskyidp/provider"
	"huskyidp/selfservice"
	"huskyidp/templates"
)

const (
	username    = "maria.nunez"
	password    = "un caballo azul corre lejos"
	callback    = "https://app.example/callback?keep=1"
	afterLogout = "https://app.example/bye"
)

// bench is a provider on a database of its own, served over TLS, with one member
// who has an account.
type bench struct {
	t         testing.TB
	db        *postgres.DB
	trips     *postgrestest.Trips
	issuer    string
	server    *httptest.Server
	clients   *provider.Clients
	provider  *provider.Service
	agreement string // version in force
	keys      *keys.Service
	account   accounts.Account
	accounts  *accounts.Service
	roster    *members.Roster
	ring      *seal.Keyring
	clock     *clock
	hash      accounts.HashParams
	rules     provider.Rules
	kiosks    []netip.Prefix
	wide      []netip.Prefix   // whose limits are higher
	rsaKeys   *atomic.Int64    // how many were made
	fetcher   provider.Fetcher // of documents that clients name; nil: none
	alerted   *sync.Map        // alert by name, how often (*atomic.Int64)
	mails     *sync.Map        // text of the newest mail of a kind
}

func (b *bench) alert(name string) {
	n, _ := b.alerted.LoadOrStore(name, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

// outbox also keeps what is queued, to read.
type outbox struct {
	*mail.Outbox
	b *bench
}

func (o outbox) Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error {
	o.b.mails.Store(m.Kind, m.Content.Text)
	return o.Outbox.Queue(ctx, b, m)
}

// mailed is the text of the newest mail of a kind, "" for none.
func (b *bench) mailed(kind string) string {
	text, _ := b.mails.Load(kind)
	said, _ := text.(string)
	return said
}

// alerts are the alerts so far, by name.
func (b *bench) alerts() map[string]int64 {
	all := map[string]int64{}
	b.alerted.Range(func(name, n any) bool {
		all[name.(string)] = n.(*atomic.Int64).Load()
		return true
	})
	return all
}

// clock is the test's time: real, plus what the test adds.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
	wait  int           // how many have yet to ask before any is answered
	all   chan struct{} // closed once they have
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	at, all := time.Now().Add(c.ahead), c.all
	if c.wait > 0 {
		if c.wait--; c.wait == 0 {
			close(c.all)
		}
		c.mu.Unlock()
		<-all
		return at
	}
	c.mu.Unlock()
	return at
}

// together holds the next n who ask for the time until all of them have: none of n
// requests is over before all have begun.
func (c *clock) together(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait, c.all = n, make(chan struct{})
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

func newBench(t *testing.T, conns int32) *bench {
	t.Helper()
	return newBenchIn(t, conns)
}

// newBenchIn also takes what a test changes of the provider's parts.
func newBenchIn(t testing.TB, conns int32, change ...func(*bench, *provider.Deps)) *bench {
	t.Helper()
	return (&bench{t: t}).start(conns, change...)
}

// certifying is a bench of a deployment that allows the profile certification.
func certifying(t testing.TB, conns int32) *bench {
	t.Helper()
	return (&bench{t: t, rules: provider.Rules{Certification: true}}).start(conns)
}

func (b *bench) start(conns int32, change ...func(*bench, *provider.Deps)) *bench {
	t := b.t
	t.Helper()
	if b.hash == (accounts.HashParams{}) { // what slow hashes cost is for package accounts to test
		b.hash = accounts.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}
	}
	b.trips, b.rsaKeys, b.clock, b.alerted, b.mails, b.agreement, b.ring = &postgrestest.Trips{}, &atomic.Int64{}, &clock{}, &sync.Map{}, &sync.Map{}, "2026-01-01", seal.Ephemeral()
	b.db = postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: conns, Tracer: b.trips})
	// The handler is known only once the server's address is.
	var handler http.Handler
	b.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	b.server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	b.server.StartTLS()
	t.Cleanup(b.server.Close)
	b.issuer = b.server.URL
	first := b.instance(change...)
	b.keys, b.clients, b.provider, b.accounts, b.roster, handler = first.keys, first.clients, first.provider, first.accounts, first.roster, first.engine
	b.register()
	return b
}

// loadTemplates loads the catalogs and pages once for all tests.
var loadTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.Load(templates.Options{}) })

// say returns a text of the Spanish catalog.
func say(key string) string {
	set, err := loadTemplates()
	if err != nil {
		panic(err)
	}
	return set.Text("es", key, nil)
}

// instance is one of many that serve the same issuer from the same database.
type instance struct {
	keys     *keys.Service
	clients  *provider.Clients
	provider *provider.Service
	accounts *accounts.Service
	roster   *members.Roster
	engine   http.Handler
}

func (b *bench) instance(change ...func(*bench, *provider.Deps)) instance {
	t := b.t
	t.Helper()
	ring := b.ring
	log := audit.New(b.db).AlertTo(slog.New(slog.DiscardHandler), b.alert)
	set, err := loadTemplates()
	must(t, err)
	w, err := web.New(web.Options{Templates: set, Keyring: ring, Issuer: b.issuer, Logger: slog.New(slog.NewTextHandler(logTo(t), nil)), Now: b.clock.now, Kiosks: b.kiosks,
		Limits: web.Limits{Requests: 100000, Wide: b.wide, Answer: 20 * time.Second}})
	must(t, err)
	queue, err := mail.NewOutbox(b.db, ring, b.clock.now)
	must(t, err)
	service, err := accounts.New(accounts.Deps{DB: b.db, Keyring: ring, Audit: log, Outbox: outbox{queue, b}, Mails: set, Now: b.clock.now, Issuer: "https://idp.example", Hash: b.hash, Remember: 30 * 24 * time.Hour})
	must(t, err)
	roster, err := members.New(members.Deps{DB: b.db, Keyring: ring, Audit: log, Now: b.clock.now})
	must(t, err)
	signing, err := keys.New(keys.Deps{DB: b.db, Keyring: ring, Audit: log, Now: b.clock.now, NewRSA: b.newRSA})
	must(t, err)
	must(t, signing.Ensure(t.Context()))
	clients, err := provider.NewClients(t.Context(), provider.ClientsDeps{DB: b.db, Keyring: ring, Audit: log, Now: b.clock.now, Keys: signing, Fetcher: b.fetcher, Rules: b.rules})
	must(t, err)
	deps := provider.Deps{Issuer: b.issuer, SupportEmail: "support@example.org", Locales: set.Languages(), TimeZone: "America/New_York", Agreement: b.legal, InitialAccessToken: "initial-token", RegistrationTries: 3, ClientRate: 1_000_000, DB: b.db, Keyring: ring,
		Keys: signing, Clients: clients, Accounts: service, Members: roster, Limiter: ratelimit.New(b.db, ring), Audit: log, Now: b.clock.now}
	for _, apply := range change {
		apply(b, &deps)
	}
	p, err := provider.New(deps)
	must(t, err)
	signIn, err := selfservice.NewHandler(selfservice.Deps{Service: service, Web: w, Keyring: ring, Now: b.clock.now, Roster: roster, Apps: p, Resume: provider.ResumePath})
	must(t, err)
	h, err := provider.NewHandler(p, w, signIn)
	must(t, err)
	engine := w.Engine()
	h.Mount(engine)
	signIn.Mount(engine)
	return instance{signing, clients, p, service, roster, engine}
}

// logTo is the test's own output; a fuzz target may not write to it while it runs.
func logTo(t testing.TB) io.Writer {
	if _, fuzzing := t.(*testing.F); fuzzing {
		return io.Discard
	}
	return t.Output()
}

func (b *bench) legal(_ time.Time, lang string) provider.Agreement {
	return provider.Agreement{Version: b.agreement, Language: lang, Published: templates.Date{Year: 2026, Month: 1, Day: 1},
		Paragraphs: []string{"Texto."}, Hash: make([]byte, 32)}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// register makes two members, and the account of the first.
func (b *bench) register() {
	b.t.Helper()
	file := "member_number,first_name,last_name,suffix,birth_date,program,coverage_start,coverage_end\n" +
		"012345678,MARÍA,NÚÑEZ DE LA CRUZ,,1984-03-05,A,2026-01-01,\n" +
		"012345679,TOMÁS,RUIZ,,1990-01-02,A,2026-01-01,\n"
	_, err := b.roster.Import(b.t.Context(), strings.NewReader(file), members.ImportOptions{})
	must(b.t, err)
	b.account = b.newAccount(username, "012345678")
}

// another is the account of the second member.
func (b *bench) another(name string) accounts.Account { return b.newAccount(name, "012345679") }

func (b *bench) newAccount(name, number string) (account accounts.Account) {
	b.t.Helper()
	ctx := b.t.Context()
	member, err := b.roster.Find(ctx, number)
	must(b.t, err)
	id := uuid.Must(uuid.NewV7())
	hash, err := b.accounts.HashPassword(ctx, id, password)
	must(b.t, err)
	answer, err := b.accounts.HashAnswer(ctx, id, "mi primera bicicleta roja")
	must(b.t, err)
	agreed := accounts.Acceptance{Version: b.agreement, Language: "es", TextHash: make([]byte, 32), At: b.clock.now()}
	address, _, _ := strings.Cut(name, ".")
	must(b.t, b.db.InTx(ctx, func(ctx context.Context) (err error) {
		batch := &pgx.Batch{}
		if account, err = b.accounts.QueueCreate(ctx, batch, accounts.NewAccount{ID: id, Username: name, Email: address + "@example.org", Language: "es",
			MemberID: member.ID, PasswordHash: hash, Question: "first_pay", AnswerHash: answer, Agreement: agreed, Certification: agreed}); err != nil {
			return err
		}
		return b.db.Finish(ctx, batch)
	}))
	return account
}

// until waits for a condition that others bring about.
func (b *bench) until(what string, done func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("after 30 s not yet: %s", what)
		}
	}
}

// client registers a client with the metadata that change makes of a common one.
func (b *bench) client(change func(*provider.Metadata)) (id, secret string) {
	b.t.Helper()
	m := provider.Metadata{ClientName: "Prueba", RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{afterLogout},
		InitiateLoginURI: "https://app.example/start"}
	if change != nil {
		change(&m)
	}
	client, secret, err := b.clients.Create(b.t.Context(), "", m)
	must(b.t, err)
	return client.ID, secret
}

// clientNamed registers a client under a chosen client_id.
func (b *bench) clientNamed(id string) {
	b.t.Helper()
	_, _, err := b.clients.Create(b.t.Context(), id, provider.Metadata{ClientName: "Prueba", RedirectURIs: []string{callback}})
	must(b.t, err)
}
