package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Once somebody opened the sign-in page, every page and form of a sign-in that waits for its second step leads to the question
// whose it is, until there is an answer. An app's answer, Back and a second press of its own member are not asked about.
func TestNextPersonIsAskedBeforeTheSecondStep(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	app := b.enrolApp()
	for name, entrance := range map[string]string{"the sign-in page": "/login", "the root": "/", "a page of the account": "/account/password", "the app": ""} {
		id, _ := b.client(nil)
		address, _ := b.request(id, nil)
		w := b.browser()
		waits := w.signIn(w.get("/login"))
		if again := w.get("/login/factor/totp"); again.url.Path != "/login/factor/totp" {
			t.Errorf("its own member is led to %s", again.url)
		}
		if entrance == "" {
			entrance = address
		}
		w.get(entrance)
		for _, path := range []string{"/login/factor", "/login/factor/totp", "/login/factor/passkey", "/login/factor/saved_codes"} {
			if p := w.get(path); p.url.Path != "/login/open" || p.status != http.StatusOK || strings.Contains(p.body, "Prueba") {
				t.Errorf("from %s: %s leads to %s (%d)", name, path, p.url, p.status)
			}
		}
		if p := w.submit(waits, url.Values{"code": {app.code()}}); p.url.Path != "/login/open" {
			t.Errorf("from %s: the page that was on the screen leads to %s (%d)", name, p.url, p.status)
		}
		if p := w.submit(w.get("/login/open"), url.Values{"act": {"go_on"}}); p.url.Path != "/login/factor/totp" {
			t.Errorf("from %s: continuing leads to %s", name, p.url)
		}
		if p := w.submit(w.get("/login/factor/totp"), url.Values{"act": {"back"}}); p.url.Path != "/login" {
			t.Errorf("from %s: giving up leads to %s", name, p.url)
		}
	}
}

// A page that goes to the sign-in page by itself, because its session is over, says nothing of a person.
func TestEndedSessionIsNobodyNew(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.enrolApp()
	w := b.browser()
	w.signIn(w.get("/login"))
	if p := w.get("/account/ended"); p.url.Path != "/login" && p.url.Path != "/login/open" {
		t.Fatalf("an ended session leads to %s", p.url)
	}
	if p := w.get("/login/factor/totp"); p.url.Path != "/login/factor/totp" {
		t.Errorf("the second step leads to %s", p.url)
	}
}

// A form of a session that was left in another tab is not saved, and the sign-in page says so.
func TestFormOfALeftSession(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.partner(nil)
	w := b.signedIn()
	address, _ := b.request(id, url.Values{"scope": {"openid profile"}})
	consent, language := w.get(address), w.get("/account/language")
	w.submit(w.get("/logout"), url.Values{"act": {"confirm"}})
	for name, p := range map[string]page{
		"consent":          w.submit(consent, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"90d"}}),
		"language":         w.submit(language, url.Values{"language": {"en"}}),
		"consent, refused": w.submit(consent, url.Values{"act": {"deny"}}),
	} {
		if p.url.Path != "/login" || !strings.Contains(p.body, say("provider.login.session_left")) || name != "language" && p.url.Query().Get("flow") == "" {
			t.Errorf("%s: at %s (%d)\n%s", name, p.url, p.status, p.body)
		}
	}
	if p := w.get("/login"); strings.Contains(p.body, say("provider.login.session_left")) {
		t.Error("the next person reads it")
	}
	if p := w.get("/login?note=left"); strings.Contains(p.body, say("provider.login.session_left")) {
		t.Error("whoever opens the address reads it")
	}
}
