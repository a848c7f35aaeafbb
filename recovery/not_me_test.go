package recovery

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
)

// S-51, S-54: looking at the link changes nothing, the button protects the account, once; recovery opens it again.
func TestNotMe(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	started, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
	check(t, err)
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	path := f.link("question_changed")
	v := f.visitor().get(path).on(path, 200).says("¿No fue usted?", "Cuenta: maria")
	f.do(http.MethodHead, path, map[string]string{}, nil)
	if _, err := f.people.Session(t.Context(), started.Token); err != nil {
		t.Fatalf("S-51: looking at the link ended the session: %v", err)
	}
	_, link, _ := strings.Cut(path, "link=")
	v.postTo("/not-me", "link", link).on("/not-me/done?link="+link, 200).says(say("recovery.disown.done_title"), "/recover/password", "Cuenta: "+a.Username)
	if _, err := f.people.Session(t.Context(), started.Token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("the session after it: %v", err)
	}
	if err := f.signIn("maria", oldPassword); !errors.Is(err, accounts.ErrWrongCredentials) {
		t.Errorf("the old password after it: %v", err)
	}
	v.get(path).on(path, http.StatusGone).says(say("recovery.disown.old_title"))
	f.later(accounts.PressedAgain)
	v.get("/recover").postTo("/not-me", "link", link).on("/not-me", http.StatusGone)
	f.mailed("disowned")
	w := f.visitor().prove("maria")
	w.post("answer", "una linterna").post("new_password", newPassword).on("/recover/done?flow=f1", 200)
	if err := f.signIn("maria", newPassword); err != nil {
		t.Errorf("after recovery: %v", err)
	}
}

type stoppedSince struct {
	account uuid.UUID
	since   time.Time
	watched uuid.UUID // of StopWatched
}

func (s *stoppedSince) StopWatched(_ context.Context, account accounts.Account) error {
	s.watched = account.ID
	return nil
}

func (s *stoppedSince) StopSince(_ context.Context, account accounts.Account, since time.Time) error {
	s.account, s.since = account.ID, since
	return nil
}

// A thief's permissions to apps end with the denial of whatever the thief did first.
func TestNotMeStopsApps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	stopped := &stoppedSince{}
	f.apps = stopped
	a := f.member("maria", "004123789")
	event := f.now()
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	_, link, _ := strings.Cut(f.link("question_changed"), "link=")
	f.later(time.Hour)
	err := f.NotMe(t.Context(), link, nil)
	check(t, err)
	if stopped.account != a.ID || stopped.since.Sub(event).Abs() > time.Second {
		t.Errorf("stopped since %v for %s, want %v for %s", stopped.since, stopped.account, event, a.ID)
	}
}

// S-54, S-64: "not me" also stops what waits: nobody who talked support into a change gets the account by it.
func TestNotMeStopsHeldChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	for _, c := range []Change{{Act: ChangeEmail, Email: "nueva@example.org"}, {Act: ResetFactor}} {
		c.AccountID, c.AskedBy = a.ID, "s1"
		_, err := f.Hold(t.Context(), c)
		check(t, err)
	}
	held := f.link("email_requested")
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	_, link, _ := strings.Cut(f.link("question_changed"), "link=")
	err := f.NotMe(t.Context(), link, nil)
	check(t, err)
	if pending, err := f.Pending(t.Context(), a.ID); err != nil || len(pending) != 0 {
		t.Errorf("Pending = %+v, %v", pending, err)
	}
	f.later(25 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	if got := f.address(a); got != "maria@example.com" {
		t.Errorf("the address is %q", got)
	}
	f.visitor().get(held).on(held, http.StatusGone)
	if n := f.count(`select count(*) from audit_events where kind = 'recovery.change_stopped'`); n != 2 {
		t.Errorf("S-71: %d of 2 stops are recorded", n)
	}
}

// C13: the page of a link of the history answers only in the session whose history it is; pressed twice, it answers alike.
func TestNotMeOfASession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	v := f.visitor().begin("maria")
	started, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
	check(t, err)
	path, err := f.people.DisownLink(t.Context(), started.Session, f.browserOf(v), f.now())
	check(t, err)
	_, link, _ := strings.Cut(path, "link=")
	f.visitor().get(path).on("/account/history", 404) // another browser; the page itself is not here
	v.get(path).on(path, 200)
	page, again := *v, *v
	check(t, f.people.SignOut(t.Context(), started.SID))
	page.postTo("/not-me", "link", link).on("/account/history", 404)
	if err := f.signIn("maria", oldPassword); err != nil {
		t.Fatalf("the page of a session that is over voided the password: %v", err)
	}
	started, err = f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
	check(t, err)
	path, err = f.people.DisownLink(t.Context(), started.Session, f.browserOf(v), f.now())
	check(t, err)
	_, link, _ = strings.Cut(path, "link=")
	v.get(path).postTo("/not-me", "link", link).on("/not-me/done?link="+link, 200)
	again.postTo("/not-me", "link", link).on("/not-me/done?link="+link, 200)
}

// S-53, S-54: a link that the former mailbox was sent before its address was replaced changes that back, as long as it can be undone:
// else every way in again would lead to whoever replaced it. A link of the new mailbox, and one of the history, do not.
func TestNotMeRestoresTheAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		late     time.Duration // after the change
		after    bool          // the link was sent to the new mailbox
		history  bool
		restored bool
	}{
		"at once":                {late: time.Minute, restored: true},
		"as long as it can be":   {late: 71 * time.Hour, restored: true},
		"too late":               {late: 73 * time.Hour},
		"the new mailbox's link": {late: time.Minute, after: true},
		"the history's link":     {late: time.Minute, history: true},
	} {
		f := newFixture(t)
		a := f.member("maria", "004123789")
		check(t, f.people.Notify(t.Context(), a.ID, "new_device", map[string]any{"browser": "Firefox", "system": "Android"}))
		_, link, _ := strings.Cut(f.link("new_device"), "link=")
		_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "ladron@example.org", AskedBy: "s1"})
		check(t, err)
		f.later(24 * time.Hour)
		check(t, f.ApplyDue(t.Context()))
		if got := f.address(a); got != "ladron@example.org" {
			t.Fatalf("%s: the address is %q", name, got)
		}
		browser := []byte(nil)
		switch {
		case c.after:
			check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
			_, link, _ = strings.Cut(f.link("question_changed"), "link=")
		case c.history:
			browser = []byte(strings.Repeat("b", 32))
			started, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
			check(t, err)
			path, err := f.people.DisownLink(t.Context(), started.Session, browser, f.now().Add(-25*time.Hour))
			check(t, err)
			_, link, _ = strings.Cut(path, "link=")
		}
		f.later(c.late)
		err = f.NotMe(t.Context(), link, browser)
		check(t, err)
		want := map[bool]string{true: "maria@example.com", false: "ladron@example.org"}[c.restored]
		if got := f.address(a); got != want {
			t.Errorf("%s: the address is %q, want %q", name, got, want)
		}
		if told := f.count(`select count(*) from mails where kind = 'email_cancelled'`); (told == 1) != c.restored {
			t.Errorf("%s: %d mails that the change was undone", name, told)
		}
		if status := f.count(`select count(*) from accounts where status = 'protected'`); status != 1 {
			t.Errorf("%s: the account is not protected", name)
		}
	}
}

// Who protects an account whose question is closed by wrong answers hears before the press until when no password can follow.
func TestNotMeWhileAnswersAreClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	for range 2 {
		v := f.visitor().prove("maria")
		for _, wrong := range []string{"un libro", "una silla", "una mesa"} {
			v.post("answer", wrong)
		}
		f.later(2 * time.Minute)
	}
	path := f.link("answers_closed")
	_, link, _ := strings.Cut(path, "link=")
	v := f.visitor().get(path).on(path, 200).says("no puede crear una contraseña nueva hasta el")
	v.postTo("/not-me", "link", link).on("/not-me/done?link="+link, 200).says("Puede crear una contraseña nueva desde el", `href="/support`)
	if strings.Contains(v.body, "/recover/password") {
		t.Error("the page leads to a recovery that is closed")
	}
	f.mailed("disowned_waits")
	v = f.visitor().begin("maria")
	v.post("code", v.code()).on("/recover/question?flow=f1", http.StatusForbidden)

	f.later(25 * time.Hour)
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	path = f.link("question_changed")
	if v := f.visitor().get(path).on(path, 200); strings.Contains(v.body, "respuestas incorrectas") {
		t.Error("the page speaks of a lock that is over")
	}
}

// Who denies the deactivation of their account is told that the desk alone opens it again, on the page and in the mail.
func TestNotMeOfADeactivatedAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	if _, err := f.people.Disable(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	path := f.link("question_changed")
	_, link, _ := strings.Cut(path, "link=")
	f.visitor().get(path).on(path, 200).postTo("/not-me", "link", link).on("/support?note=closed", 200).says(say("recovery.disown.done_desk"))
	if mails := f.mailed("disowned_desk"); len(mails) != 1 || len(f.mailed("disowned")) != 0 {
		t.Errorf("mails: %q", mails)
	}
}
