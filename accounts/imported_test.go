package accounts

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/timingtest"
)

// imported is an account with a bcrypt hash of a password.
func (f *fixture) imported(username, password string) Account {
	f.t.Helper()
	stored, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.importedWith(username, string(stored))
}

func (f *fixture) importedWith(username, stored string) Account {
	f.t.Helper()
	hash, err := ParseForeignHash(stored)
	if err != nil {
		f.t.Fatal(err)
	}
	all := []Import{{Username: username, Email: username + "@example.com", Language: "es", MemberID: uuid.Must(uuid.NewV7()), Hash: hash}}
	if outcomes, err := f.ImportAll(f.ctx(), all, false, false); err != nil || outcomes[0] != nil {
		f.t.Fatalf("ImportAll = %v, %v", outcomes, err)
	}
	account, err := f.ByUsername(f.ctx(), username)
	if err != nil {
		f.t.Fatal(err)
	}
	return account
}

func (f *fixture) scheme(id uuid.UUID) (scheme string) {
	f.read(`select coalesce(password_scheme, '') from accounts where id = $1`, &scheme, id)
	return scheme
}

// agrees accepts the agreement.
func (f *fixture) agrees(a Account) {
	f.t.Helper()
	if err := f.AcceptAgreement(f.ctx(), a.ID, Acceptance{Version: "2026-01", Language: "es", TextHash: make([]byte, 32), At: f.now()}); err != nil {
		f.t.Fatal(err)
	}
}

// A hash of another system is replaced at the first right password, and no wrong one.
func TestImportedPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	for scheme, stored := range foreignHashes {
		username := "ana" + fmt.Sprint(len(scheme)) + strings.Trim(strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
				return r
			}
			return -1
		}, stored[:12]), " ")
		a := f.importedWith(username, stored)
		if _, err := f.try(username, wrongPassword); !errors.Is(err, ErrWrongCredentials) || f.scheme(a.ID) == "" {
			t.Errorf("%s: a wrong password: %v, the scheme is %q", scheme, err, f.scheme(a.ID))
		}
		for range 2 {
			if _, err := f.try(username, foreignPassword); err != nil || f.scheme(a.ID) != "" {
				t.Errorf("%s: the right password: %v, the scheme is %q, want none", scheme, err, f.scheme(a.ID))
			}
		}
		if got := f.kinds(a.ID); slices.Index(got, audit.PasswordRehashed) < 0 {
			t.Errorf("%s: the audit has %v, want the new hash in it", scheme, got)
		}
	}
	if n := f.count(`select count(*) from accounts where password_due`); n != 0 {
		t.Errorf("%d passwords are due, want none: this one keeps the rules", n)
	}
	a := f.imported("corta", "gatito")
	if _, err := f.try("corta", "gatito"); err != nil || f.count(`select count(*) from accounts where password_due and id = $1`, a.ID) != 1 {
		t.Errorf("a short password: %v, want it to be due", err)
	}
	if same, err := f.HashNewPassword(f.ctx(), f.imported("otra", rightPassword).ID, rightPassword); !errors.Is(err, ErrSamePassword) {
		t.Errorf("the imported password as the new one = %v, %v, want ErrSamePassword", same, err)
	}
}

// The outcomes that an import can have; a dry run has the same ones and changes nothing.
func TestImportOutcomes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	registered, staff := f.register("maria"), NewStaff{Username: "mesa", Email: "mesa@example.com", Language: "es"}
	if _, err := f.CreateStaff(f.ctx(), staff); err != nil {
		t.Fatal(err)
	}
	one := func(username string, member uuid.UUID) Import {
		return Import{Username: username, Email: username + "@example.com", Language: "es", MemberID: member}
	}
	ana := uuid.Must(uuid.NewV7())
	all := []Import{one("ana", ana), one("maria", registered.MemberID), one("maria", uuid.Must(uuid.NewV7())), one("marita", registered.MemberID), one("mesa", uuid.Must(uuid.NewV7()))}
	for _, run := range []struct {
		dry  bool
		want []error
	}{
		{true, []error{nil, ErrImported, ErrUsernameTaken, ErrMemberHasAccount, ErrUsernameTaken}},
		{false, []error{nil, ErrImported, ErrUsernameTaken, ErrMemberHasAccount, ErrUsernameTaken}},
		{false, []error{ErrImported, ErrImported, ErrUsernameTaken, ErrMemberHasAccount, ErrUsernameTaken}},
	} {
		if got, err := f.ImportAll(f.ctx(), all, run.dry, false); err != nil || !slices.Equal(got, run.want) {
			t.Errorf("ImportAll(dry %v) = %v, %v, want %v", run.dry, got, err, run.want)
		}
	}
	all[1].Email = "otra@example.com"
	if got, err := f.ImportAll(f.ctx(), all[1:2], false, false); err != nil || got[0] != ErrImportedOther {
		t.Errorf("ImportAll with another address = %v, %v, want ErrImportedOther", got, err)
	}
	all[1].Email, all[1].Disabled = "maria@example.com", true
	if got, err := f.ImportAll(f.ctx(), all[1:2], false, false); err != nil || got[0] != ErrImportedOther {
		t.Errorf("ImportAll with another status = %v, %v, want ErrImportedOther", got, err)
	}
	if n := f.count(`select count(*) from audit_events where kind = 'account_created' and data->>'origin' = 'imported'`); n != 1 {
		t.Errorf("%d imports are in the audit, want 1", n)
	}
	if _, err := f.try("ana", ""); !errors.Is(err, ErrWrongCredentials) {
		t.Errorf("an account without a password opens with an empty one: %v", err)
	}
}

// S-13: a wrong password costs a hash of our own and one of each scheme, whoever it is of.
func TestImportedAreNotListed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.hasher.params = HashParams{MemoryKiB: 1024, Passes: 1, Lanes: 1}
	f.hasher.dummy = f.hasher.seal(seal.PepperPassword, passwordPlace(uuid.Nil), "nobody's")
	f.register("maria")
	const iterations = 8_000 // some milliseconds, with the race detector too
	key, err := pbkdf2.Key(sha256.New, rightPassword, []byte("salt"), iterations, 32)
	if err != nil {
		t.Fatal(err)
	}
	f.importedWith("ana", fmt.Sprintf("pbkdf2_sha256$%d$salt$%s", iterations, base64.StdEncoding.EncodeToString(key)))
	if err := f.RefreshSchemes(f.ctx()); err != nil || len(*f.hasher.foreign.Load()) != 1 {
		t.Fatalf("RefreshSchemes: %v, %v", err, f.hasher.foreign.Load())
	}
	forget := func() { f.write(`delete from sign_in_throttles`) }
	turn := 0
	timingtest.Alike(t, 300, forget, func() { f.try("ana", wrongPassword) }, func() { // one who is not there, and one who registered here
		f.try([]string{"nadie", "maria"}[turn%2], wrongPassword)
		turn++
	})
	if _, err := f.try("ana", rightPassword); err != nil {
		t.Fatal(err)
	}
	if err := f.RefreshSchemes(f.ctx()); err != nil || len(*f.hasher.foreign.Load()) != 0 {
		t.Errorf("RefreshSchemes after the last: %v, %v, want none", err, f.hasher.foreign.Load())
	}
}

// A sample whose data key was dropped since it was read costs nobody an error.
func TestSampleThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	f.hasher.foreign.Store(&map[string]foreignSample{"$2b$12$": {uuid.Must(uuid.NewV7()), []byte{0, 9, 1}}})
	for username, want := range map[string]error{"maria": ErrWrongCredentials, "nadie": ErrWrongCredentials} {
		if _, err := f.try(username, wrongPassword); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", username, err, want)
		}
	}
}

// A hash that nobody used for a year is deleted, and the mark of it.
func TestImportedPasswordExpires(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	unused, used := f.imported("ana", rightPassword), f.imported("eva", rightPassword)
	if _, err := f.try("eva", rightPassword); err != nil {
		t.Fatal(err)
	}
	f.at(f.now().AddDate(0, 12, -1))
	if err := f.Sweep(f.ctx()); err != nil || f.scheme(unused.ID) == "" {
		t.Fatalf("a day before: %v, the scheme is %q", err, f.scheme(unused.ID))
	}
	f.later(25 * time.Hour)
	if err := f.Sweep(f.ctx()); err != nil || f.scheme(unused.ID) != "" {
		t.Fatalf("after a year: %v, the scheme is %q", err, f.scheme(unused.ID))
	}
	if _, err := f.try("ana", rightPassword); !errors.Is(err, ErrWrongCredentials) || !slices.Contains(f.kinds(unused.ID), audit.PasswordExpired) {
		t.Errorf("the password after a year: %v, audit %v", err, f.kinds(unused.ID))
	}
	if err := f.ResetPassword(f.ctx(), unused.ID, f.newPassword(unused, otherPassword)); err != nil {
		t.Fatal(err)
	}
	for username, password := range map[string]string{"ana": otherPassword, "eva": rightPassword} {
		if _, err := f.try(username, password); err != nil {
			t.Errorf("%s: %v", username, err)
		}
	}
	if used.ID == unused.ID {
		t.Error("one account twice")
	}
}

// The member of an imported account proves the address, then sets what registration would have asked for; nothing else is
// open before.
func TestWelcome(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	a := f.imported("ana", rightPassword)
	b := newBrowser(t, f, cards{a.MemberID: {Name: "Ana García", BirthYear: 1984, MemberNumber: "111111111"}})
	if status, location, _ := b.get(WelcomePath); status != 303 || location != "/login?return="+WelcomePath {
		t.Errorf("signed out = %d to %q", status, location)
	}
	b.get("/in/ana")
	for path, want := range map[string]string{
		"/account": WelcomePath, "/account/factors": WelcomePath + "?return=/account/factors", "/account/email?flow=abc": WelcomePath + "?flow=abc",
	} {
		if status, location, _ := b.get(path); status != 303 || location != want {
			t.Errorf("GET %s = %d to %q, want %s", path, status, location, want)
		}
	}
	if status, location, _ := b.get(WelcomePath + "?flow=abc"); status != 303 || location != "/login/agreement?flow=abc" {
		t.Errorf("before the agreement = %d to %q", status, location)
	}
	f.agrees(a)
	if _, _, body := b.get(WelcomePath); !strings.Contains(body, "Active su cuenta") || !strings.Contains(body, "a•••@example.com") || strings.Contains(body, "ana@example.com") || strings.Contains(body, `name="code"`) {
		t.Errorf("the page before a code is out:\n%s", body)
	}
	complete := url.Values{"question": {"first_pay"}, "answer": {"una linterna"}}
	if status, _, body := b.post(WelcomePath, WelcomePath, complete); status != 422 || !strings.Contains(body, "Ese código ya no sirve") && !strings.Contains(body, "Escriba el código") {
		t.Errorf("a question before the address is proven = %d", status)
	}
	if n := f.count(`select count(*) from account_questions where account_id = $1`, a.ID); n != 0 {
		t.Error("a question was set before the address was proven")
	}
	if status, location, _ := b.post(WelcomePath, WelcomePath, url.Values{"act": {"send"}}); status != 303 || location != WelcomePath {
		t.Fatalf("sending = %d to %q", status, location)
	}
	if status, _, body := b.post(WelcomePath, WelcomePath, url.Values{"act": {"send"}}); status != 429 || !strings.Contains(body, `name="code"`) {
		t.Errorf("sending again at once = %d, want 429 and the field", status)
	}
	mailed := f.last("settle")
	if mailed.To != "ana@example.com" {
		t.Errorf("the code went to %s", mailed.To)
	}
	for typed, want := range map[string]string{"": "Escriba el código", "12": "6 números", "000000": "Le quedan 4"} {
		if status, _, body := b.post(WelcomePath, WelcomePath, url.Values{"code": {typed}}); status != 422 || !strings.Contains(body, want) {
			t.Errorf("the code %q = %d, want 422 with %q", typed, status, want)
		}
	}
	if status, location, _ := b.post(WelcomePath, WelcomePath, url.Values{"code": {sixDigits.FindString(mailed.Content.Text)}}); status != 303 || location != WelcomePath {
		t.Fatalf("the right code = %d to %q", status, location)
	}
	if status, _, body := b.post(WelcomePath, WelcomePath, url.Values{"question": {"nope"}, "answer": {"a"}}); status != 422 || !strings.Contains(body, "Elija una pregunta") {
		t.Errorf("no question = %d, want 422", status)
	}
	if status, location, _ := b.post(WelcomePath, WelcomePath+"?flow=abc", complete); status != 303 || location != "/resume?flow=abc" {
		t.Fatalf("completing = %d to %q, want the app that waits", status, location)
	}
	if status, location, _ := b.get(WelcomePath); status != 303 || location != "/account" {
		t.Errorf("the page afterwards = %d to %q", status, location)
	}
	if status, _, _ := b.get("/account"); status != 200 {
		t.Errorf("the account page afterwards = %d", status)
	}
	if err := f.CheckAnswers(f.ctx(), a.ID, map[string]string{"first_pay": "Una linterna"}, false); err != nil {
		t.Errorf("the answer: %v", err)
	}
	if account, err := f.Get(f.ctx(), a.ID); err != nil || !account.EmailProven {
		t.Errorf("the address: %+v, %v, want it proven", account, err)
	}
}

// Who has shown by a recovery, or by the link to a new address, that the address is theirs is not asked for a code again; another
// address has to be proven again.
func TestWelcomeAfterAnotherProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	for username, proven := range map[string]bool{"ana": false, "eva": true} { // as the other system said
		a := f.imported(username, rightPassword)
		f.write(`update accounts set email_proven = $2 where id = $1`, a.ID, proven)
		f.agrees(a)
		b := newBrowser(t, f, cards{a.MemberID: {Name: "Ana García", BirthYear: 1984, MemberNumber: "111111111"}})
		b.get("/in/" + username)
		asksForCode := func(want bool) {
			t.Helper()
			if _, _, body := b.get(WelcomePath); strings.Contains(body, `value="send"`) != want || strings.Contains(body, `name="question"`) == want {
				t.Errorf("%s: the page asks for a code: %t, want %t\n%s", username, !want, want, body)
			}
		}
		asksForCode(true)
		batch := &pgx.Batch{}
		f.QueueProveEmail(f.ctx(), batch, a.ID)
		if err := f.store.run(f.ctx(), batch); err != nil {
			t.Fatal(err)
		}
		asksForCode(false)
		for _, proves := range []bool{false, true} {
			if err := f.ChangeEmail(f.ctx(), a.ID, fmt.Sprintf("%s.%t@example.com", username, proves), proves); err != nil {
				t.Fatal(err)
			}
			b.get("/in/" + username)
			asksForCode(!proves)
		}
	}
}

// A code that was asked for in another browser is good there: the page says so. In two tabs of one browser the newest counts. A
// second press of the right one says nothing of the next step.
func TestCodeOfAnotherSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	a := f.imported("ana", rightPassword)
	f.agrees(a)
	phone, library := newBrowser(t, f, nil), newBrowser(t, f, nil)
	phone.get("/in/ana")
	library.get("/in/ana")
	send := func(b *browser) (code string) {
		t.Helper()
		f.later(2 * time.Minute)
		if status, location, _ := b.post(WelcomePath, WelcomePath, url.Values{"act": {"send"}}); status != 303 {
			t.Fatalf("sending = %d to %q", status, location)
		}
		return sixDigits.FindString(f.last("settle").Content.Text)
	}
	says := func(b *browser, code, want string) {
		t.Helper()
		status, _, body := b.post(WelcomePath, WelcomePath, url.Values{"code": {code}})
		if status != 422 || !strings.Contains(body, want) || strings.Contains(body, `href="#code"`) && !strings.Contains(body, `id="code"`) {
			t.Errorf("the code = %d, want 422 with %q\n%s", status, want, body)
		}
	}
	first := send(phone)
	says(library, first, "pidió otro código en otro navegador")
	second := send(library)
	says(phone, first, "pidió otro código en otro navegador")
	says(phone, second, "pidió otro código en otro navegador")
	third := send(library)
	if status, location, _ := library.get(WelcomePath + "?note=resent"); status != 200 {
		t.Errorf("another code in the same browser = %d to %q", status, location)
	}
	says(library, second, "use el último que pidió aquí")
	for range 2 {
		if status, location, _ := library.post(WelcomePath, WelcomePath, url.Values{"code": {third}}); status != 303 || location != WelcomePath {
			t.Errorf("the right code = %d to %q", status, location)
		}
	}
	eva := f.imported("eva", rightPassword)
	f.agrees(eva)
	phone.get("/in/eva")
	send(phone)
	for range 2 {
		f.later(emailProofLife * 8 / 15)
		phone.get(WelcomePath)
	}
	says(phone, "123456", "Ese código ya no sirve")
}

// Whose old password breaks the rules chooses another; the session that did goes on, another one does not.
func TestWelcomePassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	a := f.imported("ana", rightPassword)
	b, elsewhere := newBrowser(t, f, nil), newBrowser(t, f, nil)
	b.get("/in/ana")
	elsewhere.get("/in/ana")
	f.agrees(a)
	f.write(`update accounts set password_due = true, settle_proven_at = created_at where id = $1`, a.ID)
	fields := url.Values{"question": {"first_pay"}, "answer": {"una linterna"}, "new_password": {"gatito"}}
	if status, _, body := b.post(WelcomePath, WelcomePath, fields); status != 422 || !strings.Contains(body, "15") {
		t.Errorf("a short password = %d, want 422", status)
	}
	fields.Set("new_password", otherPassword)
	if status, location, _ := b.post(WelcomePath, WelcomePath, fields); status != 303 || location != "/account?note=welcome" {
		t.Fatalf("completing = %d to %q", status, location)
	}
	if status, _, body := b.get("/account?note=welcome"); status != 200 || !strings.Contains(body, "Su cuenta está lista") {
		t.Errorf("the account page = %d, want it to say so", status)
	}
	if status, _, _ := elsewhere.get("/account"); status != 303 {
		t.Errorf("another session = %d, want it ended", status)
	}
	if _, err := f.try("ana", rightPassword); !errors.Is(err, ErrWrongCredentials) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := f.try("ana", otherPassword); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if got := f.mailKinds(a.ID); len(got) != 0 {
		t.Errorf("mails %v, want none", got)
	}
}
