package portal

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jba/templatecheck"

	"huskyidp/templates"
)

type fixture struct {
	ahead atomic.Int64 // of the clock, in nanoseconds
	*Portal
	provider *testProvider
	base     string
	browser  *http.Client
	server   *httptest.Server
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{provider: newTestProvider(t)}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.ServeHTTP(w, r) }))
	t.Cleanup(f.server.Close)
	f.base = f.server.URL
	f.restart(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	f.browser = &http.Client{Jar: jar}
	return f
}

var loadTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.Load(templates.Options{}) })

// restart makes a new portal with the same key, as after a restart of the process.
func (f *fixture) restart(t *testing.T) {
	t.Helper()
	set, err := loadTemplates()
	if err != nil {
		t.Fatal(err)
	}
	f.Portal, err = New(Options{
		Issuer: f.provider.URL, ClientID: "portal", ClientSecret: "s3cret", TryClientID: "try-it", BaseURL: f.base,
		Templates: set, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A session that nobody uses ends, as the provider's does; one that is used continues, and a page left open signs out too.
func TestIdleSessionEnds(t *testing.T) {
	f := newFixture(t)
	f.visit(t, "/login")
	for range 3 {
		f.ahead.Add(int64(14 * time.Minute))
		if res := f.hop(t, "/me"); res.StatusCode != http.StatusOK || res.Header.Get("Refresh") != "901; url=/me" {
			t.Fatalf("a session in use: %d, Refresh %q", res.StatusCode, res.Header.Get("Refresh"))
		}
	}
	f.ahead.Add(int64(15 * time.Minute))
	if _, at, body := f.visit(t, "/me"); at != "/" || strings.Contains(body, "MARÍA") {
		t.Errorf("after the idle time /me leads to %s", at)
	}
}

// visit follows redirects and gives where they ended.
func (f *fixture) visit(t *testing.T, path string) (status int, at, body string) {
	t.Helper()
	return read(t)(f.browser.Get(f.base + path))
}

func read(t *testing.T) func(*http.Response, error) (int, string, string) {
	return func(res *http.Response, err error) (int, string, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Request.URL.RequestURI(), string(body)
	}
}

// hop answers one request without following.
func (f *fixture) hop(t *testing.T, path string) *http.Response {
	t.Helper()
	once := *f.browser
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.Get(f.base + path)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res
}

func TestSignInAndOut(t *testing.T) {
	f := newFixture(t)
	_, _, home := f.visit(t, "/")
	for _, want := range []string{"BIENVENIDA A LOS MIEMBROS", "MI ATENCIÓN MÉDICA", "Acceso del Usuario", `href="/login"`, `lang="es"`} {
		if !strings.Contains(home, want) {
			t.Errorf("the welcome page lacks %s", want)
		}
	}
	var set []string
	looking := *f.browser
	looking.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		set = append(set, r.Response.Header["Set-Cookie"]...)
		return nil
	}
	status, at, me := read(t)(looking.Get(f.base + "/login"))
	if kept := slices.IndexFunc(set, func(c string) bool { return strings.Contains(c, "session=") }); kept < 0 || strings.Contains(set[kept], "Max-Age") || strings.Contains(set[kept], "Expires") {
		t.Errorf("the session's cookie outlives the browser: %q", set)
	}
	if status != http.StatusOK || at != "/me" {
		t.Fatalf("signing in ended at %s with %d, want /me with 200", at, status)
	}
	for _, want := range []string{"Hola, María", "husky.member", "program", "acr", "card"} {
		if !strings.Contains(me, want) {
			t.Errorf("the page of the member lacks %q", want)
		}
	}
	asked := f.provider.request
	if asked.Get("code_challenge_method") != "S256" || asked.Get("ui_locales") != "es" || asked.Get("nonce") == "" ||
		asked.Get("scope") != "openid profile email" || asked.Get("response_type") != "code" {
		t.Errorf("authorization request %v lacks S256, ui_locales es, nonce, the scopes or code", asked)
	}

	_, rest, _ := strings.Cut(me, `name="csrf" value="`)
	csrf, _, _ := strings.Cut(rest, `"`)
	once := *f.browser
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.PostForm(f.base+"/logout", url.Values{"csrf": {"wrong"}})
	if err != nil || res.Header.Get("Location") != "/me" {
		t.Fatalf("signing out with a wrong token led to %q, %v, want /me", res.Header.Get("Location"), err)
	}
	res, err = once.PostForm(f.base+"/logout", url.Values{"csrf": {csrf}})
	if err != nil {
		t.Fatal(err)
	}
	_, onward, _ := strings.Cut(res.Header.Get("Refresh"), "; url=") // a redirect after the post would fall under form-action
	to, err := url.Parse(onward)
	if err != nil {
		t.Fatal(err)
	}
	if query := to.Query(); to.Path != "/logout" || query.Get("id_token_hint") == "" || query.Get("client_id") != "portal" ||
		query.Get("post_logout_redirect_uri") != f.base+"/" || res.StatusCode != http.StatusOK {
		t.Errorf("signing out led with %d to %v, want a page that leads to end_session with hint and way back", res.StatusCode, to)
	}
	f.visit(t, "/?state=wrong")
	if _, at, _ := f.visit(t, "/me"); at != "/me" {
		t.Errorf("who turned back at the provider's question is led to %s, want /me", at)
	}
	f.visit(t, "/?state="+to.Query().Get("state"))
	if _, at, _ := f.visit(t, "/me"); at != "/" {
		t.Errorf("after signing out /me leads to %s, want /", at)
	}
}

func TestLanguageReachesTheProvider(t *testing.T) {
	f := newFixture(t)
	if _, _, body := f.visit(t, "/?lang=en"); !strings.Contains(body, "WELCOME MEMBERS") {
		t.Error("?lang=en does not give the English page")
	}
	if _, _, body := f.visit(t, "/login?prompt=create"); !strings.Contains(body, "Hello, María") {
		t.Error("the choice of language is forgotten after signing in")
	}
	if got := f.provider.request; got.Get("ui_locales") != "en" || got.Get("prompt") != "create" {
		t.Errorf("authorization request has ui_locales %q, prompt %q, want en, create", got.Get("ui_locales"), got.Get("prompt"))
	}
}

func TestRefusedAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		break_ func(*fixture)
		code   string
	}{
		"provider down":      {func(f *fixture) { f.provider.down = true }, "provider_unavailable"},
		"error answer":       {func(f *fixture) { f.provider.answer = url.Values{"error": {"access_denied"}} }, "access_denied"},
		"hostile error code": {func(f *fixture) { f.provider.answer = url.Values{"error": {"<script>"}} }, "login_failed"},
		"foreign issuer":     {func(f *fixture) { f.provider.answer = url.Values{"iss": {"https://evil.example"}} }, "login_failed"},
		"no issuer":          {func(f *fixture) { f.provider.answer = url.Values{"iss": nil} }, "login_failed"},
		"foreign state":      {func(f *fixture) { f.provider.answer = url.Values{"state": {"other"}} }, "login_expired"},
		"wrong nonce":        {func(f *fixture) { f.provider.claims = func(c map[string]any) { c["nonce"] = "other" } }, "login_failed"},
		"wrong audience":     {func(f *fixture) { f.provider.claims = func(c map[string]any) { c["aud"] = "other" } }, "login_failed"},
		"expired token":      {func(f *fixture) { f.provider.claims = func(c map[string]any) { c["exp"] = 1000 } }, "login_failed"},
		"wrong at_hash":      {func(f *fixture) { f.provider.claims = func(c map[string]any) { c["at_hash"] = "abc" } }, "login_failed"},
		"other subject":      {func(f *fixture) { f.provider.userinfo = map[string]any{"sub": "s2"} }, "login_failed"},
		"wrong secret":       {func(f *fixture) { f.options.ClientSecret = ""; f.Portal.provider.options.ClientSecret = "wrong" }, "login_failed"},
	} {
		f := newFixture(t)
		test.break_(f)
		status, at, body := f.visit(t, "/login")
		want, says := http.StatusBadRequest, "Si pide ayuda, diga este código: "+test.code+"."
		if test.code == "access_denied" { // the member went back: an OAuth error code means nothing to them
			want, says = http.StatusOK, "No entró. Oprima «Acceso del Usuario» cuando quiera entrar."
		}
		if status != want || at != "/?error="+test.code || !strings.Contains(body, says) || want == http.StatusOK && strings.Contains(body, "código") {
			t.Errorf("%s: ended at %s with %d, want the welcome page with %s", name, at, status, test.code)
		}
		if _, at, _ := f.visit(t, "/me"); at != "/" {
			t.Errorf("%s: /me leads to %s, want / as nobody is signed in", name, at)
		}
	}
}

func TestDiscoveryIsTriedAgain(t *testing.T) {
	f := newFixture(t)
	f.provider.down = true
	f.visit(t, "/login")
	f.provider.down = false
	if _, at, _ := f.visit(t, "/login"); at != "/me" {
		t.Errorf("after the provider came back signing in ended at %s, want /me", at)
	}
}

func TestPendingSignInSurvivesRestartAndOtherTabs(t *testing.T) {
	f := newFixture(t)
	first := f.hop(t, "/login").Header.Get("Location")
	for range 4 { // further tabs
		f.hop(t, "/login")
	}
	f.restart(t)
	if _, at, _ := read(t)(f.browser.Get(first)); at != "/me" {
		t.Errorf("the first tab, after a restart, ended at %s, want /me", at)
	}
	// Back in the browser, then the same answer again: harmless.
	res := f.hop(t, "/callback?code=c0de&state="+f.provider.request.Get("state"))
	if to := res.Header.Get("Location"); to != "/me" {
		t.Errorf("the same answer again leads to %s, want /me", to)
	}
	for range 3 * maxPending {
		f.hop(t, "/login")
	}
	base, err := url.Parse(f.base)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.browser.Jar.Cookies(base)); n > maxPending+2 {
		t.Errorf("after many abandoned sign-ins the browser holds %d cookies, want at most %d", n, maxPending+2)
	}
}

// cutOff loses the first answer of a path on its way, and has the browser ask again, as Chromium does by itself.
type cutOff struct {
	path string
	lost bool
}

func (c *cutOff) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || c.lost || r.URL.Path != c.path {
		return res, err
	}
	c.lost = true
	res.Body.Close()
	return http.DefaultTransport.RoundTrip(r.Clone(r.Context()))
}

// A member whose answer was lost is signed in all the same: nobody hears that it failed while the provider's session is open for
// the next person. The code is not redeemed again, which the provider would take for a theft.
func TestLostAnswer(t *testing.T) {
	f := newFixture(t)
	for path, test := range map[string]struct{ start, at string }{CallbackPath: {LoginPath, MePath}, TryCallbackPath: {"/try/start", TryCallbackPath}} {
		cut := &cutOff{path: path}
		f.browser.Transport = cut
		status, at, body := f.visit(t, test.start)
		if !cut.lost || status != http.StatusOK || !strings.HasPrefix(at, test.at) || !strings.Contains(body, "María") && !strings.Contains(body, "MARÍA") {
			t.Errorf("after a lost answer of %s the browser is at %s (%d)", path, at, status)
		}
	}
}

func TestInitiatedByTheProvider(t *testing.T) {
	f := newFixture(t)
	if _, at, _ := f.visit(t, "/login?iss="+url.QueryEscape(f.provider.URL)+"&login_hint=maria&target_link_uri="+url.QueryEscape(f.base+"/")); at != "/" {
		t.Errorf("an initiated sign-in ended at %s, want its target /", at)
	}
	if got := f.provider.request.Get("login_hint"); got != "maria" {
		t.Errorf("login_hint = %q, want maria", got)
	}
	if _, at, _ := f.visit(t, "/login?target_link_uri="+url.QueryEscape("https://evil.example/")); at != "/me" {
		t.Errorf("a foreign target ended at %s, want /me", at)
	}
	if to := f.hop(t, "/login?iss=https://evil.example").Header.Get("Location"); to != "/?error=login_failed" {
		t.Errorf("a foreign issuer led to %s, want the welcome page with an error", to)
	}
}

func TestHeadersAndHosts(t *testing.T) {
	f := newFixture(t)
	res := f.hop(t, "/")
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Content-Language": "es",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if policy := res.Header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("Content-Security-Policy = %q", policy)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.base+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "rebound.example"
	if status, _, _ := read(t)(f.browser.Do(req)); status != http.StatusMisdirectedRequest {
		t.Errorf("a foreign host is answered with %d, want 421", status)
	}
	if status, _, body := f.visit(t, "/nowhere"); status != http.StatusNotFound || !strings.Contains(body, "BIENVENIDA") {
		t.Errorf("an unknown address is answered with %d, want 404 and the welcome page", status)
	}
	if status, _, _ := f.visit(t, f.options.Templates.Asset("style.css")); status != http.StatusOK {
		t.Errorf("the stylesheet is answered with %d, want 200", status)
	}
}

func TestPageStructsFitTheirTemplates(t *testing.T) {
	set, err := templates.Load(templates.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := templatecheck.CheckHTML(set.Template("es", "portal/home"), templates.View[homePage]{}); err != nil {
		t.Error(err)
	}
	if err := templatecheck.CheckHTML(set.Template("es", "portal/me"), templates.View[mePage]{}); err != nil {
		t.Error(err)
	}
}

func TestNewChecksItsOptions(t *testing.T) {
	set, err := loadTemplates()
	if err != nil {
		t.Fatal(err)
	}
	good := Options{Issuer: "http://a.example", ClientID: "c", BaseURL: "http://b.example", Templates: set, Logger: slog.New(slog.DiscardHandler)}
	if _, err := New(good); err != nil {
		t.Errorf("New(good options): %v", err)
	}
	for name, change := range map[string]func(*Options){
		"no issuer": func(o *Options) { o.Issuer = "" }, "no client": func(o *Options) { o.ClientID = "" },
		"path in base": func(o *Options) { o.BaseURL += "/x" }, "no base": func(o *Options) { o.BaseURL = "" },
		"short key": func(o *Options) { o.Key = []byte("short") }, "no templates": func(o *Options) { o.Templates = nil },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("New with %s succeeded, want an error", name)
		}
	}
}
