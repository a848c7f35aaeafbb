package accounts

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

var notMeLink = regexp.MustCompile(`/not-me\?link=([A-Za-z0-9_-]{43})`)

// disownLink is the link in the newest mail of a kind.
func (f *fixture) disownLink(kind string) string {
	f.t.Helper()
	found := notMeLink.FindStringSubmatch(f.last(kind).Content.Text)
	if found == nil {
		f.t.Fatalf("the mail %q has no link:\n%s", kind, f.last(kind).Content.Text)
	}
	return found[1]
}

func (f *fixture) newPassword(a Account, password string) []byte {
	f.t.Helper()
	hash, err := f.HashPassword(f.ctx(), a.ID, password)
	if err != nil {
		f.t.Fatalf("HashPassword: %v", err)
	}
	return hash
}

const otherPassword = "una frase muy distinta"

// S-54: a reset ends sessions and voids grants, opens what failures had closed, and mails the way to take it back.
func TestResetPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	started := f.start(SessionStart{Account: a})
	for range 5 {
		f.try("maria", "wrong")
	}
	f.later(time.Second)
	if err := f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword)); err != nil {
		t.Fatalf("ResetPassword: %v", err)
	}
	if _, err := f.Session(f.ctx(), started.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("the session after a reset: %v", err)
	}
	if _, err := f.try("maria", otherPassword); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if _, err := f.try("maria", rightPassword); !errors.Is(err, ErrWrongCredentials) {
		t.Errorf("the old password: %v", err)
	}
	if n := f.count(`select count(*) from account_states where account_id = $1 and credentials_changed_at = $2`, a.ID, f.instant.Load()); n != 1 {
		t.Error("older grants stay valid")
	}
	if n := f.count(`select count(*) from accounts where id = $1 and recovered_at is not null`, a.ID); n != 1 {
		t.Error("the recovery is not noted (S-55)")
	}
	f.disownLink("password_changed")
}

// Whoever sets a first password recovers nothing: a new member of staff may enrol a second step at once.
func TestFirstPasswordIsNoRecovery(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	if _, err := f.querier().Exec(f.ctx(), `update accounts set password_sealed = ''`); err != nil {
		t.Fatal(err)
	}
	if _, err := f.try("maria", ""); !errors.Is(err, ErrWrongCredentials) {
		t.Errorf("no password at all: %v", err)
	}
	if _, err := f.HashNewPassword(f.ctx(), a.ID, rightPassword); err != nil {
		t.Errorf("HashNewPassword beside none = %v", err)
	}
	if err := f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword)); err != nil {
		t.Fatal(err)
	}
	if n := f.count(`select count(*) from accounts where recovered_at is not null`); n != 0 {
		t.Error("it counts as a recovery")
	}
	if _, err := f.HashNewPassword(f.ctx(), a.ID, otherPassword); !errors.Is(err, ErrSamePassword) {
		t.Errorf("HashNewPassword = %v, want ErrSamePassword", err)
	}
}

// S-54: the link protects the account once, within ten days.
func TestDisown(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	started := f.start(SessionStart{Account: a})
	for range 2 {
		if err := f.Notify(f.ctx(), a.ID, "new_device", map[string]any{"browser": "", "system": ""}); err != nil {
			t.Fatal(err)
		}
	}
	link := f.disownLink("new_device")
	if got, err := f.Disownable(f.ctx(), link, nil); err != nil || got.Username != "maria" || !got.QuestionChanged.IsZero() {
		t.Errorf("Disownable = %v, %v", got, err)
	}
	if _, err := f.Session(f.ctx(), started.Token); err != nil {
		t.Errorf("looking at the link ended the session: %v", err)
	}
	if _, err := f.Disown(f.ctx(), link, nil); err != nil {
		t.Fatalf("Disown: %v", err)
	}
	if _, err := f.Session(f.ctx(), started.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("the session after it: %v", err)
	}
	if _, err := f.try("maria", rightPassword); !errors.Is(err, ErrWrongCredentials) {
		t.Errorf("the old password after it: %v, want the answer to a wrong password", err)
	}
	if _, err := f.Disown(f.ctx(), link, nil); !errors.Is(err, ErrLink) {
		t.Errorf("the link again: %v", err)
	}
	if n := f.count(`select count(*) from disown_links`); n != 0 {
		t.Errorf("%d links are left", n)
	}
	if f.last("disowned").To != "maria@example.com" {
		t.Error("the owner is not told what to do next")
	}
	if err := f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.try("maria", otherPassword); err != nil {
		t.Errorf("after recovery: %v", err)
	}
}

func TestDisownLinksEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	if err := f.Notify(f.ctx(), a.ID, "question_changed", nil); err != nil {
		t.Fatal(err)
	}
	link := f.disownLink("question_changed")
	f.later(10 * 24 * time.Hour)
	for _, text := range []string{link, "", "x", link[:42] + "!", link + "A"} {
		if _, err := f.Disown(f.ctx(), text, nil); !errors.Is(err, ErrLink) {
			t.Errorf("Disown(%q) = %v, want %v", text, err, ErrLink)
		}
	}
	if err := f.Sweep(f.ctx()); err != nil {
		t.Fatal(err)
	}
	f.later(25 * time.Hour)
	if err := f.Sweep(f.ctx()); err != nil || f.count(`select count(*) from disown_links`) != 0 {
		t.Errorf("after the sweep: %v, %d links", err, f.count(`select count(*) from disown_links`))
	}
}

// An account that staff have closed stays closed, whatever its owner does.
func TestRecoveryOpensNothingThatStaffClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	f.Notify(f.ctx(), a.ID, "question_changed", nil)
	if _, err := f.querier().Exec(f.ctx(), `update accounts set status = 'disabled'`); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Disown(f.ctx(), f.disownLink("question_changed"), nil); err != nil {
		t.Fatal(err)
	}
	if err := f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.try("maria", otherPassword); !errors.Is(err, ErrDisabled) {
		t.Errorf("the new password = %v, want %v", err, ErrDisabled)
	}
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	started := f.start(SessionStart{Account: a})
	if err := f.ChangeEmail(f.ctx(), a.ID, "otra@example.org", false); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Get(f.ctx(), a.ID); err != nil || got.Email != "otra@example.org" {
		t.Errorf("the address is %q, %v", got.Email, err)
	}
	if _, err := f.Session(f.ctx(), started.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("the session after it: %v", err)
	}
	if err := f.ChangeEmail(f.ctx(), a.ID, "no address", false); err == nil {
		t.Error("ChangeEmail accepted an invalid address")
	}
}

// S-54, S-55: the mailbox alone takes no second step away: a link leaves every one of them that counts, of today too, and no
// recovery gets past it.
func TestDisownLeavesFactors(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	f.Notify(f.ctx(), a.ID, "new_device", map[string]any{"browser": "", "system": ""})
	f.later(time.Second)
	f.enrolTOTP(a)
	f.enrolPasskey(a)
	if _, err := f.MakeSavedCodes(f.ctx(), a.ID, ""); err != nil {
		t.Fatal(err)
	}
	f.later(time.Hour)
	if _, err := f.Disown(f.ctx(), f.disownLink("new_device"), nil); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Factors(f.ctx(), a.ID); err != nil || !got.TOTP || got.Passkeys != 1 || got.SavedCodes != SavedCodeCount {
		t.Errorf("after the link: %+v, %v", got, err)
	}
}

// S-55: whoever knows the password alone adds second steps on a device of their own. They wait a day, in which "this wasn't
// me" or a recovery removes them and the codes saved beside them; what counted before stays.
func TestStrangersFactorIsDropped(t *testing.T) {
	t.Parallel()
	for name, protect := range map[string]func(*fixture, Account){
		"this wasn't me": func(f *fixture, a Account) {
			if _, err := f.Disown(f.ctx(), f.disownLink("factor_added"), nil); err != nil {
				f.t.Fatal(err)
			}
		},
		"recovery": func(f *fixture, a Account) {
			if err := f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, "tres gatos en la ventana")); err != nil {
				f.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 1)
			a := f.register("maria")
			f.start(SessionStart{Account: a})
			f.later(5 * 24 * time.Hour)
			a, _ = f.Get(f.ctx(), a.ID)
			f.start(SessionStart{Account: a}) // the stranger's
			f.later(2 * 24 * time.Hour)
			f.enrolTOTP(a)
			f.enrolPasskey(a)
			if _, err := f.MakeSavedCodes(f.ctx(), a.ID, ""); err != nil {
				t.Fatal(err)
			}
			if got, err := f.Factors(f.ctx(), a.ID); err != nil || got.Any() || got.Waiting.IsZero() {
				t.Errorf("the stranger's steps are asked for at once: %+v, %v", got, err)
			}
			protect(f, a)
			f.later(48 * time.Hour)
			if list, err := f.EnrolledFactors(f.ctx(), a.ID); err != nil || len(list) != 0 {
				t.Errorf("two days later there are %v, %v", list, err)
			}
			if kinds := strings.Join(f.mailKinds(a.ID), " "); strings.Count(kinds, "factor_removed") != 2 {
				t.Errorf("mails: %s, want two about removed steps", kinds)
			}
		})
	}
}

// S-55: a step counts at once that was added on a device the account knows, or next to one that counts; the link leaves
// both.
func TestOwnersFactorCountsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	first := f.start(SessionStart{Account: a})
	f.later(time.Hour)
	a, _ = f.Get(f.ctx(), a.ID)
	f.start(SessionStart{Account: a, Device: first.Device})
	f.enrolTOTP(a)
	f.start(SessionStart{Account: a}) // a new device, whose member proves the app before adding anything
	f.enrolPasskey(a)
	if _, err := f.Disown(f.ctx(), f.disownLink("factor_added"), nil); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Factors(f.ctx(), a.ID); err != nil || !got.TOTP || got.Passkeys != 1 {
		t.Errorf("after the link: %+v, %v", got, err)
	}

	b := f.register("john")
	f.start(SessionStart{Account: b})
	f.later(time.Hour)
	b, _ = f.Get(f.ctx(), b.ID)
	f.start(SessionStart{Account: b}) // a new device, but too long ago to be denied
	f.later(newDeviceWatch)
	f.enrolTOTP(b)
	if got, err := f.Factors(f.ctx(), b.ID); err != nil || !got.TOTP {
		t.Errorf("long after the new device: %+v, %v", got, err)
	}
}
