package provider_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/provider"
)

// TestAppsHearOfEveryEnd: whatever ends a session, an app that listens on the back channel is notified, once; above all when
// another person signs in in the same browser. It ends what the session issued without offline_access, too (C14, S-25).
func TestAppsHearOfEveryEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	received := make(chan string, 8)
	app := b.backChannel(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fields, _ := url.ParseQuery(string(body))
		received <- fields.Get("logout_token")
	})
	id, secret := b.client(func(m *provider.Metadata) { m.BackchannelLogoutURI = app.URL + "/bye" })
	tomas := b.another("tomas.ruiz")

	signInAs := func(w *browser, p page, name string) page {
		return w.submit(p, url.Values{"username": {name}, "password": {password}})
	}
	again := func(w *browser, name string) page { // an app asks for a sign-in although there is a session
		address, _ := b.request(id, url.Values{"prompt": {"login"}})
		return signInAs(w, w.get(address), name)
	}
	for name, test := range map[string]struct {
		end  func(w *browser, sid string)
		told bool
	}{
		"another person signs in": {func(w *browser, _ string) {
			if p := again(w, "tomas.ruiz"); p.location == nil || strings.Contains(p.body, "María") {
				t.Errorf("the sign-in of the next person leads to %s (%d)", p.url, p.status)
			}
		}, true},
		"another person registers": {func(w *browser, sid string) { // in one batch with the account
			var token string
			for _, c := range w.client.Jar.Cookies(mustURL(t, b.issuer)) {
				if strings.HasSuffix(c.Name, "session") {
					token = c.Value
				}
			}
			_, err := b.accounts.StartSession(t.Context(), accounts.SessionStart{Account: tomas, AMR: []string{"pwd"}, Replaces: token})
			must(t, err)
		}, true},
		"another person signs in where a page told that the session was not used": {func(w *browser, sid string) {
			postgrestest.Exec(t, b.db, `update sessions set last_seen_at = last_seen_at - interval '16 minutes' where sid = '`+sid+`'`)
			p := w.get("/account")
			if p.url.Path != "/login" {
				t.Errorf("an unused session leads to %s", p.url)
			}
			if p = signInAs(w, p, "tomas.ruiz"); p.url.Path != "/account" {
				t.Errorf("the sign-in of the next person leads to %s (%d)", p.url, p.status)
			}
		}, true},
		"use another account": {func(w *browser, _ string) { w.submit(w.get("/login/accounts"), url.Values{"act": {"other"}}) }, true},
		"ended from another device": {func(_ *browser, sid string) {
			other := b.signedIn()
			other.submit(other.get("/account/sessions"), url.Values{"end": {sid}})
		}, true},
		"ended at the desk":      {func(*browser, string) { must(t, b.accounts.EndSessions(t.Context(), b.account.ID, "")) }, true},
		"the same person, again": {func(w *browser, _ string) { again(w, username) }, false},
	} {
		w := b.signedIn()
		address, verifier := b.request(id, url.Values{"scope": {"openid"}})
		tokens := b.redeem(id, secret, w.get(address).location.Query().Get("code"), verifier)
		must(t, b.provider.NotifyApps(t.Context()))
		for len(received) > 0 { // of the test before: sessions that the desk ended as well
			<-received
		}
		sid := claim(t, tokens.text("id_token"), "sid").(string)
		test.end(w, sid)
		for range 2 { // the second finds nothing more
			must(t, b.provider.NotifyApps(t.Context()))
		}
		var heard int
		for wait := 5 * time.Second; ; wait = 300 * time.Millisecond {
			if !test.told {
				wait = 300 * time.Millisecond
			}
			select {
			case token := <-received:
				if claim(t, token, "sid") == sid {
					heard++
					if claim(t, token, "sub") != b.account.Subject {
						t.Errorf("%s: the token is of %v", name, claim(t, token, "sub"))
					}
				}
				continue
			case <-time.After(wait):
			}
			break
		}
		if want := map[bool]int{true: 1}[test.told]; heard != want {
			t.Errorf("%s: the app heard of it %d times, want %d", name, heard, want)
		}
		if got := b.userinfo(tokens.text("access_token")).status; test.told && got != 401 {
			t.Errorf("%s: the access token is answered %d", name, got)
		}
	}
}

func mustURL(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	return u
}
