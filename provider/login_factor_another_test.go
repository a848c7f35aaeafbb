package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"huskyidp/provider"
)

// Whoever opens the sign-in where another person's waits for its second step is asked first, and reads nothing of it.
func TestSignInOfAnotherPersonWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	app := b.enrolApp()
	id, _ := b.client(nil)
	w := b.browser()
	address, _ := b.request(id, nil)
	w.signIn(w.get(address))
	again, _ := b.request(id, nil)
	for name, target := range map[string]string{"the sign-in page": "/login", "an app": again, "a page of the account": "/account/password"} {
		p := w.get(target)
		if p.url.Path != "/login/open" || strings.Contains(p.body, "Prueba") && name != "an app" || strings.Contains(p.body, b.account.Username) {
			t.Errorf("from %s: %s\n%s", name, p.url, p.body)
		}
	}
	if p := w.submit(w.get(again), url.Values{"act": {"go_on"}}); p.url.Path != "/login/factor/totp" {
		t.Errorf("continuing leads to %s", p.url)
	}
	asked := w.get("/account/password")
	p := w.submit(asked, url.Values{"act": {"anew"}})
	if p.url.Path != "/login" || p.url.Query().Get("return") != "/account/password" || w.cookie("pending") != "" {
		t.Errorf("another person is led to %s; what waits: %q", p.url, w.cookie("pending"))
	}
	if p := w.submit(asked, url.Values{"act": {"go_on"}}); p.url.Path != "/login" {
		t.Errorf("continuing what was abandoned leads to %s", p.url)
	}
	if p := w.submit(w.signIn(w.get(again)), url.Values{"code": {app.code()}}); p.location == nil {
		t.Errorf("after the second sign-in at %s (%d)", p.url, p.status)
	}
	if p := w.get("/login/open"); p.url.Path == "/login/open" {
		t.Error("signed in, the question is still asked")
	}
}

// A request of an app for which one member gave the password is not answered by another's session in the same browser unasked:
// neither by the code, typed in the tab that was left open, nor by its reload.
func TestSecondStepOfAnotherPerson(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.enrolApp()
	other := b.another("otro.miembro")
	id, _ := b.client(nil)
	w := b.browser()
	address, _ := b.request(id, nil)
	p := w.signIn(w.get(address))
	asked := w.submit(w.get("/login"), url.Values{"act": {"anew"}})
	if again := w.submit(asked, url.Values{"username": {other.Username}, "password": {password}}); again.url.Path != "/account" {
		t.Fatalf("the other member is at %s", again.url)
	}
	flow := p.url.Query().Get("flow")
	sent := w.submit(p, url.Values{"code": {"123456"}})
	if sent.status != http.StatusConflict || !strings.Contains(sent.body, other.Username) || !strings.Contains(sent.body, `href="/authorize/resume?flow=`+flow) {
		t.Errorf("the code is answered %d at %s:\n%s", sent.status, sent.url, sent.body)
	}
	for name, q := range map[string]page{"a reload": w.get(p.url.String()), "resume": w.get("/authorize/resume?flow=" + flow)} {
		if q.location != nil || q.url.Path != "/login/accounts" || !strings.Contains(q.body, other.Username) {
			t.Errorf("%s leads to %s, %v", name, q.url, q.location)
		}
	}
	if q := w.submit(w.get("/login/accounts?flow="+flow), url.Values{"act": {"continue"}}); q.location == nil {
		t.Errorf("the other member, who said so, is at %s", q.url)
	}
}

// A page of a second step is the member's whose password was given: after another sign-in in the same browser its code is tried on
// nobody, and whoever sent it reads what happened and has a way on.
func TestSecondStepOfAnotherSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.enrolApp()
	other := b.another("otro.miembro")
	app := b.enrolAppOf(other)
	w := b.browser()
	mine := w.signIn(w.get("/login"))
	if mine.url.Path != "/login/factor/totp" {
		t.Fatalf("the first sign-in is at %s", mine.url)
	}

	// Somebody else begins, and has a second step too.
	asked := w.submit(w.get("/login"), url.Values{"act": {"anew"}})
	theirs := w.submit(asked, url.Values{"username": {other.Username}, "password": {password}})
	if theirs.url.Path != "/login/factor/totp" {
		t.Fatalf("the second sign-in is at %s", theirs.url)
	}
	for _, fields := range []url.Values{{"code": {app.code()}}, {"act": {"back"}}} {
		p := w.submit(mine, fields)
		if p.status != http.StatusConflict || !strings.Contains(p.body, "Alguien empezó otra vez en este navegador") || !strings.Contains(p.body, `href="/login/open"`) {
			t.Errorf("%v is answered %d at %s:\n%s", fields, p.status, p.url, p.body)
		}
	}
	asked = w.get("/login/open")
	if asked.url.Path != "/login/open" {
		t.Errorf("the way on leads to %s", asked.url)
	}
	if p := w.submit(asked, url.Values{"act": {"go_on"}}); p.url.Path != "/login/factor/totp" { // it was the second after all
		t.Errorf("continuing leads to %s", p.url)
	}
	if p := w.submit(theirs, url.Values{"code": {app.code()}}); p.url.Path != "/account" {
		t.Errorf("the second sign-in ends at %s (%d)", p.url, p.status)
	}
	p := w.submit(mine, url.Values{"code": {"123456"}})
	if p.status != http.StatusConflict || !strings.Contains(p.body, other.Username) || !strings.Contains(p.body, `href="/account"`) {
		t.Errorf("with the other's session: %d at %s:\n%s", p.status, p.url, p.body)
	}

	// Nobody is there any more: the page says that it may have been another sign-in.
	w = b.browser()
	mine = w.signIn(w.get("/login"))
	w.submit(w.get("/login"), url.Values{"act": {"anew"}})
	if p := w.submit(mine, url.Values{"code": {"123456"}}); p.url.Path != "/login" || !strings.Contains(p.body, "empezó otro") {
		t.Errorf("after it was given up: %d at %s:\n%s", p.status, p.url, p.body)
	}
}

// A code for another screen that somebody else typed since is not decided on by an older page, which says so.
func TestDeviceOfAnotherCode(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant}}
	})
	w := b.signedIn()
	typed := func() page {
		t.Helper()
		_, _, body := b.post("/device_authorization", id, secret, url.Values{"scope": {"openid"}})
		var begun struct {
			UserCode string `json:"user_code"`
		}
		must(t, json.Unmarshal([]byte(body), &begun))
		return w.submit(w.get("/device"), url.Values{"user_code": {begun.UserCode}})
	}
	older, newer := typed(), typed()
	if p := w.submit(older, url.Values{"act": {"allow"}}); p.url.Path != "/device/confirm" || !strings.Contains(p.body, "escribió otro código") {
		t.Errorf("the older page leads to %s:\n%s", p.url, p.body)
	}
	if p := w.submit(newer, url.Values{"act": {"deny"}}); p.url.Path != "/device/done" {
		t.Errorf("the newer page leads to %s", p.url)
	}
	if p := w.submit(older, url.Values{"act": {"allow"}}); p.url.Path != "/device" || !strings.Contains(p.body, "ningún código pendiente") {
		t.Errorf("when none waits, the older page leads to %s:\n%s", p.url, p.body)
	}
}
