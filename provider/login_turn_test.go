package provider_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/provider"
)

// of more people than a turn comes soon for, each is refused at once by the form, with the username still in it.
func TestBusySignIn(t *testing.T) {
	t.Parallel()
	b := (&bench{t: t, hash: accounts.HashParams{MemoryKiB: 47104, Passes: 30, Lanes: 1}}).start(8)
	const crowd = 16
	browsers := make([]*browser, crowd)
	forms := make([]page, crowd)
	for i := range browsers {
		browsers[i] = b.browser()
		forms[i] = browsers[i].get("/login")
		follow := browsers[i].client.CheckRedirect
		browsers[i].client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
			if r.URL.Path == "/login/turn" { // nobody waits here
				return http.ErrUseLastResponse
			}
			return follow(r, via)
		}
	}
	answers, took := make([]page, crowd), make([]time.Duration, crowd)
	var wg sync.WaitGroup
	for i, w := range browsers {
		wg.Go(func() {
			began := time.Now()
			answers[i] = w.submit(forms[i], url.Values{"username": {username}, "password": {"no es la de nadie"}})
			took[i] = time.Since(began)
		})
	}
	wg.Wait()
	refused, turns := 0, 0
	for i, p := range answers {
		if p.location != nil && p.location.Path == "/login/turn" {
			turns++
		}
		if p.status != 503 {
			continue
		}
		refused++
		if !strings.Contains(p.body, "Muchas personas usan el servicio") || !strings.Contains(p.body, `value="`+username+`"`) || p.header.Get("Retry-After") != "2" {
			t.Errorf("refused with Retry-After %q:\n%s", p.header.Get("Retry-After"), p.body)
		}
		t.Logf("refused after %v", took[i])
	}
	if refused == 0 || turns == 0 || refused+turns >= crowd {
		t.Errorf("of %d people %d were refused and %d got a turn", crowd, refused, turns)
	}
}

// crowded puts everybody off once, for a second, as the hash queue of a crowded instance does.
type crowded struct {
	provider.Accounts
	mu      sync.Mutex
	arrived []time.Time
}

func (a *crowded) Authenticate(ctx context.Context, attempt accounts.Attempt) (accounts.Account, error) {
	a.mu.Lock()
	known := slices.ContainsFunc(a.arrived, attempt.Arrived.Equal)
	a.arrived = append(a.arrived, attempt.Arrived)
	a.mu.Unlock()
	if !known {
		return accounts.Account{}, &accounts.TurnError{Arrived: attempt.Arrived, Wait: time.Second}
	}
	return a.Accounts.Authenticate(ctx, attempt)
}

// whoever would wait too long within a request gets a place in the queue, with a page that says so and comes back by
// itself: at sign-in and at a step-up, with the right password and with a wrong one. Nothing is typed again.
func TestTurn(t *testing.T) {
	t.Parallel()
	b := newBenchIn(t, 4, func(_ *bench, d *provider.Deps) { d.Accounts = &crowded{Accounts: d.Accounts} })
	var waited []page
	w := b.browser()
	w.waits = func(p page) { waited = append(waited, p) }
	wrong := w.submit(w.get("/login?return=/account/history"), url.Values{"username": {username}, "password": {"no es la de nadie"}})
	if wrong.status != 422 || wrong.url.Path != "/login" || !strings.Contains(wrong.body, `value="`+username+`"`) || strings.Contains(wrong.body, "no es la de nadie") {
		t.Fatalf("a wrong password = %d at %s\n%s", wrong.status, wrong.url, wrong.body)
	}
	if p := w.get("/login/turn"); p.status != 200 || p.url.Path != "/login" {
		t.Errorf("a turn is taken twice: %d at %s", p.status, p.url)
	}
	right := w.submit(wrong, url.Values{"username": {username}, "password": {password}})
	if right.status != 200 || right.url.Path != "/account/history" {
		t.Fatalf("the right password = %d at %s to %v\n%s", right.status, right.url, right.location, right.body)
	}
	b.clock.advance(10 * time.Minute)
	stepUp := w.submit(w.get("/reauth?return=/account/password"), url.Values{"password": {password}})
	if stepUp.status != 200 || stepUp.url.Path != "/account/password" {
		t.Errorf("the step-up = %d at %s to %v\n%s", stepUp.status, stepUp.url, stepUp.location, stepUp.body)
	}
	if len(waited) != 3 {
		t.Fatalf("%d pages waited, want 3", len(waited))
	}
	for _, p := range waited {
		if p.status != 200 || p.url.Path != "/login/turn" || !strings.Contains(p.body, say("provider.turn.title")) || strings.Contains(p.body, password) || !strings.HasPrefix(p.header.Get("Refresh"), "1; ") {
			t.Errorf("the page that waits = %d %s, Refresh %q\n%s", p.status, p.url, p.header.Get("Refresh"), p.body)
		}
	}
}

// A form waits for its turn in its own browser, and no longer once somebody else has signed in there.
func TestTurnOfAnother(t *testing.T) {
	t.Parallel()
	b := newBenchIn(t, 4, func(_ *bench, d *provider.Deps) { d.Accounts = &crowded{Accounts: d.Accounts} })
	home, err := url.Parse(b.issuer)
	must(t, err)
	w := b.browser()
	if p := w.get("/login/turn?return=/account/history"); p.url.Path != "/login" || p.url.Query().Get("return") != "/account/history" {
		t.Errorf("without a form = %d at %s", p.status, p.url)
	}
	form := w.get("/login")
	follow := w.client.CheckRedirect
	w.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.submit(form, url.Values{"username": {username}, "password": {password}})
	kept := w.client.Jar.Cookies(home)
	w.client.CheckRedirect = follow
	stranger := b.browser()
	stranger.get("/login")
	stranger.client.Jar.SetCookies(home, slices.DeleteFunc(slices.Clone(kept), func(c *http.Cookie) bool { return !strings.HasSuffix(c.Name, "turn") }))
	if p := stranger.get("/login/turn"); p.url.Path != "/login" {
		t.Errorf("in another browser = %d at %s", p.status, p.url)
	}
	if p := w.submit(w.get("/login"), url.Values{"username": {username}, "password": {password}}); p.status >= 400 {
		t.Fatalf("another sign-in = %d", p.status)
	}
	w.client.Jar.SetCookies(home, slices.DeleteFunc(slices.Clone(kept), func(c *http.Cookie) bool { return !strings.HasSuffix(c.Name, "turn") }))
	before := w.cookie("session")
	w.get("/login/turn")
	if w.cookie("session") != before {
		t.Error("a form of before another sign-in is taken after it")
	}
}

// A wrong password does not lose the page that the sign-in is for.
func TestRefusedSignInKeepsItsPage(t *testing.T) {
	t.Parallel()
	w := newBenchIn(t, 4).browser()
	wrong := w.submit(w.get("/login?return=/account/history"), url.Values{"username": {username}, "password": {"no es la de nadie"}})
	if p := w.submit(wrong, url.Values{"username": {username}, "password": {password}}); p.url.Path != "/account/history" {
		t.Errorf("after a wrong password the right one leads to %s", p.url.Path)
	}
}

// A copy of the browser's cookies takes a form that waited for its turn no second time, not even after a sign-out.
func TestTurnIsTakenOnce(t *testing.T) {
	t.Parallel()
	b := newBenchIn(t, 4, func(_ *bench, d *provider.Deps) { d.Accounts = &crowded{Accounts: d.Accounts} })
	home, err := url.Parse(b.issuer)
	must(t, err)
	w, thief := b.browser(), b.browser()
	w.waits = func(page) { thief.client.Jar.SetCookies(home, w.client.Jar.Cookies(home)) }
	w.submit(w.get("/login"), url.Values{"username": {username}, "password": {password}})
	for _, cookie := range w.client.Jar.Cookies(home) {
		if strings.HasSuffix(cookie.Name, "turn") {
			t.Error("the browser keeps the form")
		}
	}
	if p := thief.get("/login/turn"); p.url.Path != "/login" || thief.cookie("session") != "" {
		t.Errorf("a copy leads to %s, with the session %q", p.url, thief.cookie("session"))
	}
}
