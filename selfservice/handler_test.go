package selfservice

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jba/templatecheck"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/templates"
)

type cards map[uuid.UUID]members.Member

func (c cards) Member(_ context.Context, id uuid.UUID) (members.Member, error) {
	card, ok := c[id]
	if !ok {
		return card, members.ErrUnknown
	}
	card.ID = id
	return card, nil
}

// browser is a client with cookies on a server with the account pages, and two routes
// that sign in and out.
type browser struct {
	t       *testing.T
	client  *http.Client
	address string
	log     *bytes.Buffer
	apps    *partner
	changes *waiting
}

// first is the one that a test gave, if it gave one.
func first(emails []Emails) Emails {
	if len(emails) == 0 {
		return nil
	}
	return emails[0]
}

// partner is one app that may be connected.
type partner struct {
	app        accounts.ConnectedApp
	launches   []accounts.AppLaunch
	stopped    int
	watched    []uuid.UUID // of StopWatched
	complaints []accounts.Complaint
}

func (p *partner) Launches(context.Context, uuid.UUID) ([]accounts.AppLaunch, error) {
	return p.launches, nil
}

func (p *partner) ConnectedApps(context.Context, uuid.UUID) ([]accounts.ConnectedApp, error) {
	if p.app.ID == uuid.Nil || p.stopped > 0 {
		return nil, nil
	}
	return []accounts.ConnectedApp{p.app}, nil
}

func (p *partner) EndedWith(context.Context, uuid.UUID, time.Time) ([]string, error) {
	return []string{"Portal", "Quiosco"}, nil
}

func (p *partner) StopWatched(_ context.Context, account accounts.Account) error {
	p.watched = append(p.watched, account.ID)
	return nil
}

func (p *partner) Complain(_ context.Context, _ uuid.UUID, c accounts.Complaint) (uuid.UUID, error) {
	p.complaints = append(p.complaints, c)
	return uuid.NewSHA1(uuid.Nil, []byte(c.Kind+c.Text)), nil
}

func (p *partner) Complaints(context.Context, uuid.UUID) ([]accounts.Complaint, error) {
	return p.complaints, nil
}

func (p *partner) StopApp(_ context.Context, _ uuid.UUID, clientID string) error {
	if clientID == p.app.ClientID {
		p.stopped++
	}
	return nil
}

func newBrowser(t *testing.T, f *fixture, c cards, emails ...Emails) *browser {
	t.Helper()
	return browserOf(t, f, c, nil, emails...)
}

// newKiosk is a browser on a server that knows a network of kiosks.
func newKiosk(t *testing.T, f *fixture, kiosks netip.Prefix) *browser {
	t.Helper()
	return browserOf(t, f, nil, []netip.Prefix{kiosks})
}

func browserOf(t *testing.T, f *fixture, c cards, kiosks []netip.Prefix, emails ...Emails) *browser {
	t.Helper()
	set, err := loadTemplates()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	b := &browser{t: t, address: "http://" + server.Listener.Addr().String(), log: &bytes.Buffer{}, apps: &partner{}, changes: &waiting{}}
	w, err := web.New(web.Options{
		Templates: set, Keyring: f.keyring, Issuer: b.address, Logger: slog.New(slog.NewJSONHandler(b.log, nil)), Now: f.now, Kiosks: kiosks,
		Limits: web.Limits{Answer: 20 * time.Second}, // the race detector makes hashes slow
	})
	if err != nil {
		t.Fatalf("web.New: %v", err)
	}
	waits, _ := first(emails).(*held)
	h, err := NewHandler(Deps{Service: f.Service, Web: w, Keyring: f.keyring, Now: f.now, Roster: c, Apps: b.apps, Changes: b.changes, Closings: closer{f}, Emails: first(emails), EmailNeedsFactor: waits != nil && waits.needsFactor, Resume: func(flow string) string { return "/resume?flow=" + flow }, App: App{Name: "Portal", URI: "https://portal.example/"}})
	if err != nil {
		t.Fatalf("NewHandler: %v", err)
	}
	e := w.Engine()
	h.Mount(e)
	w.Pages(e).GET("/in/:username", w.Handle(func(c *gin.Context) error {
		account, err := f.ByUsername(c.Request.Context(), c.Param("username"))
		if c.Query("step") == "" {
			account, err = f.Authenticate(c.Request.Context(), accounts.Attempt{Username: c.Param("username"), Password: rightPassword, Device: w.Cookie(c, "device")})
		}
		if err != nil {
			return err
		}
		amr := []string{"pwd"}
		if c.Query("step") != "" { // also people of the desk, who have no password yet
			amr = accounts.WithFactor(amr, accounts.TOTP)
		}
		session, err := h.SignIn(c, account, amr)
		if current, ok := h.Current(c); !ok || current.SID != session.SID {
			t.Error("the new session is not current in its own request")
		}
		return err
	}))
	w.Pages(e).GET("/out", w.Handle(h.SignOut))
	w.Pages(e).GET("/proven", w.Handle(func(c *gin.Context) error {
		session, ok := h.Current(c)
		if !ok {
			t.Error("a proof without a session")
		}
		_, err := h.StepUp(c, session, session.AMR)
		return err
	}))
	server.Config.Handler = e
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	// Its own transport: each server of another test that closes drops the idle connections of the default one.
	b.client = &http.Client{Transport: server.Client().Transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return b
}

func (b *browser) get(path string) (status int, location, body string) {
	b.t.Helper()
	r, err := b.client.Get(b.address + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return r.StatusCode, r.Header.Get("Location"), string(text)
}

func (b *browser) cookie(name string) string {
	request, err := http.NewRequest("GET", b.address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(request.URL) {
		if c.Name == "idp_"+name {
			return c.Value
		}
	}
	return ""
}

// A number that went to another person takes nothing else from the account of the former one.
func TestAccountPageWithoutNumberShowsTheName(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	b := newBrowser(t, f, cards{account.MemberID: {FirstName: "María", LastName: "Peña", BirthDate: members.Date{Year: 1984}}})
	b.get("/in/maria")
	status, _, body := b.get("/account")
	for _, want := range []string{"María Peña", "1984", "llame a Servicios para Miembros"} {
		if status != 200 || !strings.Contains(body, want) {
			t.Errorf("GET /account = %d, lacks %q", status, want)
		}
	}
	if strings.Contains(body, "Número de ID del Cliente") {
		t.Error("the page names a number that the member does not have")
	}
}

func TestAccountPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	b := newBrowser(t, f, cards{account.MemberID: {FirstName: "María", LastName: "Peña", BirthDate: members.Date{Year: 1984}, MemberNumber: "001234789"}})
	if status, location, _ := b.get("/account"); status != 303 || location != "/login" {
		t.Errorf("GET /account signed out = %d %q, want 303 to /login", status, location)
	}
	b.get("/in/maria")
	status, _, body := b.get("/account")
	if status != 200 {
		t.Fatalf("GET /account = %d", status)
	}
	for _, want := range []string{"Mi cuenta", "María Peña", "1984", "••••••789", "m•••@example.com", "Sesión de maria", "https://portal.example/"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, secret := range []string{"001234789", "maria@example.com"} {
		if strings.Contains(body, secret) {
			t.Errorf("the page shows %q", secret)
		}
	}
	if strings.Contains(b.log.String(), "maria") || strings.Contains(b.log.String(), "Peña") {
		t.Errorf("the log holds what it must not:\n%s", b.log)
	}
	f.later(15 * time.Minute)
	if status, location, _ := b.get("/account"); status != 303 || location != "/login?note=ended" {
		t.Errorf("GET /account after the session's end = %d %q, want 303 to /login?note=ended", status, location)
	}
	if b.cookie("session") != "" {
		t.Error("the cookie of the ended session is kept")
	}
}

// S-22: each sign-in has a cookie of its own; signing out ends the session, not the
// device.
func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	b := newBrowser(t, f, nil)
	b.get("/in/maria")
	first, device := b.cookie("session"), b.cookie("device")
	b.get("/in/maria")
	second := b.cookie("session")
	if first == "" || second == "" || first == second || device == "" {
		t.Fatalf("cookies: session %q, then %q; device %q", first, second, device)
	}
	if _, err := f.Session(f.ctx(), first); err == nil {
		t.Error("the first session lives on")
	}
	if n := f.count(`select count(*) from sessions where announce`); n != 0 {
		t.Errorf("%d sign-ins count as from a new device, want 0", n)
	}
	b.get("/out")
	if _, err := f.Session(f.ctx(), second); err == nil || b.cookie("session") != "" || b.cookie("device") == "" {
		t.Errorf("after signing out: session %v, cookies %q and %q", err, b.cookie("session"), b.cookie("device"))
	}
	if status, location, _ := b.get("/account"); status != 303 || location != "/login" {
		t.Errorf("GET /account signed out = %d %q, want 303 to /login", status, location)
	}
}

func TestHomeTemplate(t *testing.T) {
	t.Parallel()
	set, err := loadTemplates()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range set.Languages() {
		if err := templatecheck.CheckHTML(set.Template(lang, "accounts/home"), templates.View[homePage]{}); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
	}
}
