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

	"huskyidp/provider"
)

// raw is the browser that follows nothing, with the cookies it has.
func (w *browser) raw(method, address string, fields url.Values) *http.Response {
	w.b.t.Helper()
	client := *w.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r, err := http.NewRequestWithContext(w.b.t.Context(), method, address, strings.NewReader(fields.Encode()))
	must(w.b.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	response, err := client.Do(r)
	must(w.b.t, err)
	must(w.b.t, response.Body.Close())
	return response
}

// TestWayBack: a post ends on our own origin, at a page that navigates to the app and whose policy covers only
// our own forms; that page contains no code. The bench's browser looks at every other post.
func TestWayBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	for name, change := range map[string]func(*provider.Metadata){
		"a web app": nil,
		"a native app": func(m *provider.Metadata) {
			m.ApplicationType, m.RedirectURIs = "native", []string{"com.example.app:/cb"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			id, _ := b.client(change)
			client, err := b.clients.Get(id)
			must(t, err)
			w := b.browser()
			address, _ := b.request(id, url.Values{"redirect_uri": client.Metadata.RedirectURIs})
			login := w.get(address)
			action, fields := formOf(t, login)
			fields.Set("username", username)
			fields.Set("password", password)
			posted := w.raw(http.MethodPost, action, fields)
			flow := login.url.Query().Get("flow")
			if posted.StatusCode != 303 || posted.Header.Get("Location") != provider.ResumePath(flow) {
				t.Fatalf("the post was answered %d to %s", posted.StatusCode, posted.Header.Get("Location"))
			}
			onward := w.raw(http.MethodGet, b.issuer+posted.Header.Get("Location"), nil)
			_, next, _ := strings.Cut(onward.Header.Get("Refresh"), "; url=")
			if onward.StatusCode != 200 || next != provider.ResumePath(flow)+"&go=1" || !strings.HasSuffix(onward.Header.Get("Content-Security-Policy"), "form-action 'self'") {
				t.Fatalf("the page on the way: %d %v", onward.StatusCode, onward.Header)
			}
			left := w.raw(http.MethodGet, b.issuer+next, nil).Header.Get("Location")
			if !strings.HasPrefix(left, client.Metadata.RedirectURIs[0]) || !strings.Contains(left, "code=") {
				t.Errorf("it led to %s", left)
			}
		})
	}
}

// TestAnsweredAgain: a second press, a reload and Back from the app get a fresh answer while the
// request is young; later whoever is signed in is led to the app's start, or to the account.
func TestAnsweredAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	homeless, secretless := b.client(func(m *provider.Metadata) { m.InitiateLoginURI = "" })
	party := b.party(callback, connect)
	start := "https://app.example/start?iss=" + url.QueryEscape(b.issuer)
	for _, test := range []struct {
		name string
		ask  func() (address string, redeem func(code string) answer)
		late string
	}{
		{"plain", func() (string, func(string) answer) {
			address, verifier := b.request(id, nil)
			return address, func(code string) answer { return b.redeem(id, secret, code, verifier) }
		}, start},
		{"pushed", func() (string, func(string) answer) {
			uri, verifier := party.pushed(nil)
			return "/authorize?" + url.Values{"client_id": {party.id}, "request_uri": {uri}}.Encode(), func(code string) answer { return party.redeem(code, verifier) }
		}, start},
		{"no start", func() (string, func(string) answer) {
			address, verifier := b.request(homeless, nil)
			return address, func(code string) answer { return b.redeem(homeless, secretless, code, verifier) }
		}, "/account"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := b.browser()
			address, redeem := test.ask()
			login := w.get(address)
			if login.url.Path != "/login" {
				t.Fatalf("at %s (%d)", login.url, login.status)
			}
			seen := map[string]bool{}
			for _, press := range []func() page{
				func() page { return w.signIn(login) },
				func() page { return w.signIn(login) },                                           // the second press, with the form of the first
				func() page { return w.get(login.url.String()) },                                 // Back
				func() page { return w.get(provider.ResumePath(login.url.Query().Get("flow"))) }, // the page on the way
				func() page { return w.get("/consent?flow=" + login.url.Query().Get("flow")) },   // pages that this request did not need
				func() page { return w.get("/login/factor?flow=" + login.url.Query().Get("flow")) },
				func() page { return w.get("/login/agreement?flow=" + login.url.Query().Get("flow")) },
			} {
				p := press()
				if p.location == nil || p.location.Query().Get("code") == "" || seen[p.location.Query().Get("code")] {
					t.Fatalf("press %d led to %s (%d) %v", len(seen), p.url, p.status, p.location)
				}
				seen[p.location.Query().Get("code")] = true
				redeem(p.location.Query().Get("code")).want(t, 200, "")
			}
			b.clock.advance(11 * time.Minute)
			late := w.get(login.url.String())
			at := late.url.Path
			if late.location != nil {
				at = late.location.String()
			}
			if at != test.late || strings.Contains(late.body, "Pasó mucho tiempo") {
				t.Errorf("eleven minutes later: %s (%d)", at, late.status)
			}
			if post := w.submit(login, url.Values{"act": {"allow"}, "username": {username}, "password": {password}}); post.status >= 400 {
				t.Errorf("and the old form: %s (%d)", post.url, post.status)
			}
		})
	}
}

// twice presses the button of a page two times, 20 ms apart: the browser drops the first answer
// with its cookies. Both must end at the app, but for the caller's own look.
func (w *browser) twice(p page, typed url.Values) {
	w.b.t.Helper()
	action, fields := formOf(w.b.t, p)
	maps.Copy(fields, typed)
	issuer, err := url.Parse(w.b.issuer)
	must(w.b.t, err)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			jar, err := cookiejar.New(nil)
			must(w.b.t, err)
			jar.SetCookies(issuer, w.client.Jar.Cookies(issuer))
			client := *w.client
			client.Jar = jar
			if p := (&browser{b: w.b, client: &client}).post(action, fields); p.location == nil || p.location.Query().Get("code") == "" {
				w.b.t.Errorf("of two presses one led to %s (%d) %v", p.url, p.status, p.location)
			}
		})
		time.Sleep(20 * time.Millisecond)
	}
	both.Wait()
}

// TestTwoPresses: two posts at once both end at the app, whichever page they come from.
func TestTwoPresses(t *testing.T) {
	t.Parallel()
	b := newBench(t, 8)
	party := b.party(callback, connect)
	id, _ := b.client(nil)
	partner, _ := b.partner(nil)
	right := url.Values{"username": {username}, "password": {password}}
	ask := func(w *browser, id string, change url.Values) page {
		address, _ := b.request(id, change)
		return w.get(address)
	}
	t.Run("sign-in", func(*testing.T) { w := b.browser(); w.twice(ask(w, id, nil), right) })
	t.Run("sign-in, pushed", func(*testing.T) {
		w := b.browser()
		uri, _ := party.pushed(nil)
		w.twice(party.open(w, uri, nil), right)
	})
	t.Run("account choice", func(*testing.T) {
		w := b.signedIn()
		w.twice(ask(w, id, url.Values{"prompt": {"select_account"}}), url.Values{"act": {"continue"}})
	})
	t.Run("consent", func(t *testing.T) {
		w := b.signedIn()
		w.twice(ask(w, partner, url.Values{"scope": {"openid profile"}}), url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"90d"}})
		var consents, mails int
		must(t, b.db.From(t.Context()).QueryRow(t.Context(), `
			select (select count(*) from consents where client_id = $1), (select count(*) from mails where kind = 'app_allowed')`, partner).Scan(&consents, &mails))
		if consents != 1 || mails != 1 {
			t.Errorf("%d permissions were made and %d mails sent, want one of each", consents, mails)
		}
	})
	t.Run("agreement", func(*testing.T) {
		b.agreement = "2026-06-01"
		w := b.browser()
		w.twice(w.signIn(ask(w, id, nil)), url.Values{"act": {"agree"}})
	})
	t.Run("second step", func(*testing.T) {
		app := b.enrolApp()
		b.clock.advance(24 * time.Hour) // added soon after sign-ins on new devices
		w := b.browser()
		w.twice(w.signIn(ask(w, id, nil)), url.Values{"code": {app.code()}})
	})
	t.Run("saved code", func(*testing.T) {
		list, err := b.accounts.MakeSavedCodes(b.t.Context(), b.account.ID, "")
		must(b.t, err)
		w := b.browser()
		p := w.signIn(ask(w, id, nil))
		p = w.get("/login/factor/saved-code?flow=" + p.url.Query().Get("flow"))
		if on := w.submit(p, url.Values{"saved_code": {list.Codes[0]}}); on.url.Path != "/login/saved-code" {
			b.t.Errorf("at %s", on.url)
		}
		if on := w.submit(p, url.Values{"saved_code": {list.Codes[0]}}); on.location == nil || on.location.Query().Get("code") == "" {
			b.t.Errorf("the second press is at %s", on.url)
		}
	})
}

// TestGarbledAddress: a link of which a part is missing says so, and not that an app or time did.
func TestGarbledAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	for _, query := range []string{"", "client_id=nobody", "client_id=" + id, "client_id=" + id + "&redirect_uri=%zz", "client_id=" + id + "&redirect_uri=app", "client_id=%00" + id} {
		if p := b.browser().get("/authorize?" + query); p.status != 400 || !strings.Contains(p.body, say("error.address.title")) {
			t.Errorf("%q: %d\n%s", query, p.status, p.body)
		}
	}
}

// TestRefusedAgain: the member's no goes to the app as often as it is fetched, until they do
// something else; and a request that another person finished asks this one for their own word.
func TestRefusedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.partner(nil)
	w := b.browser()
	address, _ := b.request(id, url.Values{"scope": {"openid profile"}})
	consent := w.signIn(w.get(address))
	if consent.url.Path != "/consent" {
		t.Fatalf("at %s", consent.url)
	}
	b.clock.advance(time.Second)
	resume := provider.ResumePath(consent.url.Query().Get("flow"))
	for i, p := range []page{w.submit(consent, url.Values{"act": {"deny"}}), w.get(resume), w.submit(consent, url.Values{"act": {"deny"}})} {
		if p.location == nil || p.location.Query().Get("error") != "access_denied" {
			t.Fatalf("no %d led to %s (%d) %v", i, p.url, p.status, p.location)
		}
	}
	b.clock.advance(time.Second)
	again := w.get(consent.url.String()) // Back
	yes := url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"90d"}}
	if p := w.submit(again, yes); p.location == nil || p.location.Query().Get("code") == "" {
		t.Fatalf("after another thought: %s (%d) %v", p.url, p.status, p.location)
	}
	other := b.another("otro.miembro")
	if p := w.submit(w.get("/login/accounts"), url.Values{"act": {"other"}}); p.url.Path != "/login" {
		t.Fatalf("at %s", p.url)
	}
	if p := w.submit(w.get(consent.url.Path+"?"+consent.url.RawQuery), url.Values{"username": {other.Username}, "password": {password}}); p.url.Path != "/consent" {
		t.Errorf("another person's browser went on to %s (%d) %v", p.url, p.status, p.location)
	}
}
