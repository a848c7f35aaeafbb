package provider_test

import (
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// pressed sends a page's form twice with the cookies of one moment, the second time after a while, and returns two browsers:
// each has got one of the answers only.
func (w *browser) pressed(p page, typed url.Values, apart time.Duration) (answers [2]page, browsers [2]*browser) {
	w.b.t.Helper()
	action, fields := formOf(w.b.t, p)
	maps.Copy(fields, typed)
	for i := range browsers {
		browsers[i] = w.copied()
	}
	var both sync.WaitGroup
	for i := range 2 {
		both.Go(func() { answers[i] = browsers[i].post(action, fields) })
		time.Sleep(apart)
	}
	both.Wait()
	return answers, browsers
}

// TestProofPressedTwice: of two presses that prove the same, whichever answer the browser keeps leads to the page that asked,
// in the session that is still open, with the boxes as they were.
func TestProofPressedTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t, 8)
	id, _ := b.partner(nil)
	allow := url.Values{"act": {"accept"}, "group_email": {"yes"}, "group_offline_access": {"yes"}, "duration": {"90d"}}
	for run := range 20 {
		w := b.signedIn()
		address, _ := b.request(id, url.Values{"scope": {"openid profile email offline_access"}})
		p := w.get(address)
		b.clock.advance(6 * time.Minute)
		if p = w.submit(p, allow); p.url.Path != "/reauth" {
			t.Fatalf("at %s (%d)", p.url, p.status)
		}
		answers, browsers := w.pressed(p, url.Values{"password": {password}}, []time.Duration{0, 20 * time.Millisecond, 200 * time.Millisecond}[run%3])
		for i, p := range answers {
			if p.url.Path != "/consent" || !strings.Contains(p.body, `id="group_email" name="group_email" type="checkbox" value="yes" checked`) ||
				strings.Contains(p.body, `id="group_profile" name="group_profile" type="checkbox" value="yes" checked`) {
				t.Errorf("run %d, press %d: at %s (%d), or other boxes are ticked", run, i, p.url, p.status)
			}
			if p := browsers[i].get("/account"); p.url.Path != "/account" {
				t.Errorf("run %d, press %d: the session has ended, at %s", run, i, p.url)
			}
		}
		b.clock.advance(time.Minute)
	}
}

// TestSecondStepPressedTwice is the same for the second step of a session.
func TestSecondStepPressedTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t, 8)
	w := b.signedIn()
	app := b.enrolApp()
	for run := range 6 {
		b.clock.advance(6 * time.Minute)
		p := w.get("/account/password")
		if p.url.Path == "/reauth" {
			p = w.submit(p, url.Values{"password": {password}})
		}
		if p.url.Path != "/login/factor/totp" {
			t.Fatalf("at %s (%d)", p.url, p.status)
		}
		answers, browsers := w.pressed(p, url.Values{"code": {app.code()}}, []time.Duration{0, 20 * time.Millisecond, 400 * time.Millisecond}[run%3])
		for i, p := range answers {
			if p.url.Path != "/account/password" || p.status != http.StatusOK {
				t.Errorf("run %d, press %d: at %s (%d)", run, i, p.url, p.status)
			}
		}
		w = browsers[run%2]
	}
}

// TestFormerSessionToken: S-22, the former token opens nothing, proves with the right password alone, for a moment, and a wrong
// one counts.
func TestFormerSessionToken(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	b.clock.advance(6 * time.Minute)
	p := w.get("/account/password")
	if want := "Esto es para «" + say("accounts.password.title") + "»"; !strings.Contains(p.body, want) {
		t.Errorf("the page does not say what it asks for:\n%s", p.body)
	}
	right := url.Values{"password": {password}}
	thief, late, lost := w.copied(), w.copied(), w.copied()
	if p := w.submit(p, right); p.url.Path != "/account/password" {
		t.Fatalf("the proof leads to %s", p.url)
	}
	open := w.cookie("session")
	b.clock.advance(5 * time.Second)
	for _, path := range []string{"/account", "/account/password", "/reauth?return=/account/password", "/account/sessions"} {
		if p := thief.copied().get(path); p.url.Path != "/login" {
			t.Errorf("the former token opens %s: %s (%d)", path, p.url, p.status)
		}
	}
	before := b.failures()
	if p := thief.copied().submit(p, url.Values{"password": {"no es la contraseña"}}); p.url.Path != "/login" {
		t.Errorf("a wrong password with the former token leads to %s (%d)", p.url, p.status)
	}
	if got := b.failures(); got != before+1 {
		t.Errorf("%d failures are counted, want one more than %d", got, before)
	}
	if p := lost.submit(p, right); p.url.Path != "/account/password" || p.status != http.StatusOK {
		t.Errorf("the proof sent again leads to %s (%d)", p.url, p.status)
	}
	if got := lost.cookie("session"); got != open {
		t.Errorf("the session has another token")
	}
	if p := w.get("/account"); p.url.Path != "/account" {
		t.Errorf("the session has ended, at %s", p.url)
	}
	b.clock.advance(11 * time.Second)
	if p := late.submit(p, right); p.url.Path != "/login" {
		t.Errorf("sixteen seconds later the former token leads to %s (%d)", p.url, p.status)
	}
}

// copied is a browser with the same cookies.
func (w *browser) copied() *browser {
	w.b.t.Helper()
	jar, err := cookiejar.New(nil)
	must(w.b.t, err)
	issuer, err := url.Parse(w.b.issuer)
	must(w.b.t, err)
	jar.SetCookies(issuer, w.client.Jar.Cookies(issuer))
	client := *w.client
	client.Jar = jar
	return &browser{b: w.b, client: &client}
}

func (b *bench) failures() (n int) {
	must(b.t, b.db.From(b.t.Context()).QueryRow(b.t.Context(), `select coalesce(sum(failures), 0) from sign_in_throttles`).Scan(&n))
	return n
}
