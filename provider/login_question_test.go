package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/provider"
)

// Who has no secret question and signs in straight to an app is asked for one, once in thirty days: it may be left for later, and
// once it is chosen the app continues. Nobody else sees the page, and no app that asks in the background does.
func TestQuestionIsAskedFor(t *testing.T) {
	t.Parallel()
	b := newBenchIn(t, 4, func(_ *bench, d *provider.Deps) { d.Questions = true })
	id, _ := b.client(nil)
	signIn := func() (*browser, page) {
		t.Helper()
		w := b.browser()
		address, _ := b.request(id, nil)
		return w, w.signIn(w.get(address))
	}
	asked := func(p page) bool { return p.url.Path == "/login/question" }
	atApp := func(what string, p page) {
		t.Helper()
		if p.location == nil || p.location.Query().Get("code") == "" {
			t.Errorf("%s led to %s (%d) %v", what, p.url, p.status, p.location)
		}
	}
	_, p := signIn()
	atApp("the sign-in of who has one", p)
	postgrestest.Exec(t, b.db, `delete from account_questions`)
	w, p := signIn()
	if !asked(p) || !strings.Contains(p.body, "Su cuenta no tiene pregunta secreta") {
		t.Fatalf("the sign-in led to %s (%d)", p.url, p.status)
	}
	silent, _ := b.request(id, url.Values{"prompt": {"none"}})
	atApp("prompt=none", w.get(silent))
	if again := w.get(p.url.String()); !asked(again) {
		t.Errorf("a reload led to %s", again.url)
	}
	atApp("later", w.get(b.issuer+provider.ResumePath(p.url.Query().Get("flow"))))
	_, p = signIn()
	atApp("the next sign-in", p)
	b.clock.advance(30*24*time.Hour + time.Minute)
	w, p = signIn()
	if !asked(p) {
		t.Fatalf("a month later the sign-in led to %s", p.url)
	}
	form := w.get(b.issuer + "/account/question?flow=" + p.url.Query().Get("flow"))
	atApp("choosing one", w.submit(form, url.Values{"question": {"first_pay"}, "answer": {"mi primera bicicleta roja"}, "password": {password}}))
	b.clock.advance(31 * 24 * time.Hour)
	_, p = signIn()
	atApp("the sign-in of who has one", p)
}
