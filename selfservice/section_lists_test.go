package selfservice

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
)

func TestAppsPage(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	if _, _, body := b.get("/account/apps"); !strings.Contains(body, "Ninguna aplicación tiene su permiso") {
		t.Error("without an app the page does not say so")
	}
	b.apps.app = accounts.ConnectedApp{ID: uuid.Must(uuid.NewV7()), ClientID: "diary", Name: "Mi Diario", Operator: "Diario, S. A.", Sees: []accounts.SeenData{{Key: "openid"}, {Key: "email"}},
		GrantedAt: f.now(), ExpiresAt: f.now().AddDate(1, 0, 0)}
	receipt := "/account/apps/" + b.apps.app.ID.String()
	for _, path := range []string{"/account/apps", receipt, receipt + "/stop"} {
		if status, _, body := b.get(path); status != 200 || !strings.Contains(body, "Mi Diario") {
			t.Errorf("GET %s = %d", path, status)
		}
	}
	err := f.log.Record(f.ctx(), audit.Event{Kind: audit.AppStopped, At: f.now(), AccountID: account.ID.String(), Data: map[string]string{"app": "Mi Diario"}, Success: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, body := b.get("/account/apps?note=stopped"); strings.Contains(body, "ya no tiene permiso") {
		t.Error("the list says to who only opens its address that an app was stopped")
	}
	for i, want := range []string{"/account/apps?note=stopped", "/account/apps?note=stopped"} { // the second click finds no app
		if status, location, _ := b.post("/account/language", receipt+"/stop", nil); status != 303 || location != want || b.apps.stopped != 1 {
			t.Errorf("stop %d = %d to %q, want %q", i+1, status, location, want)
		}
		if _, _, body := b.get(want); !strings.Contains(body, "Mi Diario ya no tiene permiso") {
			t.Errorf("%s does not say which app was stopped, or again", want)
		}
	}
	if status, location, _ := b.get(receipt); status != 303 || location != "/account/apps?note=over" {
		t.Errorf("the receipt of a stopped app = %d to %q", status, location)
	}
	if _, _, body := b.get("/account/apps?note=over"); !strings.Contains(body, say("accounts.apps.receipt_over")) {
		t.Errorf("the list does not say that the receipt's permission is over:\n%s", body)
	}
	f.later(time.Minute)
	if _, _, body := newBrowser(t, f, nil).get("/account/apps?note=over"); strings.Contains(body, say("accounts.apps.receipt_over")) {
		t.Error("whoever opens the address reads it")
	}
	b.apps.stopped = 1
	f.later(10 * time.Minute)
	b.get("/account")
	f.later(5 * time.Minute)
	if _, _, body := b.get("/account/apps?note=stopped"); strings.Contains(body, "ya no tiene permiso") {
		t.Error("it confirms what was done long ago")
	}
}

// The history has words for every kind that a member sees, 25 a page, newest first.
func TestHistoryPage(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	for i := range 30 {
		f.later(time.Second)
		err := f.log.Record(f.ctx(), audit.Event{Kind: audit.PasswordChanged, At: f.now(), AccountID: account.ID.String(), Success: true},
			audit.Event{Kind: audit.PasswordRehashed, At: f.now(), AccountID: account.ID.String(), Success: true})
		if err != nil {
			t.Fatal(i, err)
		}
	}
	held := map[string]string{"act": "reset_factor", "state": "on_hold"}
	if err := f.log.Record(f.ctx(), audit.Event{Kind: audit.StaffActed, At: f.now().Add(-time.Hour), AccountID: account.ID.String(), Success: true, Data: held}); err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"failed_sign_ins", "failed_codes"} {
		if err := f.log.Record(f.ctx(), audit.Event{Kind: audit.AccountLocked, At: f.now().Add(-time.Hour), AccountID: account.ID.String(), Success: true, Reason: reason}); err != nil {
			t.Fatal(err)
		}
	}
	_, _, body := b.get("/account/history")
	if n := strings.Count(body, say("event.name.password_changed")); n != 25 || !strings.Contains(body, "page=2") || strings.Contains(body, "page=0") {
		t.Errorf("the first page has %d events", n)
	}
	if n := strings.Count(body, "¿No fue usted?"); n != 25 {
		t.Errorf("%d of 25 events can be denied", n)
	}
	_, _, body = b.get("/account/history?page=2")
	if n := strings.Count(body, say("event.name.password_changed")); n != 5 || !strings.Contains(body, "page=1") || !strings.Contains(body, say("event.name.signed_in_first")) || !strings.Contains(body, "Cuenta bloqueada por contraseñas incorrectas") || !strings.Contains(body, "bloqueada por códigos incorrectos") || strings.Contains(body, say("event.name.new_device")) ||
		!strings.Contains(body, "Apoyo Técnico empezó un cambio en espera: Quitar la verificación en dos pasos") {
		t.Errorf("the second page has %d of the events\n%s", n, body)
	}
	for _, page := range []string{"0", "-1", "x", "401", "99999999999999999999"} {
		if status, _, _ := b.get("/account/history?page=" + page); status != 200 {
			t.Errorf("page %s = %d", page, status)
		}
	}
	set, err := loadTemplates()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range audit.MemberKinds() {
		if !set.Has("event.name." + string(kind)) {
			t.Errorf("no words for %s", kind)
		}
	}
}

// Only what somebody else could have done can be denied: not a look by the desk, but an act that a caller asked for.
func TestHistoryOfTheDesk(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	deniable := func() (rows int, body string) {
		_, _, body = b.get("/account/history")
		return strings.Count(body, "¿No fue usted?"), body
	}
	for kind, want := range map[audit.Kind]int{audit.StaffLooked: 0, audit.StaffActed: 1} {
		before, _ := deniable()
		if err := f.log.Record(f.ctx(), audit.Event{Kind: kind, At: f.now(), AccountID: account.ID.String(), Success: true, Data: map[string]string{"act": "end_sessions"}}); err != nil {
			t.Fatal(err)
		}
		if after, body := deniable(); after-before != want || !strings.Contains(body, "Apoyo Técnico ") {
			t.Errorf("%s can be denied %d times, want %d:\n%s", kind, after-before, want, body)
		}
	}
}

// S-54: what the history tells can be denied as by a notice's link, after a fresh sign-in, and only of the last ten days.
func TestHistoryIsDenied(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	deny := func(at time.Time) (int, string) {
		status, location, _ := b.post("/account/history", "/account/history", url.Values{"at": {strconv.FormatInt(at.UnixMicro(), 10)}})
		return status, location
	}
	status, location := deny(f.now().Add(-time.Second))
	if status != 303 || !strings.HasPrefix(location, "/not-me?link=") {
		t.Fatalf("denying an event = %d to %q", status, location)
	}
	if n := f.count(`select count(*) from disown_links where account_id = $1 and sid = $2 and octet_length(browser) = 32`, account.ID, f.sid(account)); n != 1 {
		t.Errorf("%d links belong to the session and its browser, want 1", n)
	}
	for name, at := range map[string]time.Time{"the future": f.now().Add(time.Minute), "long ago": f.now().Add(-accounts.DisownLife), "nothing": {}} {
		if status, location := deny(at); status != 303 || location != "/account/history" {
			t.Errorf("denying %s = %d to %q", name, status, location)
		}
	}
	f.later(accounts.Fresh)
	if status, location := deny(f.now()); status != 303 || !strings.HasPrefix(location, "/reauth?return=") {
		t.Errorf("S-20: with an old sign-in = %d to %q", status, location)
	}
}

// Staff have neither card nor question, and use the same pages.
func TestStaffSection(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	f.write(`update accounts set kind = 'staff', member_id = null where id = $1`, account.ID)
	if status, _, body := b.get("/account"); status != 200 || strings.Contains(body, "Fecha de Nacimiento") {
		t.Errorf("the overview of staff = %d", status)
	}
	if status, location, _ := b.get("/account/question"); status != 303 || location != "/account" {
		t.Errorf("the question of staff = %d to %q", status, location)
	}
	for _, path := range []string{"/account/password", "/account/factors", "/account/factors/totp", "/account/sessions", "/account/apps", "/account/history"} {
		if status, _, _ := b.get(path); status != 200 {
			t.Errorf("GET %s of staff = %d", path, status)
		}
	}
}
