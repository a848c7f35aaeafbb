package partners

import (
	"context"
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

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/outbound"
	"huskyidp/internal/passkeytest"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/partners/conformance"
	"huskyidp/templates"
)

const base = "https://partners.example"

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

// area is the service and its pages over a real database, with a clock of its own.
type area struct {
	*Service
	t       *testing.T
	db      *postgres.DB
	handler http.Handler
	pages   *Handler
	runs    *conformance.Service
	apps    *registry
	instant atomic.Pointer[time.Time]
}

func newArea(t *testing.T) *area {
	t.Helper()
	a := &area{t: t, db: postgrestest.NewPool(t, 4)}
	a.pass(0)
	ring, set := seal.Ephemeral(), must[*templates.Set](t)(loadTemplates())
	now := func() time.Time { return *a.instant.Load() }
	a.apps = &registry{db: a.db, clients: map[string]Client{}}
	a.Service = must[*Service](t)(New(Deps{
		DB: a.db, Keyring: ring, Limiter: ratelimit.New(a.db, ring), Audit: audit.New(a.db), Outbox: must[*mail.Outbox](t)(mail.NewOutbox(a.db, ring, now)),
		Mails: set, Apps: a.apps, Fetcher: a.apps, Base: base, Now: now,
	}))
	a.runs = must[*conformance.Service](t)(conformance.New(conformance.Deps{DB: a.db, Keyring: ring, Limiter: ratelimit.New(a.db, ring), Poster: outbound.New(outbound.Options{}), Base: base, Now: now}))
	w := must[*web.Web](t)(web.New(web.Options{
		Templates: set, Keyring: ring, Issuer: base, Language: "en", Strict: true, Logger: slog.New(slog.NewTextHandler(failures{t}, &slog.HandlerOptions{Level: slog.LevelError})), Now: now, ErrorPage: "partners/error",
		Limits: web.Limits{Requests: 1_000_000},
	}))
	a.pages = must[*Handler](t)(NewHandler(a.Service, w, a.runs))
	engine := w.Engine()
	a.pages.Mount(engine)
	a.handler = engine
	return a
}

// failures are logged errors, which no test expects.
type failures struct{ t *testing.T }

func (f failures) Write(line []byte) (int, error) {
	f.t.Errorf("%s", line)
	return len(line), nil
}

// pass moves the clock.
func (a *area) pass(d time.Duration) {
	now := time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC)
	if known := a.instant.Load(); known != nil {
		now = known.Add(d)
	}
	a.instant.Store(&now)
}

// browser is one with a passkey.
type browser struct {
	*area
	cookies map[string]string
	csrf    string
	device  *passkeytest.Device
}

func (a *area) browser() *browser {
	return &browser{a, map[string]string{}, "", passkeytest.New(a.t, base)}
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (b *browser) send(method, path string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	var body string
	if form != nil {
		form.Set("csrf", b.csrf)
		body = form.Encode()
	}
	r := httptest.NewRequest(method, base+path, strings.NewReader(body))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		b.cookies[cookie.Name] = cookie.Value
		if cookie.SameSite != http.SameSiteStrictMode || !cookie.Secure || !cookie.HttpOnly || !strings.HasPrefix(cookie.Name, "__Host-") {
			b.t.Errorf("%s %s sets the cookie %v (S-24)", method, path, cookie)
		}
	}
	if found := csrfField.FindStringSubmatch(w.Body.String()); found != nil {
		b.csrf = found[1]
	}
	if w.Code >= 500 {
		b.t.Fatalf("%s %s = %d %s", method, path, w.Code, w.Body)
	}
	return w
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	return b.send(http.MethodGet, path, nil)
}

func (b *browser) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.send(http.MethodPost, path, form)
}

// leads fails unless the answer is a redirect to path.
func (b *browser) leads(w *httptest.ResponseRecorder, path string) {
	b.t.Helper()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != path {
		b.t.Fatalf("the answer is %d to %q, want to %q: %s", w.Code, w.Header().Get("Location"), path, w.Body)
	}
}

// shows fails unless the answer has the status and the texts.
func (b *browser) shows(w *httptest.ResponseRecorder, status int, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if w.Code != status || !strings.Contains(w.Body.String(), text) {
			b.t.Fatalf("the answer is %d, want %d with %q:\n%s", w.Code, status, text, w.Body)
		}
	}
}

// mails are those that wait, the oldest first, as kind and text.
func (a *area) mails() (all [][2]string) {
	a.t.Helper()
	rows, err := a.db.From(a.t.Context()).Query(a.t.Context(), `select id, kind, sealed from mails where state = 'queued' order by id`)
	if err != nil {
		a.t.Fatal(err)
	}
	all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m [2]string, err error) {
		var id uuid.UUID
		var sealed []byte
		if err = row.Scan(&id, &m[0], &sealed); err == nil {
			var plain []byte
			plain, err = a.Keyring.Open(seal.Queue, seal.Place{Table: "mails", Column: "sealed", Row: id.String()}, sealed)
			m[1] = string(plain)
		}
		return m, err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return all
}

var mailedLink = regexp.MustCompile(`/link\?link=[A-Za-z0-9_-]{43}`)

// link is the newest that was mailed.
func (a *area) link() string {
	a.t.Helper()
	mails := a.mails()
	for i := len(mails) - 1; i >= 0; i-- {
		if found := mailedLink.FindString(mails[i][1]); found != "" {
			return found
		}
	}
	a.t.Fatal("no link was mailed")
	return ""
}

// joins makes the account of an address, the first of its organisation, and signs in.
func (a *area) joins(email, organisation string) *browser {
	a.t.Helper()
	b := a.browser()
	b.get("/join")
	b.leads(b.post("/join", "email", email), "/join/sent")
	b.follows(a.link(), organisation)
	return b
}

// follows a link of a mail, and makes a passkey.
func (b *browser) follows(link, organisation string) {
	b.t.Helper()
	b.shows(b.get(link), http.StatusOK, "data-passkey=\"create\"")
	options := b.post(strings.Replace(link, "/link?", "/link/options?", 1))
	b.leads(b.post(link, "name", organisation, "credential", b.device.Create(options.Body.Bytes())), "/home")
	b.get("/home")
}

// signsIn with the passkey.
func (b *browser) signsIn() *httptest.ResponseRecorder {
	b.t.Helper()
	b.get("/")
	options := b.post("/passkey/options")
	return b.post("/", "credential", b.device.Get(options.Body.Bytes()))
}

// person is who is signed in.
func (b *browser) person() Person {
	b.t.Helper()
	return must[Person](b.t)(b.Who(b.t.Context(), b.cookies["__Host-session"], false))
}

// count runs a query for one number.
func (a *area) count(query string, args ...any) (n int) {
	a.t.Helper()
	if err := a.db.From(a.t.Context()).QueryRow(a.t.Context(), query, args...).Scan(&n); err != nil {
		a.t.Fatal(err)
	}
	return n
}

// noted is the number of audit events of a kind.
func (a *area) noted(kind audit.Kind) int {
	return a.count(`select count(*) from audit_events where kind = $1`, kind)
}

var filled = map[Step]Values{
	AboutOrganisation: {"operator": "Diary Inc.", "website": "https://diary.example", "contact": "eva@diary.example", "security_contact": "sec@diary.example", "complaints_contact": "help@diary.example"},
	AboutApp:          {"name_en": "My Diary", "name_es": "Mi Diario", "purpose": "It shows recipes.", "policy_uri": "https://diary.example/privacy"},
	Access:            {"app_type": "web", "redirect_uris": "https://diary.example/callback", "auth": authSecret},
	Data:              {"profile": "yes"},
	Promises:          {"ask_first": "yes", "use": "yes", "no_sale": "yes", "security": "yes", "deletion": "yes", "changes": "yes", "complaints": "yes"},
}

var markField = regexp.MustCompile(`name="was" value="([^"]+)"`)

// mark is that of the form on a page.
func mark(w *httptest.ResponseRecorder) string {
	if found := markField.FindStringSubmatch(w.Body.String()); found != nil {
		return found[1]
	}
	return ""
}

// fills a step, with changes, and returns the answer.
func (b *browser) fills(request string, step Step, changes ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	pairs := []string{"was", mark(b.get(request + "/" + string(step)))}
	for name, value := range filled[step] {
		pairs = append(pairs, name, value)
	}
	return b.post(request+"/"+string(step), append(pairs, changes...)...)
}

// asks starts a request, fills all steps, and returns its path.
func (b *browser) asks() string {
	b.t.Helper()
	b.get("/home")
	started := b.post("/home")
	request := strings.TrimSuffix(started.Header().Get("Location"), "/"+string(AboutOrganisation))
	for _, step := range Steps() {
		if w := b.fills(request, step); w.Code != http.StatusSeeOther {
			b.t.Fatalf("the step %s is answered with %d: %s", step, w.Code, w.Body)
		}
	}
	return request
}

// sends a request that is filled in.
func (b *browser) sends(request string) uuid.UUID {
	b.t.Helper()
	b.get(request)
	b.leads(b.post(request, "do", "send"), request+"?done=sent")
	return uuid.MustParse(strings.TrimPrefix(request, requestsPath+"/"))
}

// Take and Decide are what the desk does, in one step.
func (a *area) Take(ctx context.Context, id uuid.UUID, version int, by uuid.UUID) error {
	take, err := a.Taking(ctx, id, version, by)
	if err != nil {
		return err
	}
	return take(ctx)
}

func (a *area) Decide(ctx context.Context, id uuid.UUID, version int, by uuid.UUID, approve bool, reason string) error {
	decide, err := a.Deciding(ctx, id, version, by, Decision{approve, true, reason})
	if err != nil {
		return err
	}
	return decide(ctx)
}
