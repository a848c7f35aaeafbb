package selfservice

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/members"
)

// The member of an imported account proves the address, then sets what registration would have asked for; nothing else is
// open before.
func TestWelcome(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	a := f.imported("ana", rightPassword)
	b := newBrowser(t, f, cards{a.MemberID: {FirstName: "Ana", LastName: "García", BirthDate: members.Date{Year: 1984}, MemberNumber: "111111111"}})
	if status, location, _ := b.get(accounts.WelcomePath); status != 303 || location != "/login?return="+accounts.WelcomePath {
		t.Errorf("signed out = %d to %q", status, location)
	}
	b.get("/in/ana")
	for path, want := range map[string]string{
		"/account": accounts.WelcomePath, "/account/factors": accounts.WelcomePath + "?return=/account/factors", "/account/email?flow=abc": accounts.WelcomePath + "?flow=abc",
	} {
		if status, location, _ := b.get(path); status != 303 || location != want {
			t.Errorf("GET %s = %d to %q, want %s", path, status, location, want)
		}
	}
	if status, location, _ := b.get(accounts.WelcomePath + "?flow=abc"); status != 303 || location != "/login/agreement?flow=abc" {
		t.Errorf("before the agreement = %d to %q", status, location)
	}
	f.agrees(a)
	if _, _, body := b.get(accounts.WelcomePath); !strings.Contains(body, say("accounts.welcome.code_title")) || !strings.Contains(body, "a•••@example.com") || strings.Contains(body, "ana@example.com") || strings.Contains(body, `name="code"`) {
		t.Errorf("the page before a code is out:\n%s", body)
	}
	complete := url.Values{"question": {"first_pay"}, "answer": {"una linterna"}}
	if status, _, body := b.post(accounts.WelcomePath, accounts.WelcomePath, complete); status != 422 || !strings.Contains(body, "Ese código ya no sirve") && !strings.Contains(body, say("recovery.code.title")) {
		t.Errorf("a question before the address is proven = %d", status)
	}
	if n := f.count(`select count(*) from account_questions where account_id = $1`, a.ID); n != 0 {
		t.Error("a question was set before the address was proven")
	}
	if status, location, _ := b.post(accounts.WelcomePath, accounts.WelcomePath, url.Values{"act": {"send"}}); status != 303 || location != accounts.WelcomePath {
		t.Fatalf("sending = %d to %q", status, location)
	}
	if status, _, body := b.post(accounts.WelcomePath, accounts.WelcomePath, url.Values{"act": {"send"}}); status != 429 || !strings.Contains(body, `name="code"`) {
		t.Errorf("sending again at once = %d, want 429 and the field", status)
	}
	mailed := f.last("settle")
	if mailed.To != "ana@example.com" {
		t.Errorf("the code went to %s", mailed.To)
	}
	for typed, want := range map[string]string{"": "Escriba el código", "12": "6 números", "000000": "Le quedan 4"} {
		if status, _, body := b.post(accounts.WelcomePath, accounts.WelcomePath, url.Values{"code": {typed}}); status != 422 || !strings.Contains(body, want) {
			t.Errorf("the code %q = %d, want 422 with %q", typed, status, want)
		}
	}
	if status, location, _ := b.post(accounts.WelcomePath, accounts.WelcomePath, url.Values{"code": {sixDigits.FindString(mailed.Content.Text)}}); status != 303 || location != accounts.WelcomePath {
		t.Fatalf("the right code = %d to %q", status, location)
	}
	if status, _, body := b.post(accounts.WelcomePath, accounts.WelcomePath, url.Values{"question": {"nope"}, "answer": {"a"}}); status != 422 || !strings.Contains(body, say("registration.credentials.question_choose")) {
		t.Errorf("no question = %d, want 422", status)
	}
	if status, location, _ := b.post(accounts.WelcomePath, accounts.WelcomePath+"?flow=abc", complete); status != 303 || location != "/resume?flow=abc" {
		t.Fatalf("completing = %d to %q, want the app that waits", status, location)
	}
	if status, location, _ := b.get(accounts.WelcomePath); status != 303 || location != "/account" {
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
		b := newBrowser(t, f, cards{a.MemberID: {FirstName: "Ana", LastName: "García", BirthDate: members.Date{Year: 1984}, MemberNumber: "111111111"}})
		b.get("/in/" + username)
		asksForCode := func(want bool) {
			t.Helper()
			if _, _, body := b.get(accounts.WelcomePath); strings.Contains(body, `value="send"`) != want || strings.Contains(body, `name="question"`) == want {
				t.Errorf("%s: the page asks for a code: %t, want %t\n%s", username, !want, want, body)
			}
		}
		asksForCode(true)
		batch := &pgx.Batch{}
		f.QueueProveEmail(f.ctx(), batch, a.ID)
		if err := f.db.From(f.ctx()).SendBatch(f.ctx(), batch).Close(); err != nil {
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
		if status, location, _ := b.post(accounts.WelcomePath, accounts.WelcomePath, url.Values{"act": {"send"}}); status != 303 {
			t.Fatalf("sending = %d to %q", status, location)
		}
		return sixDigits.FindString(f.last("settle").Content.Text)
	}
	says := func(b *browser, code, want string) {
		t.Helper()
		status, _, body := b.post(accounts.WelcomePath, accounts.WelcomePath, url.Values{"code": {code}})
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
	if status, location, _ := library.get(accounts.WelcomePath + "?note=resent"); status != 200 {
		t.Errorf("another code in the same browser = %d to %q", status, location)
	}
	says(library, second, "use el último que pidió aquí")
	for range 2 {
		if status, location, _ := library.post(accounts.WelcomePath, accounts.WelcomePath, url.Values{"code": {third}}); status != 303 || location != accounts.WelcomePath {
			t.Errorf("the right code = %d to %q", status, location)
		}
	}
	eva := f.imported("eva", rightPassword)
	f.agrees(eva)
	phone.get("/in/eva")
	send(phone)
	for range 2 {
		f.later(15 * time.Minute * 8 / 15)
		phone.get(accounts.WelcomePath)
	}
	says(phone, "123456", "Ese código ya no sirve")
}

// Whose old password breaks the rules chooses another; that session continues, another one does not.
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
	if status, _, body := b.post(accounts.WelcomePath, accounts.WelcomePath, fields); status != 422 || !strings.Contains(body, "15") {
		t.Errorf("a short password = %d, want 422", status)
	}
	fields.Set("new_password", otherPassword)
	if status, location, _ := b.post(accounts.WelcomePath, accounts.WelcomePath, fields); status != 303 || location != "/account?note=welcome" {
		t.Fatalf("completing = %d to %q", status, location)
	}
	if status, _, body := b.get("/account?note=welcome"); status != 200 || !strings.Contains(body, "Su cuenta está lista") {
		t.Errorf("the account page = %d, want it to say so", status)
	}
	if status, _, _ := elsewhere.get("/account"); status != 303 {
		t.Errorf("another session = %d, want it ended", status)
	}
	if _, err := f.try("ana", rightPassword); !errors.Is(err, accounts.ErrWrongCredentials) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := f.try("ana", otherPassword); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if got := f.mailKinds(a.ID); len(got) != 0 {
		t.Errorf("mails %v, want none", got)
	}
}
