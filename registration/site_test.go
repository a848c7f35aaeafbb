package registration

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
	"huskyidp/recovery"
	"huskyidp/selfservice"
	"huskyidp/templates"
)

const roster = `member_number,first_name,last_name,suffix,birth_date,program
004123789,María,Núñez López,,1984-03-14,A
004123790,John,O'Neill,JR,1990-07-01,D
004123791,Ana,Rivera,,2001-12-31,B
004123792,María,Núñez López,,1984-03-15,A
`

// site is the whole of registration over real collaborators, with a clock of its own. Mails are queued for real, and
// kept aside to be read.
type site struct {
	t        *testing.T
	db       *postgres.DB
	service  *Service
	accounts *accounts.Service
	recovery *recovery.Service
	handler  http.Handler
	logs     *strings.Builder
	instant  atomic.Pointer[time.Time]
	flow     web.Pending // what the provider says of the flow "f1"

	mu    sync.Mutex
	mails []mail.Message
}

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

// newSite begins with the roster above. change may alter the settings.
func newSite(t *testing.T, connections int32, change ...func(*Deps)) *site {
	t.Helper()
	return newSiteOn(t, postgrestest.NewPool(t, connections), 20*time.Second, change...) // the race detector makes hashes slow
}

func newSiteOn(t *testing.T, db *postgres.DB, answer time.Duration, change ...func(*Deps)) *site {
	t.Helper()
	s := &site{t: t, db: db, logs: &strings.Builder{}, flow: web.Pending{App: "Portal", InitiateLoginURI: "https://portal.example/login", Live: true}}
	s.at(time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC))
	keyring, log := seal.Ephemeral(), audit.New(s.db)
	set := must[*templates.Set](t)(loadTemplates())
	outbox := must[*mail.Outbox](t)(mail.NewOutbox(s.db, keyring, s.now))
	s.accounts = must[*accounts.Service](t)(accounts.New(accounts.Deps{
		DB: s.db, Keyring: keyring, Audit: log, Outbox: tap{outbox, s}, Mails: set, Now: s.now, Issuer: "http://localhost:8080",
		Unfinished: []func(*pgx.Batch, []byte){QueueEndBrowser, recovery.QueueEndBrowser}, Hash: accounts.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1},
	}))
	list := must[*members.Roster](t)(members.New(members.Deps{DB: s.db, Keyring: keyring, Audit: log, Now: s.now}))
	must[members.Report](t)(list.Import(t.Context(), strings.NewReader(roster), members.ImportOptions{}))
	limiter := ratelimit.New(s.db, keyring)
	s.recovery = must[*recovery.Service](t)(recovery.New(recovery.Deps{
		DB: s.db, Keyring: keyring, Limiter: limiter, Audit: log, Accounts: s.accounts, Roster: list, Now: s.now, Issuer: "http://localhost:8080",
	}))
	deps := Deps{
		DB: s.db, Keyring: keyring, Limiter: limiter, Audit: log, Outbox: tap{outbox, s}, Mails: set, Roster: list, Accounts: s.accounts, Recovery: s.recovery,
		Flows: s, Resume: func(flow string) string { return "/authorize/resume?flow=" + flow }, Legal: must[*Legal](t)(LoadLegal(SampleLegal(), set.Languages())), Now: s.now, Issuer: "http://localhost:8080", IdentityLock: 24 * time.Hour,
	}
	for _, c := range change {
		c(&deps)
	}
	s.service = must[*Service](t)(New(deps))
	pages := must[*web.Web](t)(web.New(web.Options{
		Templates: set, Keyring: keyring, Issuer: "http://localhost:8080", Logger: slog.New(slog.NewJSONHandler(s.logs, nil)), Now: s.now,
		Limits: web.Limits{Requests: 100_000, Answer: answer, Wide: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}},
	}))
	sessions := must[*selfservice.Handler](t)(selfservice.NewHandler(selfservice.Deps{Service: s.accounts, Web: pages, Keyring: keyring, Now: s.now, Roster: list}))
	h := must[*Handler](t)(NewHandler(s.service, pages, sessions, 9))
	engine := pages.Engine()
	h.Mount(engine)
	s.handler = engine
	return s
}

// load imports a roster file.
func (s *site) load(file string, o members.ImportOptions) members.Report {
	s.t.Helper()
	return must[members.Report](s.t)(s.service.Roster.Import(s.t.Context(), strings.NewReader(file), o))
}

func (s *site) at(instant time.Time)  { s.instant.Store(&instant) }
func (s *site) now() time.Time        { return *s.instant.Load() }
func (s *site) later(d time.Duration) { s.at(s.now().Add(d)) }

func (s *site) Flow(_ context.Context, id string, _ []byte) (web.Pending, error) {
	if id == "f1" {
		return s.flow, nil
	}
	return web.Pending{}, nil
}

// tap queues mails and keeps them aside.
type tap struct {
	*mail.Outbox
	site *site
}

func (t tap) Queue(ctx context.Context, b *pgx.Batch, m mail.Message) error {
	if err := t.Outbox.Queue(ctx, b, m); err != nil {
		return err
	}
	t.site.mu.Lock()
	defer t.site.mu.Unlock()
	if m.NotAfter.IsZero() || m.NotAfter.After(t.site.now()) { // others never leave
		t.site.mails = append(t.site.mails, m)
	}
	return nil
}

// mailed lists the kinds and recipients of the mails so far.
func (s *site) mailed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, m := range s.mails {
		out = append(out, m.Kind+" "+m.To)
	}
	return out
}

var codeLine = regexp.MustCompile(`(?m)^(\d{6})$`)

// code is the one in the newest mail.
func (s *site) code() string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := codeLine.FindStringSubmatch(s.mails[len(s.mails)-1].Content.Text)
	if m == nil {
		s.t.Fatal("the newest mail has no code")
	}
	return m[1]
}

func (s *site) count(query string, args ...any) (n int) {
	s.t.Helper()
	if err := s.db.From(s.t.Context()).QueryRow(s.t.Context(), query, args...).Scan(&n); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// browserDigest is the one that the only registration is bound to.
func (s *site) browserDigest() (digest []byte) {
	s.t.Helper()
	if err := s.db.From(s.t.Context()).QueryRow(s.t.Context(), `select browser from registrations`).Scan(&digest); err != nil {
		s.t.Fatal(err)
	}
	return digest
}

// browser is a member's: it keeps cookies and the page it looks at.
type browser struct {
	still   bool // does not follow a refused form to its page
	site    *site
	cookies map[string]string
	source  string
	lang    string

	status   int
	path     string // of the page last seen
	location string // of the last answer, if it was a redirect
	header   http.Header
	body     string
}

func (s *site) browser() *browser {
	return &browser{site: s, cookies: map[string]string{}, source: "192.0.2.10:4000", lang: "es"}
}

func (b *browser) do(method, target string, form url.Values) *browser {
	b.site.t.Helper()
	var body *strings.Reader = strings.NewReader(form.Encode())
	r := httptest.NewRequest(method, "http://localhost:8080"+target, body)
	r.RemoteAddr = b.source
	r.Header.Set("Accept-Language", b.lang)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.site.handler.ServeHTTP(w, r)
	answer := w.Result()
	for _, c := range answer.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	b.status, b.location, b.header, b.path, b.body = answer.StatusCode, answer.Header.Get("Location"), answer.Header, target, w.Body.String()
	if method == http.MethodPost && !b.still && strings.Contains(b.location, "refused=") { // shown at once by every browser
		return b.do(http.MethodGet, b.location, nil)
	}
	if b.status >= 500 {
		b.site.t.Errorf("%s %s = %d\n%s", method, target, b.status, b.site.logs)
	}
	return b
}

// get opens a page and follows redirects as long as they stay in registration.
func (b *browser) get(target string) *browser {
	b.site.t.Helper()
	b.do(http.MethodGet, target, nil)
	for range 5 {
		if b.status != http.StatusSeeOther || !strings.HasPrefix(b.location, "/register/") {
			break
		}
		b.do(http.MethodGet, b.location, nil)
	}
	return b
}

var (
	csrfField  = regexp.MustCompile(`name="csrf" value="([^"]*)"`)
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	hidden     = regexp.MustCompile(`<input type="hidden" name="(version|certification|back)" value="([^"]*)">`)
	tag        = regexp.MustCompile(`<[^>]*>`)
	problem    = regexp.MustCompile(`(?s)<p class="problem" id="([a-z_]+)-error">.*?<span>(.*?)</span>`)
)

// post sends the form of the page at hand and follows redirects like get.
func (b *browser) post(pairs ...string) *browser {
	b.site.t.Helper()
	b.send(pairs...)
	if b.status == http.StatusSeeOther && strings.HasPrefix(b.location, "/register/") {
		return b.get(b.location)
	}
	return b
}

// send is post without following.
func (b *browser) send(pairs ...string) *browser {
	b.site.t.Helper()
	action := formAction.FindStringSubmatch(b.body)
	if action == nil {
		b.site.t.Fatalf("no form on %s (%d):\n%s", b.path, b.status, b.text())
	}
	return b.do(http.MethodPost, html.UnescapeString(action[1]), b.form(pairs...))
}

func (b *browser) form(pairs ...string) url.Values {
	form := url.Values{}
	if m := csrfField.FindStringSubmatch(b.body); m != nil {
		form.Set("csrf", m[1])
	}
	for _, m := range hidden.FindAllStringSubmatch(b.body, -1) {
		form.Set(m[1], m[2])
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// text is what can be read on the page.
func (b *browser) text() string {
	_, main, _ := strings.Cut(b.body, "<main")
	main, _, _ = strings.Cut(main, "</main>")
	return strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(strings.ReplaceAll("<main"+main, "<wbr>", ""), " "))), " ")
}

// problems are the messages at the fields.
func (b *browser) problems() map[string]string {
	out := map[string]string{}
	for _, m := range problem.FindAllStringSubmatch(b.body, -1) {
		out[m[1]] = html.UnescapeString(tag.ReplaceAllString(m[2], ""))
	}
	return out
}

// value is what a text field holds.
func (b *browser) value(id string) string {
	m := regexp.MustCompile(`<input id="` + id + `"[^>]* value="([^"]*)"`).FindStringSubmatch(b.body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// on fails the test unless the browser is at a page with this status.
func (b *browser) on(path string, status int) *browser {
	b.site.t.Helper()
	at, _, _ := strings.Cut(b.path, "?")
	if at != path || b.status != status {
		b.site.t.Fatalf("the browser is on %s with %d (location %q), want %s with %d:\n%s", b.path, b.status, b.location, path, status, b.text())
	}
	return b
}

func (b *browser) reads(want string) *browser {
	b.site.t.Helper()
	if !strings.Contains(b.text(), want) {
		b.site.t.Errorf("%s does not say %q:\n%s", b.path, want, b.text())
	}
	return b
}

func (b *browser) lacks(unwanted string) *browser {
	b.site.t.Helper()
	if strings.Contains(b.text(), unwanted) {
		b.site.t.Errorf("%s says %q:\n%s", b.path, unwanted, b.text())
	}
	return b
}

// What María types.
var (
	maria       = []string{"birth_month", "3", "birth_day", "14", "birth_year", "1984", "first_name", "maria", "last_name", "NUÑEZ LOPEZ", "card_id", "004-123-789"}
	mariaWrong  = mariaBorn(15)
	mariaChoice = []string{
		"username", "Maria.Lopez", "email", "maria@example.com", "email_again", "Maria@EXAMPLE.com", "new_password", "tres tazas de café negro",
		"question", "first_book", "answer", "La casa en Mango Street",
	}
	ana = []string{"birth_month", "12", "birth_day", "31", "birth_year", "2001", "first_name", "Ana", "last_name", "Rivera", "card_id", "004123791"}
)

// with is a form with some fields typed otherwise.
func with(pairs []string, changes ...string) []string {
	return slices.Concat(pairs, changes) // the later one counts
}

// mariaBorn is María's card with a birth day; it is the 14th.
func mariaBorn(day int) []string { return with(maria, "birth_day", strconv.Itoa(day)) }

// lock has three different mistakes with María's card.
func (b *browser) lock() *browser {
	b.site.t.Helper()
	for day := 15; day < 18; day++ {
		b.post(mariaBorn(day)...)
	}
	return b.on("/register/locked", http.StatusForbidden)
}

// The way through, up to the page that is named.
func (b *browser) toPersonal() *browser {
	b.site.t.Helper()
	return b.get("/register/agreement?flow=f1").on("/register/agreement", 200).post("act", "agree").on("/register/personal", 200)
}

func (b *browser) toCredentials() *browser {
	b.site.t.Helper()
	return b.toPersonal().post(maria...).on("/register/credentials", 200)
}

func (b *browser) toCode() *browser {
	b.site.t.Helper()
	return b.toCredentials().post(mariaChoice...).on("/register/code", 200)
}

func (b *browser) toReview() *browser {
	b.site.t.Helper()
	return b.toCode().post("code", b.site.code()).on("/register/review", 200)
}
