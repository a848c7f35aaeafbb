package selfservice

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// People of one family take turns at a browser: a page that one of them left open does nothing to the account of who is
// signed in by then, and after Back the same page says whose account it is now, also beside its button.
func TestButtonsNameTheAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("ana.r")
	b := newBrowser(t, f, nil)
	f.register("james.t")
	const ana = "Ahora está abierta la cuenta ana.r."
	b.get("/in/james.t")
	const path = "/account/close"
	old := b.token(path)
	b.get("/in/ana.r")
	status, _, page := b.send(old, path, url.Values{"password": {rightPassword}})
	if status != 409 || !strings.Contains(page, "ana.r") {
		t.Fatalf("the other's form = %d", status)
	}
	if _, _, page = b.get("/account"); strings.Contains(page, ana) {
		t.Error("a page that the form did not come from says so")
	}
	if _, _, page = b.get(path); !strings.Contains(page, ana) || !strings.Contains(page, "Desactivar la cuenta ana.r</button>") {
		t.Errorf("after Back the page does not say whose account it is:\n%s", page)
	}
	if _, _, page = b.get(path); strings.Contains(page, ana) {
		t.Error("it says so a second time")
	}
	for _, path := range []string{"/account/password", "/account/question", "/account/email", "/account/language", "/account/data", "/account/sessions",
		"/account/factors/totp", "/account/factors/passkey"} {
		if _, _, page := b.get(path); path != "/account/email" && !strings.Contains(page, "Cuenta: <strong>ana.r</strong>") {
			t.Errorf("%s does not name the account beside its button", path)
		}
	}
	b.get("/in/james.t")
	if _, _, page = b.get(path); strings.Contains(page, "La página de antes") {
		t.Error("another session hears of it")
	}
}

// A form of the account that is sent after the five minutes asks for a proof; then what was typed is there again, without its
// secrets, with what has to be typed once more. The next person, and who opens the page later, sees nothing of it.
func TestTypedSurvivesTheProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	f.register("jose")
	emails := &held{f: f}
	b := newBrowser(t, f, cards{account.MemberID: {}}, emails)
	notYet := say("web.form.not_yet")
	for _, test := range []struct {
		path string
		form url.Values
		want []string // in the page afterwards
	}{
		{"/account/question", url.Values{"question": {"first_book"}, "answer": {"la cuchara"}, "password": {rightPassword}},
			[]string{`<option value="first_book" selected>`, `id="answer-again"`, `id="password-again"`}},
		{"/account/email", url.Values{"email": {"nueva@example.com"}, "email_again": {"nueva@example.com"}}, []string{`value="nueva@example.com"`}},
		{"/account/password", url.Values{"password": {rightPassword}, "new_password": {otherPassword}}, []string{`id="new_password-again"`, `id="password-again"`}},
		{"/account/close", url.Values{"password": {rightPassword}}, []string{`id="password-again"`}},
		{"/account/data", url.Values{"as": {"page"}}, nil},
	} {
		b.get("/in/maria")
		f.later(5 * time.Minute)
		status, location, _ := b.post("/account/language", test.path, test.form)
		if status != 303 || !strings.HasPrefix(location, "/reauth?return="+url.QueryEscape(test.path)) {
			t.Fatalf("%s: POST = %d to %q", test.path, status, location)
		}
		b.get("/proven")
		_, _, page := b.get(test.path)
		for _, want := range append(test.want, notYet) {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %s", test.path, want)
			}
		}
		for _, secret := range []string{"la cuchara", rightPassword, otherPassword} {
			if strings.Contains(page, secret) {
				t.Errorf("%s: the page shows a secret", test.path)
			}
		}
		b.get("/in/jose")
		if _, _, page := b.get(test.path); strings.Contains(page, notYet) || strings.Contains(page, "nueva@example.com") {
			t.Errorf("%s: the next person sees it", test.path)
		}
	}
	b.get("/in/maria")
	f.later(5 * time.Minute)
	b.post("/account/language", "/account/email", url.Values{"email": {"nueva@example.com"}, "email_again": {"nueva@example.com"}})
	b.get("/proven")
	f.later(time.Second)
	status, location, _ := b.post("/account/email", "/account/email", url.Values{"email": {"nueva@example.com"}, "email_again": {"nueva@example.com"}})
	if status != 303 || location != "/account/email/code" {
		t.Fatalf("sending it again = %d to %q", status, location)
	}
	if _, _, page := b.get("/account/email"); strings.Contains(page, notYet) {
		t.Error("it is there after it was sent")
	}
}

// What was typed comes back after the proof that its own form led to. Somebody who left that at the proof's page, such as a new
// address in a session that was open, types into nobody's form.
func TestTypedIsForItsOwnProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	b := newBrowser(t, f, nil, &held{f: f})
	const path, thiefs = "/account/email", "dieb@example.org"
	for name, test := range map[string]struct {
		between string
		want    bool
	}{
		"at once": {"", true}, "another page": {"/account/history", false}, "the page itself, opened anew": {path, false}, "the account": {"/account", false},
	} {
		b.get("/in/maria")
		f.later(5 * time.Minute)
		if status, location, _ := b.post("/account/language", path, url.Values{"email": {thiefs}, "email_again": {thiefs}}); status != 303 || !strings.HasPrefix(location, "/reauth?") {
			t.Fatalf("%s: the form = %d to %q", name, status, location)
		}
		if test.between != "" {
			b.get(test.between)
		}
		b.get("/proven")
		if _, _, page := b.get(path); strings.Contains(page, thiefs) != test.want || strings.Contains(page, say("web.form.not_yet")) != test.want {
			t.Errorf("%s: typed text is there: %v, want %v", name, !test.want, test.want)
		}
	}
}
