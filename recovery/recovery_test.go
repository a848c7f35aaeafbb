package recovery

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
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
	"huskyidp/templates"
)

var form = regexp.MustCompile(`^[2-9B-DF-HJ-NP-TV-Z]{3}(-[2-9B-DF-HJ-NP-TV-Z]{3}){2}$`)

// roster is invented.
const roster = `member_number,first_name,last_name,suffix,birth_date,program
004123789,María,Núñez López,,1984-03-14,A
004123790,John,O'Neill,JR,1990-07-01,D
`

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

// fixture is the whole of recovery over real collaborators, with a clock of its own. Mails are queued for real, and kept
// aside to be read.
type fixture struct {
	refused string // where the last refused form is
	*Service
	t       *testing.T
	db      *postgres.DB
	people  *accounts.Service
	list    *members.Roster
	handler http.Handler
	trips   *postgrestest.Trips
	source  string // address of the browsers, "" for one and the same
	clock   atomic.Pointer[time.Time]

	mu    sync.Mutex
	mails []mail.Message

	mailDown bool
}

func (f *fixture) now() time.Time        { return *f.clock.Load() }
func (f *fixture) at(instant time.Time)  { f.clock.Store(&instant) }
func (f *fixture) later(d time.Duration) { f.at(f.now().Add(d)) }

// tap queues mails, keeps them aside, and notes that the mail server took them at once.
type tap struct {
	*mail.Outbox
	fixture *fixture
}

func (t tap) Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error {
	t.fixture.mu.Lock()
	t.fixture.mails = append(t.fixture.mails, m)
	t.fixture.mu.Unlock()
	err := t.Outbox.Queue(ctx, b, m)
	if !t.fixture.mailDown {
		b.Queue(`update mails set state = 'sent', sealed = null, done_at = created_at where account_id = $1 and state = 'queued'`, m.AccountID)
	}
	return err
}

type noFlows struct{}

func (noFlows) Flow(_ context.Context, id string, _ []byte) (web.Pending, error) {
	switch id {
	case "f1":
		return web.Pending{App: "Portal"}, nil
	case "d1":
		return web.Pending{App: "Mesa", Desk: true}, nil
	}
	return web.Pending{}, nil
}

// knownSession is that of whoever has the cookie "signed_in".
type knownSession struct{}

func (knownSession) Lookup(c *gin.Context) (accounts.Session, bool, error) {
	name, err := c.Cookie("signed_in")
	return accounts.Session{Username: name}, err == nil, nil
}

func newFixture(t *testing.T, connections ...int32) *fixture {
	t.Helper()
	f := &fixture{t: t, trips: &postgrestest.Trips{}}
	f.db = postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: append(connections, 1)[0], Tracer: f.trips})
	f.at(time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC))
	const issuer = "http://localhost:8080"
	keyring, log := seal.Ephemeral(), audit.New(f.db)
	set, err := loadTemplates()
	check(t, err)
	outbox, err := mail.NewOutbox(f.db, keyring, f.now)
	check(t, err)
	f.people, err = accounts.New(accounts.Deps{
		DB: f.db, Keyring: keyring, Audit: log, Outbox: tap{outbox, f}, Mails: set, Now: f.now, Issuer: issuer,
		Unfinished: []func(*pgx.Batch, []byte){QueueEndBrowser}, Superseded: QueueEndAccount, KeptOpen: QueueKeptOpen, Hash: accounts.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1},
	})
	check(t, err)
	f.list, err = members.New(members.Deps{DB: f.db, Keyring: keyring, Audit: log, Now: f.now})
	check(t, err)
	_, err = f.list.Import(t.Context(), strings.NewReader(roster), members.ImportOptions{})
	check(t, err)
	f.Service, err = New(Deps{
		DB: f.db, Keyring: keyring, Limiter: ratelimit.New(f.db, keyring), Audit: log, Accounts: f.people, Roster: f.list, Now: f.now, Issuer: issuer,
	})
	check(t, err)
	pages, err := web.New(web.Options{
		Templates: set, Keyring: keyring, Issuer: issuer, Logger: slog.New(slog.DiscardHandler), Now: f.now,
		Limits: web.Limits{Requests: 100_000, Answer: 20 * time.Second},
	})
	check(t, err)
	h, err := NewHandler(f.Service, pages, noFlows{}, knownSession{}, 9)
	check(t, err)
	engine := pages.Engine()
	h.Mount(engine)
	f.handler = engine
	return f
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// do sends a request with the cookies of jar and keeps those of the answer in it.
func (f *fixture) do(method, target string, jar map[string]string, form url.Values) *http.Response {
	f.t.Helper()
	r := httptest.NewRequest(method, "http://localhost:8080"+target, strings.NewReader(form.Encode()))
	if f.source != "" {
		r.RemoteAddr = f.source + ":1234"
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		jar[c.Name] = c.Value
	}
	if at := w.Result().Header.Get("Location"); method == http.MethodPost && strings.Contains(at, "refused=") { // shown at once by every browser
		f.refused = at
		return f.do(http.MethodGet, at, jar, nil)
	}
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return html.UnescapeString(b.String())
}

var (
	csrf      = regexp.MustCompile(`name="csrf" value="([^"]*)"`)
	reference = regexp.MustCompile(`<span class="code" aria-hidden="true">([^<]*)<`)
)

// ask goes through the page of choices and returns the number on the support page.
func (f *fixture) ask(jar map[string]string, need string) string {
	f.t.Helper()
	page := body(f.t, f.do(http.MethodGet, "/recover?flow=f1", jar, nil))
	token := csrf.FindStringSubmatch(page)
	if token == nil {
		f.t.Fatalf("no form on /recover:\n%s", page)
	}
	answer := f.do(http.MethodPost, "/recover?flow=f1", jar, url.Values{"csrf": {token[1]}, "need": {need}})
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/support?flow=f1" {
		f.t.Fatalf("POST /recover = %d to %q", answer.StatusCode, answer.Header.Get("Location"))
	}
	found := reference.FindStringSubmatch(body(f.t, f.do(http.MethodGet, "/support?flow=f1", jar, nil)))
	if found == nil {
		f.t.Fatal("no number on the support page")
	}
	return found[1]
}

func (f *fixture) count(query string, args ...any) (n int) {
	f.t.Helper()
	if err := f.db.From(f.t.Context()).QueryRow(f.t.Context(), query, args...).Scan(&n); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestReferenceNumber(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	jar := map[string]string{}
	number := f.ask(jar, "password")
	if !form.MatchString(number) {
		t.Errorf("the number is %q", number)
	}
	if n := f.count(`select count(*) from support_references where reference = $1 and reason = 'password' and language = 'es'`, number); n != 1 {
		t.Errorf("support finds %d rows", n)
	}
	if n := f.count(`select count(*) from audit_events where kind = 'support.referred' and data->>'reference' = $1`, number); n != 1 {
		t.Errorf("%d audit rows", n)
	}
	if again := f.ask(jar, "password"); again != number {
		t.Errorf("asking again gives %s, want %s", again, number)
	}
	f.later(time.Minute)
	if other := f.ask(jar, "username"); other == number {
		t.Errorf("another need gives the same number %s", other)
	}
	if number == f.ask(map[string]string{}, "password") {
		t.Error("another browser is shown the same number")
	}
	if f.ask(map[string]string{}, "<script>") == "" || f.count(`select count(*) from support_references where reason = 'other'`) != 1 {
		t.Error("an unknown need is not kept as other")
	}
}

func TestNumberIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	jar := map[string]string{}
	first := f.ask(jar, "other")
	f.later(24 * time.Hour)
	if page := body(t, f.do(http.MethodGet, "/support", jar, nil)); strings.Contains(page, first) {
		t.Error("the support page still shows the number")
	}
	if second := f.ask(jar, "other"); second == first {
		t.Error("the next day gives the same number")
	}
	f.later(31 * 24 * time.Hour)
	if n, err := f.Sweep(t.Context()); err != nil || n != 2 {
		t.Errorf("Sweep = %d, %v, want 2", n, err)
	}
}

// Refer takes part in the transaction of whoever calls it.
func TestReferJoinsTheTransaction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	err := f.db.InTx(t.Context(), func(ctx context.Context) error {
		b := &pgx.Batch{}
		if _, err := f.Refer(ctx, b, "identity_locked", []byte{1}, uuid.Must(uuid.NewV7()), "en"); err != nil {
			return err
		}
		if err := f.db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		return context.Canceled
	})
	if err != context.Canceled || f.count(`select count(*) from support_references`) != 0 {
		t.Errorf("after a rollback: %v, %d references", err, f.count(`select count(*) from support_references`))
	}
}

func TestReferralsAreLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 20 {
		f.ask(map[string]string{}, "other")
	}
	jar := map[string]string{}
	page := body(t, f.do(http.MethodGet, "/recover", jar, nil))
	answer := f.do(http.MethodPost, "/recover", jar, url.Values{"csrf": {csrf.FindStringSubmatch(page)[1]}, "need": {"other"}})
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" {
		t.Errorf("the 21st number of a source in an hour = %d", answer.StatusCode)
	}
}

func TestHelpPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for path, want := range map[string]string{
		"/recover": say("recovery.hub.title"), "/support": "WebSupport@CHNCT.org", "/privacy": "Usamos solo las cookies que hacen falta para entrar.",
		"/language-help": "Kreyòl ayisyen", "/support?lang=en": "Technical Support", "/support?flow=f1": "Apoyo Técnico",
	} {
		answer := f.do(http.MethodGet, path, map[string]string{}, nil)
		if page := body(t, answer); answer.StatusCode != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("GET %s = %d without %q", path, answer.StatusCode, want)
		}
	}
}

func TestNewReference(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		number, err := newReference()
		if err != nil || !form.MatchString(number) || seen[number] {
			t.Fatalf("newReference = %q, %v", number, err)
		}
		seen[number] = true
	}
}
