package recovery

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huskyidp/accounts"
)

var ourLink = regexp.MustCompile(`http://localhost:8080(/(?:not-me|cancel-change)\?link=[A-Za-z0-9_-]{43})`)

// link is the one in the newest mail of a kind.
func (f *fixture) link(kind string) string {
	f.t.Helper()
	mails := f.mailed(kind)
	if len(mails) == 0 {
		f.t.Fatalf("no mail %q", kind)
	}
	found := ourLink.FindStringSubmatch(mails[len(mails)-1])
	if found == nil {
		f.t.Fatalf("the mail %q has no link:\n%s", kind, mails[len(mails)-1])
	}
	return found[1]
}

func (f *fixture) address(a accounts.Account) string {
	f.t.Helper()
	now, err := f.people.Get(f.t.Context(), a.ID)
	check(f.t, err)
	return now.Email
}

// S-53, S-64: a change of address waits a day, is undone from the old address for three, and each link works once.
func TestEmailChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	change, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
	check(t, err)
	if !change.ApplyAt.Equal(f.now().Add(24 * time.Hour)) {
		t.Errorf("it comes at %v", change.ApplyAt)
	}
	held := f.link("email_requested")
	if _, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "otra@example.org", AskedBy: "s2"}); !errors.Is(err, ErrHeld) {
		t.Errorf("a second one at the same time: %v", err)
	}
	if pending, err := f.Pending(t.Context(), a.ID); err != nil || len(pending) != 1 || pending[0].Email != "nueva@example.org" {
		t.Errorf("Pending = %+v, %v", pending, err)
	}
	f.later(24*time.Hour - time.Second)
	check(t, f.ApplyDue(t.Context()))
	if got := f.address(a); got != "maria@example.com" {
		t.Fatalf("before its time the address is %q", got)
	}
	f.later(time.Second)
	check(t, f.ApplyDue(t.Context()))
	if got := f.address(a); got != "nueva@example.org" {
		t.Fatalf("after the hold the address is %q", got)
	}
	f.visitor().get(held).on(held, 200) // whoever opens the first mail only now
	undo := f.link("email_changed")
	f.later(71 * time.Hour)
	v := f.visitor().get(undo).on(undo, 200).says(say("recovery.cancel.title"), "Cambiar el correo electrónico")
	_, link, _ := strings.Cut(undo, "link=")
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil)) // to the false address
	_, stranger, _ := strings.Cut(f.link("question_changed"), "link=")
	v.postTo("/cancel-change", "link", link).on("/cancel-change/done?link="+link, 200).says(say("recovery.cancel.done_title"), say("recovery.cancel.done_body"), `href="/login"`, `href="/recover/password"`)
	if _, err := f.people.Disownable(t.Context(), stranger, nil); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("S-53: a link that the false address was sent = %v", err)
	}
	if n := f.count(`select count(*) from account_states where account_id = $1 and credentials_changed_at = $2`, a.ID, f.now()); n != 1 {
		t.Error("S-53: grants given meanwhile stay valid")
	}
	if got := f.address(a); got != "maria@example.com" {
		t.Errorf("after undoing the address is %q", got)
	}
	f.later(accounts.PressedAgain)
	v.get("/recover").postTo("/cancel-change", "link", link).on("/cancel-change", http.StatusGone)
	f.visitor().get(held).on(held, http.StatusGone)
	if len(f.mailed("email_cancelled_link")) != 1 {
		t.Error("nobody is notified that it was undone")
	}
}

// S-51, S-53, S-54, S-60: a recovery that proved one mailbox does not outlive a change of address, nor its undoing, nor "this wasn't me".
func TestOpenRecoveriesEnd(t *testing.T) {
	t.Parallel()
	over := "/recover/password?flow=f1&note=over"
	f := newFixture(t)
	a := f.member("maria", "004123789")
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
	check(t, err)
	f.later(24 * time.Hour)
	of := f.visitor().prove("maria")
	check(t, f.StartReset(t.Context(), a.ID))
	f.mailed("reset")
	check(t, f.ApplyDue(t.Context()))
	of.post("answer", "una linterna").on(over, 200)
	if n := f.count(`select count(*) from recovery_staff_codes`); n != 0 {
		t.Error("a code of support that went to the former address still works")
	}
	f.later(2 * time.Minute)
	of = f.visitor().prove("maria")
	_, err = f.Stop(t.Context(), strings.TrimPrefix(f.link("email_changed"), "/cancel-change?link="))
	check(t, err)
	of.post("answer", "una linterna").on(over, 200)
	f.later(2 * time.Minute)
	of = f.visitor().prove("maria")
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	link := f.link("question_changed")
	f.visitor().get(link).postTo("/not-me", "link", strings.TrimPrefix(link, "/not-me?link=")).on("/not-me/done?link="+strings.TrimPrefix(link, "/not-me?link="), 200)
	of.post("answer", "una linterna").on(over, 200)
}

func TestUndoEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	undo := f.link("email_changed")
	f.later(72 * time.Hour)
	f.visitor().get(undo).on(undo, http.StatusGone)
	f.later(31 * 24 * time.Hour)
	if _, err := f.Sweep(t.Context()); err != nil || f.count(`select count(*) from held_changes`) != 0 {
		t.Errorf("the old address is kept: %v", err)
	}
}

// The one-tap stop within the hold.
func TestStopWithinTheHold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	for _, act := range []Act{ChangeEmail, ResetFactor} {
		c := Change{AccountID: a.ID, Act: act, AskedBy: "s1"}
		if act == ChangeEmail {
			c.Email = "nueva@example.org"
		}
		_, err := f.Hold(t.Context(), c)
		check(t, err)
		kind := map[Act]string{ChangeEmail: "email_requested", ResetFactor: "staff_pending"}[act]
		_, link, _ := strings.Cut(f.link(kind), "link=")
		f.visitor().get("/recover").postTo("/cancel-change", "link", link).on("/cancel-change/done?link="+link, 200)
		_, err = f.Hold(t.Context(), c) // the place is free again
		check(t, err)
		_, link, _ = strings.Cut(f.link(kind), "link=")
		_, err = f.Stop(t.Context(), link)
		check(t, err)
		if _, err := f.Stop(t.Context(), link); !errors.Is(err, ErrLink) {
			t.Errorf("Stop again = %v", err)
		}
	}
	f.later(25 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	if got := f.address(a); got != "maria@example.com" {
		t.Errorf("the address is %q", got)
	}
}

// A change that cannot be made does not keep the others.
func TestApplyDueGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	broken, whole := f.member("maria", "004123789"), f.member("john", "004123790")
	for _, a := range []accounts.Account{broken, whole} {
		_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
		check(t, err)
		f.later(time.Minute)
	}
	f.later(25 * time.Hour)
	_, err := f.db.From(t.Context()).Exec(t.Context(), `update accounts set email_sealed = '\x00' where id = $1`, broken.ID)
	check(t, err)
	if err := f.ApplyDue(t.Context()); err == nil {
		t.Error("ApplyDue does not tell of the change that failed")
	}
	if got := f.address(whole); got != "nueva@example.org" {
		t.Errorf("the other address is %q", got)
	}
}

// 32 instances make one change, once.
func TestParallelApply(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 16)
	a := f.member("maria", "004123789")
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
	check(t, err)
	f.later(25 * time.Hour)
	var failed atomic.Int32
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if err := f.ApplyDue(t.Context()); err != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if n := f.count(`select count(*) from audit_events where kind = 'recovery.change_applied'`); n != 1 || failed.Load() != 0 {
		t.Errorf("made %d times, %d failed", n, failed.Load())
	}
}

// S-53: while a change of address can be undone, the new address proves nothing alone.
func TestNewAddressProvesNothingAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.questions = false
	a := f.member("maria", "004123789")
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	f.visitor().begin("maria").post("code", f.code()).on("/support?flow=f1&note=address", 200).says("Su código es correcto", "hable con Apoyo Técnico")
	f.later(73 * time.Hour) // it can no longer be undone, and nobody has shown yet that it is theirs
	f.visitor().begin("maria").post("code", f.code()).on("/support?flow=f1&note=address", 200).says("Su código es correcto", "hable con Apoyo Técnico")
	if account, err := f.people.Get(t.Context(), a.ID); err != nil || account.EmailProven {
		t.Errorf("an address that support has set counts as proven: %v", err)
	}
	link := regexp.MustCompile(`/confirm-email\?link=(\S+)`).FindStringSubmatch(f.mailed("email_confirm")[0])
	if link == nil {
		t.Fatal("the mail to the new address has no link")
	}
	f.visitor().get("/confirm-email?link="+link[1][:len(link[1])-4]+"AAAA").on("/confirm-email?link="+link[1][:len(link[1])-4]+"AAAA", http.StatusNotFound)
	v := f.visitor().get("/confirm-email?link="+link[1]).on("/confirm-email?link="+link[1], 200)
	if account, _ := f.people.Get(t.Context(), a.ID); account.EmailProven {
		t.Error("looking has proven it")
	}
	v.post("link", link[1]).on("/confirm-email/done", 200)
	if account, _ := f.people.Get(t.Context(), a.ID); !account.EmailProven {
		t.Error("the button has not proven it")
	}
	f.later(2 * time.Minute)
	f.visitor().begin("maria").post("code", f.code()).on("/recover/new-password?flow=f1", 200)
}

// S-64: the member's own wish came with a code to the new address; undoing by the link that the old address was sent proves
// that one.
func TestWhoProvesAnAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	proven := func() bool {
		account, err := f.people.Get(t.Context(), a.ID)
		check(t, err)
		return account.EmailProven
	}
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "propia@example.org"})
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	if !proven() || len(f.mailed("email_confirm")) != 0 {
		t.Error("the member's own change asks again")
	}
	f.later(73 * time.Hour)
	_, err = f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "ajena@example.org", AskedBy: "s1"})
	check(t, err)
	f.later(24 * time.Hour)
	f.mailed("email_changed")
	check(t, f.ApplyDue(t.Context()))
	if proven() {
		t.Error("support's change counts at once")
	}
	undo := regexp.MustCompile(`/cancel-change\?link=(\S+)`).FindStringSubmatch(f.mailed("email_changed")[0])
	_, err = f.Stop(t.Context(), undo[1])
	check(t, err)
	if !proven() {
		t.Error("the old address no longer counts")
	}
	confirm := regexp.MustCompile(`/confirm-email\?link=(\S+)`).FindStringSubmatch(f.mailed("email_confirm")[0])
	if err := f.ConfirmEmail(t.Context(), confirm[1]); !errors.Is(err, ErrLink) {
		t.Errorf("the link of an undone change = %v, want ErrLink", err)
	}
}

// S-53: whoever undoes a change of address also ends the ones that were asked for after it: their notices went to whoever made the first,
// and their links would take the address away again.
func TestUndoVoidsLaterChanges(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{true, false} {
		f := newFixture(t)
		a := f.member("maria", "004123789")
		hold := func(email string) {
			t.Helper()
			_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: email, AskedBy: "s1"})
			check(t, err)
		}
		hold("t9@example.org")
		f.later(24 * time.Hour)
		check(t, f.ApplyDue(t.Context()))
		_, undo, _ := strings.Cut(f.link("email_changed"), "link=")
		hold("t10@example.org")
		_, stranger, _ := strings.Cut(f.link("email_requested"), "link=")
		if applied {
			f.later(24 * time.Hour)
			check(t, f.ApplyDue(t.Context()))
			_, stranger, _ = strings.Cut(f.link("email_changed"), "link=")
		}
		_, err := f.Stop(t.Context(), undo)
		check(t, err)
		if _, err := f.Stop(t.Context(), stranger); !errors.Is(err, ErrLink) {
			t.Errorf("applied %t: the link of the later change: %v, want ErrLink", applied, err)
		}
		f.later(25 * time.Hour)
		check(t, f.ApplyDue(t.Context()))
		if got := f.address(a); got != "maria@example.com" {
			t.Errorf("applied %t: the address is %q", applied, got)
		}
	}
}

// TestNoLinkUndoesAChangeInPerson (S-64): once the owner came with an ID and asked for another address, no link in a mailbox of before
// puts an earlier one back: neither that of an earlier change nor that of a notice from before it; on hold or made.
func TestNoLinkUndoesAChangeInPerson(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{true, false} {
		for _, byNotice := range []bool{true, false} {
			f := newFixture(t)
			a := f.member("maria", "004123789")
			check(t, f.people.Notify(t.Context(), a.ID, "password_changed", nil))
			notMe := f.link("password_changed")
			change := func(email string, inPerson bool) {
				t.Helper()
				_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: email, AskedBy: "s1", InPerson: inPerson})
				check(t, err)
			}
			pass := func() {
				t.Helper()
				f.later(24 * time.Hour)
				check(t, f.ApplyDue(t.Context()))
			}
			change("t9@example.org", false)
			pass()
			_, undo, _ := strings.Cut(f.link("email_changed"), "link=")
			change("t10@example.org", true)
			if applied {
				f.later(time.Hour)
				_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ResetQuestion, AskedBy: "s1"})
				check(t, err)
				f.later(23 * time.Hour)
				check(t, f.ApplyDue(t.Context())) // the address, not yet the question
				_, link, _ := strings.Cut(f.link("staff_pending"), "link=")
				if _, err := f.Stop(t.Context(), link); !errors.Is(err, ErrLink) {
					t.Errorf("the link of a change of another kind, in the mailbox of before: %v", err)
				}
				if yes, err := f.store.undoing(t.Context(), a.ID, f.now()); err != nil || yes {
					t.Errorf("the address that was shown in person counts for nothing (%t, %v)", yes, err)
				}
			}
			if byNotice {
				_, link, _ := strings.Cut(notMe, "link=")
				f.visitor().get(notMe).postTo("/not-me", "link", link)
			} else if _, err := f.Stop(t.Context(), undo); !errors.Is(err, ErrLink) {
				t.Errorf("applied %t: the link of the earlier change: %v, want ErrLink", applied, err)
			}
			if want := map[bool]string{true: "t10@example.org", false: "t9@example.org"}[applied]; f.address(a) != want {
				t.Errorf("applied %t, by a notice %t: the address is %q, want %q", applied, byNotice, f.address(a), want)
			}
			pass()
			if got := f.address(a); got != "t10@example.org" {
				t.Errorf("applied %t, by a notice %t: in the end the address is %q", applied, byNotice, got)
			}
		}
	}
}
