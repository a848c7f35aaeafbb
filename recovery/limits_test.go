package recovery

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
)

// S-09: a source sets off 20 mails an hour; only that is reported.
func TestSourceIsLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 20 {
		f.visitor().begin("nobody")
	}
	f.visitor().get("/recover/password").post("username", "nobody").on("/recover/password", http.StatusTooManyRequests)
}

// S-11, S-14: a stranger who knows a username uses up their own codes, not those of the member: at another source, or in a
// browser that signed in before.
func TestStrangerUsesUpNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	started, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
	check(t, err)
	f.mailed("reset")
	for range 12 {
		f.visitor().begin("maria")
		f.work()
		f.later(2 * time.Hour)
	}
	if sent := len(f.mailed("reset")); sent != 10 && sent != 11 { // ten a day, and the day ends once
		t.Errorf("%d mails for a stranger, want 10 a day", sent)
	}
	for range 10 {
		f.visitor().begin("maria")
	}
	f.work()
	f.mailed("reset")

	known := f.visitor()
	known.jar["idp_device"] = started.Device
	known.prove("maria") // with the code of this moment
	f.source = "198.51.100.20"
	f.visitor().prove("maria")

	foreign := f.visitor() // a cookie of another name is none
	foreign.jar["idp_device"] = started.Device
	f.member("john", "004123790")
	f.source = "192.0.2.1"
	for range 6 {
		f.visitor().begin("john")
		f.work()
		f.later(time.Minute)
	}
	f.mailed("reset")
	foreign.begin("john")
	f.work()
	if sent := len(f.mailed("reset")); sent != 0 {
		t.Errorf("%d mails for a browser that john never used", sent)
	}
}

// S-11, S-14: strangers at any number of sources leave room on the address: for a browser that the account knows, for the desk,
// and, up to sixteen of them, for a source that asks for the first time. A code of the owner's is not what they use up.
func TestStrangersLeaveRoomOnTheAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	started, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
	check(t, err)
	f.mailed("reset")
	strangers := func(from string, n int) (sent int) {
		for i := range n {
			f.source = fmt.Sprintf(from, i+1)
			f.visitor().begin("maria")
			f.work()
		}
		f.later(time.Minute)
		return len(f.mailed("reset"))
	}
	sent := 0
	for range 5 { // as often as each may
		sent += strangers("198.51.100.%d", 10) + strangers("[2001:db8:7:%d::1]", 10)
	}
	if sent != 14 { // two first asks, and twelve more of all
		t.Errorf("%d mails for twenty sources in two networks, want 14", sent)
	}
	f.source = "203.0.113.9" // the owner's new phone, away from home
	f.visitor().prove("maria")
	f.mailed("reset")
	if sent := strangers("192.0.%d.1", 20); sent != 13 {
		t.Errorf("%d mails for twenty more networks, want the last thirteen first asks", sent)
	}
	for range 5 {
		known := f.visitor()
		known.jar["idp_device"] = started.Device
		known.prove("maria")
		f.later(time.Minute)
	}
	f.later(time.Minute)
	check(t, f.limiter.TakeAll(t.Context(), f.now(), accounts.MailAsks("caller_code", a.ID, "", a.Email)...))
}

// S-14: an account gets five mails an hour of one source, however many browsers ask; nobody is notified.
func TestAddressIsLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	sent := 0
	for range 10 {
		f.visitor().begin("maria")
		f.work()
		sent += len(f.mailed("reset"))
		f.later(2 * time.Minute)
	}
	if sent != 5 {
		t.Errorf("%d mails in an hour, want 5", sent)
	}
}

// S-14, S-52: begun on the phone and within a minute on the computer: the page says for every name alike that the second code
// takes a minute more, and that the first is not for it. It comes, and works.
func TestSecondDeviceIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	for _, name := range []string{"maria", "nobody"} {
		f.visitor().begin(name).says("el suyo tarda un minuto más", "espere una hora y pida otro aquí", "solo en el dispositivo y la página donde lo pidió")
	}
	f.work()
	phones := f.mailed("reset")
	computer := f.visitor().begin("maria")
	f.work()
	if n := len(f.mailed("reset")); len(phones) != 1 || n != 0 {
		t.Fatalf("%d mails, and %d more within the minute", len(phones), n)
	}
	f.later(time.Minute)
	var id uuid.UUID
	check(t, f.db.From(t.Context()).QueryRow(t.Context(), `select id from recoveries order by id desc limit 1`).Scan(&id))
	check(t, f.sendCode(t.Context(), codeArgs{RecoveryID: id})) // which was put off
	computer.post("code", f.code()).on("/recover/question?flow=f1", 200)
}
