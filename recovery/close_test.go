package recovery

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
)

// closing holds the closing of an account, as its page does.
func (f *fixture) closing(a accounts.Account) {
	f.t.Helper()
	_, err := f.Hold(f.t.Context(), Change{AccountID: a.ID, Act: CloseAccount})
	check(f.t, err)
}

func (f *fixture) session(a accounts.Account) accounts.Started {
	f.t.Helper()
	now, err := f.people.Get(f.t.Context(), a.ID)
	check(f.t, err)
	started, err := f.people.StartSession(f.t.Context(), accounts.SessionStart{Account: now, AMR: []string{"pwd"}})
	check(f.t, err)
	return started
}

// S-14: each closing's mail has the link that stops it, so what is limited is the closing and not the mail.
func TestClosingAgainAndAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	for range 6 {
		f.closing(a)
		f.session(a) // takes it back
		f.later(time.Minute)
	}
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: CloseAccount})
	if often, ok := errors.AsType[*ratelimit.Exceeded](err); !ok || often.RetryAfter() != 54*time.Minute {
		t.Errorf("the seventh closing in an hour: %v", err)
	}
	if now, err := f.people.Get(t.Context(), a.ID); err != nil || !now.ClosesAt.IsZero() {
		t.Errorf("the account is to be closed all the same (%v)", err)
	}
	if n := f.count(`select count(*) from mails where account_id = $1 and kind = 'close_requested'`, a.ID); n != 6 {
		t.Errorf("%d notices, want 6", n)
	}
	f.later(54 * time.Minute)
	f.closing(a)
}

// S-25, S-73: closing ends every session at once, waits a week, and then erases what signs in and who it was; the member
// may register again, with the same username a month later.
func TestCloseAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	open := f.session(a)
	f.closing(a)
	if _, err := f.people.Session(t.Context(), open.Token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("the session after it was asked for: %v", err)
	}
	if n := f.count(`select count(*) from account_states where account_id = $1 and credentials_changed_at = $2`, a.ID, f.now()); n != 1 {
		t.Error("grants given before stay valid")
	}
	if _, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: CloseAccount}); !errors.Is(err, ErrHeld) {
		t.Errorf("a second press: %v", err)
	}
	if mails := f.mailed("close_requested"); len(mails) == 0 || !strings.Contains(mails[0], "1 de diciembre de 2026") {
		t.Errorf("told: %q", mails)
	}
	if n := f.count(`select count(*) from mails where account_id = $1 and kind = 'close_requested'`, a.ID); n != 1 {
		t.Errorf("%d notices, want 1", n)
	}
	f.later(7*24*time.Hour - time.Second)
	check(t, f.ApplyDue(t.Context()))
	if err := f.signIn("maria", oldPassword); err != nil {
		t.Fatalf("before its time the password: %v", err)
	}
	f.later(time.Second)
	check(t, f.ApplyDue(t.Context()))
	check(t, f.ApplyDue(t.Context()))
	if mails := f.mailed("close_done"); len(mails) != 1 {
		t.Errorf("at the end %d mails", len(mails))
	}
	if err := f.signIn("maria", oldPassword); !errors.Is(err, accounts.ErrWrongCredentials) {
		t.Errorf("the password after it: %v", err)
	}
	for _, table := range []string{"account_questions", "account_totp", "account_passkeys", "account_saved_codes", "disown_links"} {
		if n := f.count(`select count(*) from `+table+` where account_id = $1`, a.ID); n != 0 {
			t.Errorf("%s keeps %d rows", table, n)
		}
	}
	if n := f.count(`select count(*) from account_acceptances where account_id = $1`, a.ID); n != 2 {
		t.Errorf("%d acceptances are kept, want 2", n)
	}
	if n := f.count(`select count(*) from audit_events where account_id = $1 and kind = $2`, a.ID.String(), audit.AccountClosed); n != 1 {
		t.Errorf("%d events of the closing, want 1", n)
	}
	found, err := f.people.FindExact(t.Context(), accounts.ByUsername, "maria")
	check(t, err)
	if len(found) != 1 || found[0].ClosedAt.IsZero() || found[0].Email != "" || found[0].MemberID == a.MemberID || found[0].Staff() {
		t.Fatalf("the desk finds %+v", found)
	}
	if opened, err := f.people.Enable(t.Context(), a.ID); err != nil || opened {
		t.Errorf("the desk opens it again: %v, %v", opened, err)
	}
	before := len(f.mails)
	f.visitor().get("/recover/password?flow=f1").post("username", "maria")
	f.work()
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	if len(f.mails) != before {
		t.Error("a mail goes to a closed account")
	}

	again := f.member("otra.maria", "004123789")
	if again.ID == a.ID {
		t.Error("the member got the closed account")
	}
	if taken, err := f.people.UsernameTaken(t.Context(), "maria"); err != nil || !taken {
		t.Errorf("the username is free at once: %v, %v", taken, err)
	}
	f.later(30*24*time.Hour + time.Second)
	check(t, f.people.Sweep(t.Context()))
	if taken, err := f.people.UsernameTaken(t.Context(), "maria"); err != nil || taken {
		t.Errorf("the username is not free after 30 days: %v, %v", taken, err)
	}
	if n := f.count(`select count(*) from accounts where username = 'maria'`); n != 0 {
		t.Error("S-73: the username of the closed account is kept")
	}
	_, err = f.people.Get(t.Context(), a.ID)
	check(t, err)
}

// Signing in before the end takes the closing back, with or without a second step, once; so does the link of the notice,
// which ends what was open, and the desk at the member's word. "This wasn't me" stops it too.
func TestClosingIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, takeBack := range map[string]func(f *fixture, a accounts.Account){
		"signing in": func(f *fixture, a accounts.Account) {
			if started := f.session(a); !started.Kept {
				t.Error("the sign-in does not know what it did")
			}
		},
		"a second step": func(f *fixture, a accounts.Account) {
			now, err := f.people.Get(t.Context(), a.ID)
			check(t, err)
			token, err := f.people.StartPending(t.Context(), accounts.PendingStart{Account: now, AMR: []string{"pwd"}, Browser: []byte("b")})
			check(t, err)
			_, err = f.people.FinishPending(t.Context(), token, "123456", accounts.SessionStart{Account: now, AMR: []string{"pwd", "otp", "mfa"}})
			check(t, err)
		},
		"the link": func(f *fixture, a accounts.Account) {
			path := f.link("close_requested")
			_, link, _ := strings.Cut(path, "link=")
			v := f.visitor().get(path).on(path, 200).says(say("recovery.cancel.closing"))
			for range 2 { // a second press gets the same answer
				v.get("/recover").postTo("/cancel-change", "link", link).on("/cancel-change/done?link="+link+"&note=open", 200).says(say("recovery.cancel.open_title"), say("recovery.cancel.open_body"), `<a class="button primary" href="/login">`)
			}
			f.later(accounts.PressedAgain)
			v.get("/recover").postTo("/cancel-change", "link", link).on("/cancel-change", http.StatusGone)
		},
		"the desk": func(f *fixture, a accounts.Account) {
			stopped, err := f.StopHeld(t.Context(), a.ID)
			if check(t, err); !stopped {
				t.Error("nothing was stopped")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			a := f.member("maria", "004123789")
			f.closing(a)
			takeBack(f, a)
			if mails := f.mailed("close_stopped"); len(mails) != 1 {
				t.Errorf("%d mails, want 1", len(mails))
			}
			if n := f.count(`select count(*) from audit_events where account_id = $1 and kind = $2`, a.ID.String(), audit.CloseStopped); n != 1 {
				t.Errorf("%d rows of the history, want 1", n)
			}
			if again := f.session(a); again.Kept {
				t.Error("the next sign-in takes it back again")
			}
			f.later(8 * 24 * time.Hour)
			check(t, f.ApplyDue(t.Context()))
			if err := f.signIn("maria", oldPassword); err != nil {
				t.Errorf("after the hold: %v", err)
			}
			f.closing(a) // it can be asked for again
		})
	}
}

// A new password does not stop the closing: the page after it, the mail about it and the mail with the username say when the
// account closes, and how to keep it.
func TestRecoveryTellsOfTheClosing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	f.closing(a)
	f.later(time.Hour)
	const when = "1 de diciembre de 2026"
	v := f.visitor()
	v.prove("maria")
	v.post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
	v.post("new_password", newPassword).on("/recover/done?flow=f1", 200).says(when).says("Para que siga activa, inicie su sesión antes")
	check(t, f.SendUsername(t.Context(), a.ID))
	for _, kind := range []string{"password_changed", "username"} {
		if mails := f.mailed(kind); len(mails) != 1 || !strings.Contains(mails[0], when) || !strings.Contains(mails[0], "Para que siga activa, inicie su sesión antes") {
			t.Errorf("the mail %s says %q", kind, mails)
		}
	}
	if f.session(a); len(f.mailed("close_stopped")) != 1 {
		t.Error("signing in does not keep the account")
	}
	check(t, f.SendUsername(t.Context(), a.ID))
	if mails := f.mailed("username"); strings.Contains(mails[len(mails)-1], "desactivar") {
		t.Errorf("an account that stays open: %q", mails)
	}
}

// An account that staff or "this wasn't me" have shut is not closed under their hands.
func TestClosingOfShutAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := f.member("maria", "004123789"), f.member("juan", "004123790")
	for _, one := range []accounts.Account{a, b} {
		f.closing(one)
	}
	_, err := f.people.Disable(t.Context(), a.ID)
	check(t, err)
	check(t, f.people.Notify(t.Context(), b.ID, "question_changed", nil))
	_, link, _ := strings.Cut(f.link("question_changed"), "link=")
	err = f.NotMe(t.Context(), link, nil)
	check(t, err)
	f.later(7 * 24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	if n := f.count(`select count(*) from accounts where closed_at is not null or closes_at is not null`); n != 0 {
		t.Errorf("%d accounts are closed or closing", n)
	}
	if _, err := f.people.Enable(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.signIn("maria", oldPassword); err != nil {
		t.Errorf("opened again by staff: %v", err)
	}
}

// What else was held for the account, or could be undone, ends with it: nothing is changed in a closed account, and the
// desk begins nothing there.
func TestClosingEndsOtherChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	f.later(time.Minute)
	undo := f.link("email_changed")
	f.closing(a)
	f.write(`update held_changes set apply_at = $1 where act = 'close_account'`, f.now().Add(time.Hour))
	_, err = f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "otra@example.org", AskedBy: "s1"})
	check(t, err)
	f.later(time.Hour)
	check(t, f.ApplyDue(t.Context()))
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	if got := f.address(a); got != "" {
		t.Errorf("the closed account has the address %q", got)
	}
	f.visitor().get(undo).on(undo, http.StatusGone)
	if _, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "otra@example.org", AskedBy: "s1"}); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("the desk begins a change: %v", err)
	}
}

func (f *fixture) write(query string, args ...any) {
	f.t.Helper()
	_, err := f.db.From(f.t.Context()).Exec(f.t.Context(), query, args...)
	check(f.t, err)
}
