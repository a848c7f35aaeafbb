package recovery

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
)

// Whoever begins another recovery in a browser with one past its mailbox is asked first, without a datum; so is who comes
// back after fifteen minutes. Pages after the mailbox say for whom by first name.
func TestAnotherPersonIsAskedFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().prove("maria").says("Esto es para María.")
	v.get("/recover/password?flow=f1").on("/recover/open?flow=f1", 200)
	for _, datum := range []string{"María", "maria", "primer pago"} {
		if strings.Contains(v.body, datum) {
			t.Errorf("the question shows %q", datum)
		}
	}
	f.later(away)
	v.get("/recover/question").on("/recover/open", 200).post("act", "go_on").on("/recover/code", 200)
	v.post("code", v.code()).on("/recover/question", 200)
	v.post("answer", "una linterna").on("/recover/new-password", 200).says("Esto es para María.")
	f.later(away)
	v.get("/recover/new-password").on("/recover/open", 200).post("act", "anew").on("/recover/password", 200)
	v.get("/recover/new-password").on("/recover/password?note=none", 200)
	if n := f.count(`select count(*) from recoveries where step = 'ended'`); n != 1 {
		t.Errorf("%d recoveries ended, want 1", n)
	}
	// One that waits for its code gives way to the next name typed, as after a slip.
	f.later(2 * time.Minute)
	v = f.visitor().begin("marie")
	v.get("/recover/password").on("/recover/password", 200).post("username", "maria").on("/recover/code", 200)
	if n := f.count(`select count(*) from recoveries where step = 'code'`); n != 1 {
		t.Errorf("%d recoveries wait for a code, want 1", n)
	}
}

// Another person's sign-in ends the recovery that the browser had open.
func TestSignInEndsTheRecovery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	john := f.member("john", "004123790")
	v, other := f.visitor().prove("maria"), f.visitor()
	_, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: john, AMR: []string{"pwd"}, Browser: f.browserOf(v)})
	check(t, err)
	const why = "Alguien inició o cerró una sesión en este navegador"
	v.get("/recover/question").on("/recover/password?note=left", 200).says(why, "No se creó una contraseña nueva")
	waits := f.visitor().begin("john")
	code := f.code()
	_, err = f.people.StartSession(t.Context(), accounts.SessionStart{Account: john, AMR: []string{"pwd"}, Browser: f.browserOf(waits)})
	check(t, err)
	waits.post("code", code).on("/recover/password?flow=f1&note=left", 200).says(why)
	f.later(2 * time.Minute)
	other.prove("maria")
	check(t, f.people.EndBrowser(t.Context(), f.browserOf(other)))
	other.post("answer", "una linterna").on("/recover/password?flow=f1&note=left", http.StatusOK).says(why)
}
