package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
)

// held is a change of address that waits.
type held struct {
	f     *fixture
	email string
	until time.Time
}

func (h *held) HoldEmail(_ context.Context, _ uuid.UUID, email string) error {
	h.email, h.until = email, h.f.now().Add(24*time.Hour)
	return nil
}

func (h *held) StopEmail(context.Context, uuid.UUID) error {
	h.until = time.Time{}
	return nil
}

func (h *held) HeldEmail(context.Context, uuid.UUID) (time.Time, error) { return h.until, nil }

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// emailCode is the one in the newest mail, which must go to the address that it proves.
func (f *fixture) emailCode(to string) string {
	f.t.Helper()
	m := f.last("email_code")
	if m.To != to {
		f.t.Errorf("the code went to %s, want %s", m.To, to)
	}
	return sixDigits.FindString(m.Content.Text)
}

// S-53, S-14: the new address is proven by a code that is good for one address, five
// tries and fifteen minutes, and works once.
func TestEmailProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account, other := f.register("maria"), f.register("otra")
	start := func() string {
		t.Helper()
		f.later(13 * time.Minute)
		if err := f.StartEmailProof(f.ctx(), account, "sid", "nueva@example.org"); err != nil {
			t.Fatal(err)
		}
		return f.emailCode("nueva@example.org")
	}
	code := start()
	if err := f.StartEmailProof(f.ctx(), account, "sid", "nueva@example.org"); err == nil {
		t.Error("a second mail within a minute is sent")
	} else if _, ok := errors.AsType[*ratelimit.Exceeded](err); !ok {
		t.Errorf("a second mail within a minute = %v", err)
	}
	if _, _, err := f.ProveEmail(f.ctx(), other.ID, "sid", code); !errors.Is(err, ErrNoPending) {
		t.Errorf("the code for another account = %v, want ErrNoPending", err)
	}
	if _, _, err := f.ProveEmail(f.ctx(), account.ID, "sid", "12"); !errors.Is(err, ErrCodeFormat) {
		t.Errorf("no code = %v, want ErrCodeFormat", err)
	}
	if email, _, err := f.ProveEmail(f.ctx(), account.ID, "sid", code[:3]+" "+code[3:]); err != nil || email != "nueva@example.org" {
		t.Errorf("ProveEmail = %q, %v", email, err)
	}
	if _, _, err := f.ProveEmail(f.ctx(), account.ID, "sid", code); !errors.Is(err, ErrNoPending) {
		t.Errorf("the code again = %v, want ErrNoPending", err)
	}
	code = start()
	for want := emailProofTries - 1; want >= 0; want-- {
		for range 2 { // the same again costs no second try; after the fifth nothing waits
			_, left, err := f.ProveEmail(f.ctx(), account.ID, "sid", fmt.Sprintf("00000%d", want))
			if errors.Is(err, ErrNoPending) && want == 0 {
				break
			}
			if !errors.Is(err, ErrWrongCode) || left != want {
				t.Errorf("a wrong code = %d left, %v, want %d", left, err, want)
			}
		}
	}
	if _, _, err := f.ProveEmail(f.ctx(), account.ID, "sid", code); !errors.Is(err, ErrNoPending) {
		t.Errorf("the right code after five wrong ones = %v, want ErrNoPending", err)
	}
	code = start()
	f.later(emailProofLife)
	if _, _, err := f.ProveEmail(f.ctx(), account.ID, "sid", code); !errors.Is(err, ErrNoPending) {
		t.Errorf("the code after fifteen minutes = %v, want ErrNoPending", err)
	}
}

// S-47: a code that is out stays good when another version of the pepper begins to write.
func TestEmailProofOutlivesPepper(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	account := f.register("maria")
	kek, err := seal.ParseKEK(seal.GenerateKEK())
	if err != nil {
		t.Fatal(err)
	}
	if f.keyring, err = seal.Load(f.ctx(), f.db, kek); err != nil {
		t.Fatal(err)
	}
	if err := f.StartEmailProof(f.ctx(), account, "sid", "nueva@example.org"); err != nil {
		t.Fatal(err)
	}
	if err := f.keyring.AddVersion(f.ctx(), seal.PepperCode); err != nil {
		t.Fatal(err)
	}
	if err := f.keyring.Promote(f.ctx(), seal.PepperCode); err != nil {
		t.Fatal(err)
	}
	if email, _, err := f.ProveEmail(f.ctx(), account.ID, "sid", f.emailCode("nueva@example.org")); err != nil || email != "nueva@example.org" {
		t.Errorf("ProveEmail = %q, %v", email, err)
	}
}

// Where members may change the address, the pages lead from it to a change that is held;
// else they lead to support.
func TestEmailPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	emails := &held{f: f}
	b := newBrowser(t, f, cards{account.MemberID: {Name: "María Peña", BirthYear: 1984, MemberNumber: "001234789"}}, emails)
	b.get("/in/maria")
	const path = "/account/email"
	for want, fields := range map[string]url.Values{
		"Escriba un correo como": {"email": {"nueva"}, "email_again": {"nueva"}}, "Los dos correos no son iguales": {"email": {"a@example.org"}, "email_again": {"b@example.org"}},
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
	if status, location, _ := b.post(path+"/code", path+"/code", url.Values{"code": {f.emailCode("nueva@example.org")}}); status != 303 || location != path || emails.email != "nueva@example.org" {
		t.Errorf("the right code = %d to %q, held %q", status, location, emails.email)
	}
	if status, location, _ := b.post("/account/language", path+"/code", url.Values{"code": {"123456"}}); status != 303 || location != path {
		t.Errorf("a second press = %d to %q", status, location)
	}
	if _, _, body := b.get(path); !strings.Contains(body, "Hay un cambio de correo en espera") || strings.Contains(body, "<form") {
		t.Error("the page does not tell of the change that waits")
	}
	emails.until = time.Time{}
	elsewhere := newBrowser(t, f, cards{account.MemberID: {Name: "María Peña", BirthYear: 1984, MemberNumber: "001234789"}}, emails)
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
