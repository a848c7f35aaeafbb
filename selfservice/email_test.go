package selfservice

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/members"
	"huskyidp/templates"
)

// held is a change of address that waits. Holding one takes a while.
type held struct {
	f           *fixture
	mu          sync.Mutex
	email       string
	until       time.Time
	stopped     time.Time
	needsFactor bool
}

func (h *held) HoldEmail(_ context.Context, _ accounts.Session, email string) error {
	time.Sleep(50 * time.Millisecond)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.email, h.until = email, h.f.now().Add(24*time.Hour)
	return nil
}

func (h *held) StopOwn(context.Context, uuid.UUID) error {
	if !h.until.IsZero() {
		h.until, h.stopped = time.Time{}, h.f.now()
	}
	return nil
}

func (h *held) StoppedOwn(_ context.Context, _ uuid.UUID, set time.Time) (bool, error) {
	return !h.stopped.IsZero() && !h.stopped.Before(set), nil
}

func (h *held) HeldEmail(context.Context, uuid.UUID) (string, time.Time, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.email, h.until, nil
}

// Where members may change the address, the pages lead from it to a change that is held;
// else they lead to support.
func TestEmailPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	emails := &held{f: f}
	b := newBrowser(t, f, cards{account.MemberID: {FirstName: "María", LastName: "Peña", BirthDate: members.Date{Year: 1984}, MemberNumber: "001234789"}}, emails)
	b.get("/in/maria")
	const path = "/account/email"
	for want, fields := range map[string]url.Values{
		"Escriba un correo electrónico como": {"email": {"nueva"}, "email_again": {"nueva"}}, "Los dos correos electrónicos no son iguales": {"email": {"a@example.org"}, "email_again": {"b@example.org"}},
		say("accounts.email.same"): {"email": {"MARIA@example.com"}, "email_again": {"maria@example.com"}},
	} {
		if status, _, body := b.post(path, path, fields); status != 422 || !strings.Contains(body, want) {
			t.Errorf("POST %v = %d, want 422 with %q", fields, status, want)
		}
	}
	if status, location, _ := b.get(path + "/code"); status != 303 || location != path {
		t.Errorf("the code's page before there is one = %d to %q", status, location)
	}
	if status, location, _ := b.post(path, path, url.Values{"email": {"nueva@example.org"}, "email_again": {"nueva@example.org"}}); status != 303 || location != path+"/code" {
		t.Fatalf("POST = %d to %q", status, location)
	}
	if status, _, body := b.post(path+"/code", path+"/code", url.Values{"code": {"000000"}}); status != 422 || !strings.Contains(body, "4") {
		t.Errorf("a wrong code = %d", status)
	}
	if status, location, _ := b.post(path+"/code", path+"/code", url.Values{"code": {f.emailCode("nueva@example.org")}}); status != 303 || location != path+"?note=proven" || emails.email != "nueva@example.org" {
		t.Errorf("the right code = %d to %q, held %q", status, location, emails.email)
	}
	if _, _, body := b.get(path + "?note=proven"); !strings.Contains(body, say("accounts.email.proven")) || !strings.Contains(body, say("accounts.email.new")) || !strings.Contains(body, "n•••@example.org") {
		t.Errorf("the page does not say what was done, and with which address\n%s", body)
	}
	if status, location, _ := b.post("/account/language", path+"/code", url.Values{"code": {"123456"}}); status != 303 || location != path+"?note=proven" {
		t.Errorf("a second press = %d to %q", status, location)
	}
	b.changes.list = []templates.HeldChange{{ID: uuid.NewString(), Act: "change_email", AskedAt: f.now(), ApplyAt: emails.until, Email: "nueva@example.org", Own: true}, {ID: uuid.NewString(), Act: "reset_factor", AskedAt: f.now(), ApplyAt: emails.until}}
	if _, _, body := b.get(path); !strings.Contains(body, "Hasta entonces puede detenerlo") || strings.Contains(body, "<form") || strings.Count(body, say("accounts.held.see")) != 2 ||
		strings.Contains(body, say("accounts.held.title")+": "+say("admin.act.change_email")) {
		t.Errorf("the page does not tell of each change that waits, once\n%s", body)
	}
	b.changes.list = []templates.HeldChange{{ID: uuid.NewString(), Act: "change_email", AskedAt: f.now(), ApplyAt: emails.until, Email: "nueva@example.org", Own: true}}
	if _, _, body := b.get("/account"); strings.Count(body, "n•••@example.org") != 2 || !strings.Contains(body, "Se pidió en su cuenta el 2") {
		t.Errorf("the overview does not show the new address, and that it was asked for here\n%s", body)
	}
	b.changes.list = nil
	emails.until = time.Time{}
	elsewhere := newBrowser(t, f, cards{account.MemberID: {FirstName: "María", LastName: "Peña", BirthDate: members.Date{Year: 1984}, MemberNumber: "001234789"}}, emails)
	elsewhere.get("/in/maria")
	b.get("/in/maria")
	for _, browser := range []*browser{b, elsewhere} {
		f.later(2 * time.Minute)
		browser.post(path, path, url.Values{"email": {"otra@example.org"}, "email_again": {"otra@example.org"}})
	}
	if status, _, body := b.post(path, path+"/code", url.Values{"code": {f.emailCode("otra@example.org")}}); status != 422 || !strings.Contains(body, "pidió otro código en otro navegador") {
		t.Errorf("the code of another session = %d\n%s", status, body)
	}
	support := newBrowser(t, f, nil)
	support.get("/in/maria")
	if status, location, _ := support.post("/account/language", path, url.Values{"email": {"x@example.org"}, "email_again": {"x@example.org"}}); status != 303 || location != path {
		t.Errorf("POST where support alone changes it = %d to %q", status, location)
	}
	if _, _, body := support.get(path); !strings.Contains(body, "póngase en contacto con Apoyo Técnico") {
		t.Error("the page does not lead to support")
	}
}

// A new password stops a change of address that a session asked for, and both pages say so; not the one of the desk.
func TestNewPasswordTellsOfTheChangeOnHold(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	emails := &held{f: f, email: "nueva@example.org", until: f.now().Add(time.Hour)}
	b := newBrowser(t, f, cards{account.MemberID: {FirstName: "María", LastName: "Peña", BirthDate: members.Date{Year: 1984}, MemberNumber: "001234789"}}, emails)
	b.get("/in/maria")
	const path = "/account/password"
	for _, own := range []bool{false, true} {
		b.changes.list = []templates.HeldChange{{ID: uuid.NewString(), Act: "change_email", AskedAt: f.now(), ApplyAt: emails.until, Own: own}}
		if _, _, body := b.get(path); strings.Contains(body, say("accounts.password.stops_email")) != own {
			t.Errorf("own %t: the page says otherwise\n%s", own, body)
		}
	}
	if status, location, _ := b.post(path, path, url.Values{"password": {rightPassword}, "new_password": {"una frase que nadie conoce"}}); status != 303 || location != "/account?note=password_stopped" {
		t.Errorf("the change = %d to %q", status, location)
	}
	b.changes.list = nil
	if _, _, body := b.get("/account?note=password_stopped"); !strings.Contains(body, say("accounts.password.saved_stopped")) {
		t.Errorf("the overview does not say what stopped\n%s", body)
	}
	b.changes.list = []templates.HeldChange{{ID: uuid.NewString(), Act: "change_email", AskedAt: f.now(), ApplyAt: f.now().Add(time.Hour), Own: true}}
	if _, _, body := b.get("/account?note=password_stopped"); strings.Contains(body, say("accounts.password.saved_stopped")) || !strings.Contains(body, say("accounts.password.saved")) {
		t.Errorf("the overview says of the change that was asked for since that it stopped\n%s", body)
	}
	f.later(2 * time.Minute)
	if status, location, _ := b.post(path, path, url.Values{"password": {"una frase que nadie conoce"}, "new_password": {"otra frase que nadie conoce"}}); status != 303 || location != "/account?note=password" {
		t.Errorf("a change that was stopped before is told of: %d to %q", status, location)
	}
}

// By default a member with a second step of a day may change the address, after proving that step (S-20, S-53); the others
// are shown what is missing, and the desk's staff may not.
func TestEmailNeedsSecondStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	emails := &held{f: f, needsFactor: true}
	b := newBrowser(t, f, cards{account.MemberID: {FirstName: "María", LastName: "Peña", BirthDate: members.Date{Year: 1984}, MemberNumber: "001234789"}}, emails)
	b.get("/in/maria")
	const path = "/account/email"
	asks := url.Values{"email": {"nueva@example.org"}, "email_again": {"nueva@example.org"}}
	for _, page := range []string{path, "/account"} {
		if _, _, body := b.get(page); !strings.Contains(body, "póngase en contacto con Apoyo Técnico") || !strings.Contains(body, "agregue primero la verificación en dos pasos") {
			t.Errorf("%s does not say what is missing\n%s", page, body)
		}
	}
	if status, location, _ := b.post("/account/language", path, asks); status != 303 || location != path || len(f.mailKinds(account.ID)) != 0 {
		t.Errorf("POST without a second step = %d to %q, mails %v", status, location, f.mailKinds(account.ID))
	}

	f.enrolTOTP(account)
	b.get("/in/maria?step=totp")
	if status, location, _ := b.post("/account/language", path, asks); status != 303 || location != path {
		t.Errorf("POST with a new second step = %d to %q", status, location)
	}
	if _, _, body := b.get(path); !strings.Contains(body, "Desde el 25 de noviembre de 2026") || strings.Contains(body, `id="email"`) {
		t.Errorf("a new second step opens the change\n%s", body)
	}
	f.later(24 * time.Hour)
	b.get("/in/maria")
	if status, location, _ := b.get(path); status != 303 || !strings.HasPrefix(location, "/reauth") {
		t.Errorf("after a password alone = %d to %q", status, location)
	}
	b.get("/in/maria?step=totp")
	if status, location, _ := b.post(path, path, asks); status != 303 || location != path+"/code" {
		t.Fatalf("POST with a second step = %d to %q", status, location)
	}
	code := url.Values{"code": {f.emailCode("nueva@example.org")}}
	if err := f.RemoveTOTP(f.ctx(), account.ID); err != nil {
		t.Fatal(err)
	}
	if status, location, _ := b.post("/account/language", path+"/code", code); status != 303 || location != path || !emails.until.IsZero() {
		t.Errorf("the code after the second step is gone = %d to %q, held until %v", status, location, emails.until)
	}

	person, err := f.CreateStaff(f.ctx(), accounts.NewStaff{Username: "ana", Email: "ana@desk.example", Language: "es"})
	if err != nil {
		t.Fatal(err)
	}
	f.enrolTOTP(person)
	f.later(24 * time.Hour)
	desk := newBrowser(t, f, nil, emails)
	desk.get("/in/ana?step=totp")
	if _, _, body := desk.get(path); !strings.Contains(body, "póngase en contacto con Apoyo Técnico") || strings.Contains(body, "agregue primero") || strings.Contains(body, "<form method") {
		t.Errorf("a person of the desk may change the address\n%s", body)
	}
}

// An address one slip away from a well-known domain is asked about before a code is sent, which is no error; either answer is
// taken, and another address typed meanwhile is asked about anew.
func TestLikelyNewEmail(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	b := newBrowser(t, f, cards{account.MemberID: {FirstName: "María", LastName: "Peña", BirthDate: members.Date{Year: 1984}, MemberNumber: "001234789"}}, &held{f: f})
	b.get("/in/maria")
	const path = "/account/email"
	typed := func(address, meant string) url.Values {
		return url.Values{"email": {address}, "email_again": {address}, "meant": {meant}}
	}
	for _, meant := range []string{"", "otra@gmail.com"} {
		status, _, body := b.post(path, path, typed("maria@gmial.com", meant))
		if status != 422 || !strings.Contains(body, `name="meant" value="maria@gmail.com"`) || !strings.Contains(body, `name="meant" value="maria@gmial.com"`) ||
			!strings.Contains(body, `value="maria@gmial.com" autocomplete="email"`) || strings.Contains(body, `id="summary"`) || strings.Contains(body, "<title>Error") {
			t.Errorf("the address with a slip = %d, want a question\n%s", status, body)
		}
	}
	if kinds := f.mailKinds(account.ID); len(kinds) != 0 {
		t.Errorf("mails before the answer: %v", kinds)
	}
	for meant, to := range map[string]string{"maria@gmail.com": "maria@gmail.com", "maria@gmial.com": "maria@gmial.com"} {
		if status, location, _ := b.post(path, path, typed("maria@gmial.com", meant)); status != 303 || location != path+"/code" {
			t.Errorf("the answer %s = %d to %q", meant, status, location)
		}
		f.emailCode(to)
		f.later(time.Minute)
	}
}

// The page of the code sends another one to the same address, a minute after the last; the one before is void. The counts
// are of this kind and account: recovery's mails take none of them, and once they are used up the page says for how long
// (S-14).
func TestAnotherEmailCode(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	emails := &held{f: f}
	b := newBrowser(t, f, cards{account.MemberID: {FirstName: "María", LastName: "Peña", BirthDate: members.Date{Year: 1984}, MemberNumber: "001234789"}}, emails)
	b.get("/in/maria")
	const path, page = "/account/email", "/account/email/code"
	again := url.Values{"act": {"resend"}, "code": {""}}
	if status, _, body := b.post("/account/language", page, again); status != 422 || !strings.Contains(body, say("registration.code.expired")) || !strings.Contains(body, `id="email"`) {
		t.Errorf("another code before there is one = %d, want the form of the address\n%s", status, body)
	}
	b.post(path, path, url.Values{"email": {"nueva@example.org"}, "email_again": {"nueva@example.org"}})
	first := f.emailCode("nueva@example.org")
	if status, _, body := b.post(page, page, again); status != 429 || !strings.Contains(body, `data-wait="60"`) || !strings.Contains(body, `id="code"`) || strings.Contains(body, `class="summary"`) {
		t.Errorf("another code at once = %d, want 429 with a countdown on the same page\n%s", status, body)
	}
	f.later(time.Minute)
	status, location, _ := b.post(page, page, again)
	if status != 303 || location != page+"?note=resent" {
		t.Fatalf("another code after a minute = %d to %q", status, location)
	}
	if _, _, body := b.get(location); !strings.Contains(body, say("registration.code.resent")) || !strings.Contains(body, "nueva@example.org") {
		t.Errorf("the page does not say that another code was sent\n%s", body)
	}
	if status, _, body := b.post(page, page, url.Values{"code": {first}}); status != 422 || !strings.Contains(body, "Ese código no es correcto") {
		t.Errorf("the code before = %d, want 422\n%s", status, body)
	}
	for range 3 {
		f.later(time.Minute)
		b.post(page, page, again)
	}
	if status, location, _ := b.post(page, page, url.Values{"code": {f.emailCode("nueva@example.org")}}); status != 303 || location != path+"?note=proven" || emails.email != "nueva@example.org" {
		t.Errorf("the last code = %d to %q, held %q", status, location, emails.email)
	}
	if status, location, _ := b.post("/account/language", page, again); status != 303 || location != path+"?note=proven" {
		t.Errorf("another code afterwards = %d to %q", status, location)
	}
	emails.until = time.Time{}
	f.later(time.Minute)
	b.get("/in/maria")
	if status, _, body := b.post(path, path, url.Values{"email": {"otra@example.org"}, "email_again": {"otra@example.org"}}); status != 429 ||
		!strings.Contains(body, "Ya se enviaron muchos códigos. Espere 55 minutos") || !strings.Contains(body, `value="otra@example.org"`) {
		t.Errorf("the sixth code of the hour = %d, want 429 with what was typed\n%s", status, body)
	}
}
