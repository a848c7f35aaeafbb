package recovery

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// S-64: a session stops what waits for its own account, again with the same answer; not what was asked for in person, nor
// another's, nor what is made already.
func TestStopBySession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, other := f.member("maria", "004123789"), f.member("john", "004123790")
	hold := func(c Change) Change {
		t.Helper()
		c.AccountID, c.AskedBy = a.ID, "s1"
		c, err := f.Hold(t.Context(), c)
		check(t, err)
		return c
	}
	stop := func(account, id uuid.UUID, want bool) {
		t.Helper()
		stopped, err := f.StopBySession(t.Context(), account, id, "sid")
		if err != nil || stopped != want {
			t.Errorf("StopBySession = %v, %v, want %v", stopped, err, want)
		}
	}
	for _, c := range []Change{{Act: ChangeEmail, Email: "dieb@example.org"}, {Act: ResetFactor}, {Act: ResetQuestion}} {
		held := hold(c)
		stop(other.ID, held.ID, false)
		stop(a.ID, uuid.Must(uuid.NewV7()), false)
		stop(a.ID, held.ID, true)
		stop(a.ID, held.ID, true)
		if waits, err := f.Pending(t.Context(), a.ID); err != nil || len(waits) != 0 {
			t.Errorf("%s still waits: %v, %v", c.Act, waits, err)
		}
	}
	if n := len(f.mailed("email_cancelled")); n != 1 {
		t.Errorf("%d mails of a stopped address, want 1", n)
	}
	var made uuid.UUID
	for _, act := range []Act{ResetFactor, ResetQuestion, ChangeEmail} {
		c := Change{Act: act, InPerson: true}
		if act == ChangeEmail {
			c.Email = "nueva@example.org"
		}
		made = hold(c).ID
		stop(a.ID, made, false)
	}
	if waits, err := f.Pending(t.Context(), a.ID); err != nil || len(waits) != 3 {
		t.Errorf("asked for in person: %v, %v", waits, err)
	}
	f.later(25 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	stop(a.ID, made, false)
}

// A new password stops the change of address that was asked for in a session: the page says so before and after, and the mail says
// why, and does not advise another password. What the desk was asked for waits on, and nothing of it is said.
func TestNewPasswordTellsThatItStopsAChangeOfAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, asker := range map[string]string{"maria": "", "john": "s1"} {
		a := f.member(name, map[string]string{"maria": "004123789", "john": "004123790"}[name])
		held, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: name + "-nueva@example.org", AskedBy: asker})
		check(t, err)
		own := asker == ""
		told := func(v *visitor, key string) {
			t.Helper()
			if strings.Contains(v.body, say(key)) != own {
				t.Errorf("%s: %s is said: %t\n%s", name, key, !own, v.body)
			}
		}
		v := f.visitor().prove(name).post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
		told(v, "accounts.password.stops_email")
		v = v.post("new_password", "corta").on("/recover/new-password?flow=f1", 422)
		told(v, "accounts.password.stops_email")
		v = v.post("new_password", newPassword).on("/recover/done?flow=f1", 200)
		told(v, "accounts.password.stopped_email")
		waits, err := f.Pending(t.Context(), a.ID)
		if err != nil || len(waits) == 0 != own {
			t.Errorf("%s: waits %v, %v", name, waits, err)
		}
		if why, advice := len(f.mailed("email_cancelled_password")), len(f.mailed("email_cancelled")); (why == 1) != own || advice != 0 {
			t.Errorf("%s: %d mails say why, %d advise a new password", name, why, advice)
		}
		for _, at := range []time.Time{f.now().Add(time.Second), held.AskedAt.Add(-time.Second)} { // by a later password, and by one from before it was asked for
			if stopped, err := f.StoppedOwn(t.Context(), held.AccountID, at); err != nil || stopped {
				t.Errorf("%s: stopped at %v = %t, %v", name, at, stopped, err)
			}
		}
	}
}

// The page that the link leads to says that it stopped the change only if it did, a second press as well. What was faster may have ended
// no sessions, or have shut the account.
func TestLinkAfterSomethingElseStopped(t *testing.T) {
	t.Parallel()
	for name, faster := range map[string]func(f *fixture, c Change) error{
		"the thief's session": func(f *fixture, c Change) error {
			_, err := f.StopBySession(t.Context(), c.AccountID, c.ID, "thief")
			return err
		},
		"another password": func(f *fixture, c Change) error { return f.StopOwn(t.Context(), c.AccountID) },
		"the desk": func(f *fixture, c Change) error {
			_, err := f.StopHeld(t.Context(), c.AccountID)
			return err
		},
		"a denial": func(f *fixture, c Change) error {
			check(t, f.people.Notify(t.Context(), c.AccountID, "question_changed", nil))
			_, link, _ := strings.Cut(f.link("question_changed"), "link=")
			err := f.NotMe(t.Context(), link, nil)
			return err
		},
		"": nil,
	} {
		for act, kind := range map[Act]string{ChangeEmail: "email_requested", CloseAccount: "close_requested"} {
			if act == CloseAccount && name == "another password" { // which does not stop it
				continue
			}
			f := newFixture(t)
			a := f.member("maria", "004123789")
			c := Change{AccountID: a.ID, Act: act}
			if act == ChangeEmail {
				c.Email = "dieb@example.org"
			}
			c, err := f.Hold(t.Context(), c)
			check(t, err)
			_, link, _ := strings.Cut(f.link(kind), "link=")
			v := f.visitor().get("/cancel-change?link=" + link)
			title := map[Act]string{ChangeEmail: "recovery.cancel.done_title", CloseAccount: "recovery.cancel.open_title"}[act]
			if faster != nil {
				check(t, faster(f, c))
			}
			page := v.body
			for range 2 {
				f.later(time.Minute)
				v.body = page
				if v.postTo("/cancel-change", "link", link); faster == nil {
					v.says(say(title))
				} else if v.says(say("recovery.cancel.before_title")); v.status != 410 || strings.Contains(v.body, say(title)) {
					t.Errorf("%s, %s: %d\n%s", name, act, v.status, v.body)
				}
			}
		}
	}
}
