package provider_test

import (
	"net/url"
	"strings"
	"testing"
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
		t.Errorf("going on leads to %s", p.url)
	}
	asked := w.get("/account/password")
	p := w.submit(asked, url.Values{"act": {"anew"}})
	if p.url.Path != "/login" || p.url.Query().Get("return") != "/account/password" || w.cookie("pending") != "" {
		t.Errorf("another person is led to %s; what waits: %q", p.url, w.cookie("pending"))
	}
	if p := w.submit(asked, url.Values{"act": {"go_on"}}); p.url.Path != "/login" {
		t.Errorf("going on with what was given up leads to %s", p.url)
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
	for name, q := range map[string]page{"the code": w.submit(p, url.Values{"code": {"123456"}}), "a reload": w.get(p.url.String()), "resume": w.get("/authorize/resume?flow=" + flow)} {
		if q.location != nil || q.url.Path != "/login/accounts" || !strings.Contains(q.body, other.Username) {
			t.Errorf("%s leads to %s, %v", name, q.url, q.location)
		}
	}
	if q := w.submit(w.get("/login/accounts?flow="+flow), url.Values{"act": {"continue"}}); q.location == nil {
		t.Errorf("the other member, who said so, is at %s", q.url)
	}
}
