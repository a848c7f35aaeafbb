package selfservice

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
)

// closer holds nothing; the account knows that it is closing.
type closer struct{ f *fixture }

func (l closer) HoldClosing(ctx context.Context, session accounts.Session) error {
	return l.f.db.InTx(ctx, func(ctx context.Context) error {
		if err := l.f.StillOpen(ctx, session.AccountID, session.SID); err != nil {
			return err
		}
		once := ratelimit.Limit{Name: "closings of a test", Count: 1, Per: time.Hour}
		if err := ratelimit.New(l.f.db, l.f.keyring).Take(ctx, once, session.AccountID.String(), l.f.now()); err != nil {
			return err
		}
		return l.f.BeginClose(ctx, session.AccountID, l.f.now().Add(l.ClosingHold()))
	})
}

func (closer) ClosingHold() time.Duration { return 7 * 24 * time.Hour }

// A member closes the account after a fresh proof (S-20): the browser is signed out and told, a second press gets the
// same answer, and another person there finds nothing. Signing in again says that the account stays open.
func TestClosePage(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	b := newBrowser(t, f, nil)
	const path = "/account/close"
	if status, location, _ := b.get("/account/closing"); status != 303 || location != "/login" {
		t.Errorf("the page of a browser that closed nothing = %d to %q", status, location)
	}
	b.get("/in/maria")
	f.later(5 * time.Minute)
	if status, location, _ := b.get(path); status != 303 || !strings.HasPrefix(location, "/reauth") {
		t.Errorf("five minutes after the sign-in = %d to %q", status, location)
	}
	if status, location, _ := b.post("/account/language", path, nil); status != 303 || !strings.HasPrefix(location, "/reauth") || f.closes(account) {
		t.Errorf("POST five minutes after the sign-in = %d to %q", status, location)
	}
	b.get("/in/maria")
	_, _, page := b.get(path)
	for _, want := range []string{"Durante 7 días puede cambiar de idea", "Su cobertura de Salud HUSKY no cambia", "/account/data"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	session := b.cookie("session")
	for typed, want := range map[string]string{"": "Escriba su contraseña", wrongPassword: "Esa no es su contraseña actual"} {
		status, _, page := b.post(path, path, url.Values{"password": {typed}})
		if status != 422 || !strings.Contains(page, want) || f.closes(account) {
			t.Errorf("POST with the password %q = %d, want 422 with %q", typed, status, want)
		}
	}
	f.later(2 * time.Second) // the browser is known from before
	right := url.Values{"password": {rightPassword}}
	status, location, _ := b.post(path, path, right)
	if status != 303 || !strings.HasPrefix(location, "/account/closing") || b.cookie("session") != "" || !f.closes(account) {
		t.Fatalf("POST = %d to %q, session %q", status, location, b.cookie("session"))
	}
	if _, _, body := b.get(location); !strings.Contains(body, "Se desactivará en 7 días") || strings.Contains(body, "maria") {
		t.Errorf("the member is not shown that:\n%s", body)
	}
	if just, err := f.JustClosing(f.ctx(), session); err != nil || !just {
		t.Errorf("a second press: %v, %v", just, err)
	}
	f.later(accounts.PressedAgain)
	if just, err := f.JustClosing(f.ctx(), session); err != nil || just {
		t.Errorf("a press much later: %v, %v", just, err)
	}
	if status, location, _ := newBrowser(t, f, nil).get("/account/closing"); status != 303 || location != "/login" {
		t.Errorf("another browser = %d to %q", status, location)
	}
	b.get("/in/maria")
	if f.closes(account) {
		t.Error("signing in does not take it back")
	}
	if kinds := f.mailKinds(account.ID); len(kinds) != 1 || kinds[0] != "close_stopped" {
		t.Errorf("mails %v", kinds)
	}
	if n := f.count(`select count(*) from sessions where announce and ended_at is null`); n != 0 {
		t.Error("the browser that closed the account is told of as a new device")
	}
	// The next page of the section says that the account stays, whatever the sign-in was for, once and to nobody else.
	stays := say("accounts.close.stopped")
	stranger := newBrowser(t, f, nil)
	stranger.get("/in/maria")
	if _, _, page := stranger.get("/account/language"); strings.Contains(page, stays) {
		t.Error("a later sign-in reads it")
	}
	if n := f.count(`select count(*) from sessions where announce and ended_at is null`); n != 1 {
		t.Errorf("%d sessions of new devices are told of, want that of the other browser", n)
	}
	for _, want := range []bool{true, false} {
		if _, _, page := b.get("/account/language"); strings.Contains(page, stays) != want {
			t.Errorf("the page says that the account stays: %t, want %t", !want, want)
		}
	}
	if status, _, page := b.post(path, path, right); status != 429 || f.closes(account) || !strings.Contains(page, "Esta cuenta se pidió desactivar muchas veces en una hora. Espere 50 minutos") {
		t.Errorf("closing it too often = %d\n%s", status, page)
	}
}

func (f *fixture) closes(a accounts.Account) bool {
	f.t.Helper()
	now, err := f.Get(f.ctx(), a.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	return !now.ClosesAt.IsZero()
}

// The forms of other tabs are not saved once the account was closed, or the session left, in one of them. Who sent them hears
// it, without a word of whose account it was.
func TestFormOfAnotherTab(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	b := newBrowser(t, f, nil)
	for _, want := range []string{"closing", "left"} {
		b.get("/in/maria")
		token, end := b.token("/account/language"), b.token("/account/close")
		if want == "closing" {
			if _, location, _ := b.postAllTo(end, "/account/close", url.Values{"password": {rightPassword}}); location != "/account/closing" {
				t.Fatalf("closing leads to %q", location)
			}
		} else {
			b.get("/out")
		}
		for _, path := range []string{"/account/language", "/account/question", "/account/password", "/account/alive"} {
			_, location, body := b.postAllTo(token, path, url.Values{"language": {"en"}})
			if path != "/account/alive" && (!strings.Contains(location, "note="+want) || strings.Contains(body, "maria")) {
				t.Errorf("%s: POST %s leads to %q", want, path, location)
			}
		}
		if _, location, _ := b.get("/account/language"); strings.Contains(location, "note=") {
			t.Errorf("%s: a page leads to %q", want, location)
		}
	}
}

func (b *browser) postAllTo(token, path string, fields url.Values) (status int, location, body string) {
	status, header, body := b.send(token, path, fields)
	return status, header.Get("Location"), body
}
