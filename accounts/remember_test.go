package accounts

import (
	"strings"
	"testing"
	"time"
)

// remembers signs in with a second step, and has the browser remembered in addition to what its cookie holds.
func (f *fixture) remembers(a Account, cookie string) (Started, string) {
	f.t.Helper()
	now, err := f.Get(f.ctx(), a.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	started, err := f.StartSession(f.ctx(), SessionStart{Account: now, AMR: []string{"pwd", "otp", "mfa"}, UserAgent: "Firefox Windows", Remember: true, Remembered: cookie})
	if err != nil {
		f.t.Fatal(err)
	}
	return started, started.Remembered()
}

// spared reports whether a cookie spares an account the second step.
func (f *fixture) spared(a Account, cookie string) bool {
	f.t.Helper()
	now, err := f.Get(f.ctx(), a.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	digest, err := f.RememberedDevice(f.ctx(), now, cookie)
	if err != nil {
		f.t.Fatal(err)
	}
	return digest != nil
}

// S-49: a remembered browser is found by a digest, spares one account the second step for 30 days, and a family's browser
// serves each of its accounts.
func TestRememberedBrowser(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria, juan := f.register("maria"), f.register("juan")
	_, cookie := f.remembers(maria, "")
	if !f.spared(maria, cookie) || f.spared(juan, cookie) || f.spared(maria, "") || f.spared(maria, strings.Repeat("x", len(cookie))) {
		t.Error("the cookie does not spare exactly the account that it was made for")
	}
	if n := f.count(`select count(*) from remembered_devices where digest = convert_to($1, 'utf8') or sid = $1`, cookie); n != 0 {
		t.Error("the token is stored")
	}
	_, family := f.remembers(juan, cookie)
	_, family = f.remembers(maria, family) // in place of the former one
	if !f.spared(maria, family) || !f.spared(juan, family) || f.spared(maria, cookie) || len(strings.Split(family, ".")) != 2 {
		t.Errorf("a family's browser: %d tokens", len(strings.Split(family, ".")))
	}
	for i := range 6 {
		_, family = f.remembers(f.register("kind"+string(rune('a'+i))), family)
	}
	if n := len(strings.Split(family, ".")); n != 5 {
		t.Errorf("the cookie has %d tokens, want 5", n)
	}
	if list, err := f.RememberedBrowsers(f.ctx(), maria.ID, ""); err != nil || len(list) != 1 || list[0].Browser != "Firefox" || list[0].Here {
		t.Errorf("the list: %+v, %v", list, err)
	}
	_, cookie = f.remembers(maria, "")
	f.later(30*24*time.Hour - time.Second)
	if !f.spared(maria, cookie) {
		t.Error("it ends early")
	}
	f.later(time.Second)
	if f.spared(maria, cookie) {
		t.Error("it lasts longer than 30 days")
	}
	f.later(24*time.Hour + time.Second)
	if err := f.Sweep(f.ctx()); err != nil || f.count(`select count(*) from remembered_devices`) != 0 {
		t.Errorf("the sweep leaves rows: %v", err)
	}
	f.remember = 0
	if started, value := f.remembers(maria, ""); value != "" || started.Token == "" || f.spared(maria, cookie) {
		t.Error("a browser is remembered against the policy")
	}
}

// Whoever used a remembered browser may be the reason of a change: it ends with every change of credentials and with the
// sessions that are ended from elsewhere, and stays after a sign-out (S-06, S-22, S-54).
func TestRememberedBrowserEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	for name, c := range map[string]struct {
		act  func(a Account, here, elsewhere Started)
		want [2]bool // spared here and elsewhere afterwards
	}{
		"sign-out":       {func(a Account, here, _ Started) { f.must(f.SignOut(f.ctx(), here.SID)) }, [2]bool{true, true}},
		"one session":    {func(a Account, here, elsewhere Started) { f.must(f.EndOwnSession(f.ctx(), a.ID, elsewhere.SID)) }, [2]bool{true, false}},
		"other sessions": {func(a Account, here, _ Started) { f.must(f.EndSessions(f.ctx(), a.ID, here.SID)) }, [2]bool{true, false}},
		"all sessions":   {func(a Account, _, _ Started) { f.must(f.EndSessions(f.ctx(), a.ID, "")) }, [2]bool{}},
		"password": {func(a Account, here, _ Started) {
			f.must(f.ChangePassword(f.ctx(), PasswordChange{PasswordProof: PasswordProof{Session: here.Session, Current: rightPassword, Source: "192.0.2.1/32"}, New: "una frase muy distinta"}))
		}, [2]bool{}},
		"recovery": {func(a Account, _, _ Started) {
			hash, err := f.HashNewPassword(f.ctx(), a.ID, "una frase muy distinta")
			f.must(err)
			f.must(f.ResetPassword(f.ctx(), a.ID, hash))
		}, [2]bool{}},
		"not me": {func(a Account, here, _ Started) {
			link, err := f.DisownLink(f.ctx(), here.Session, []byte("b"), f.now())
			f.must(err)
			_, link, _ = strings.Cut(link, "link=")
			_, err = f.Disown(f.ctx(), link, []byte("b"))
			f.must(err)
		}, [2]bool{}},
		"address":      {func(a Account, _, _ Started) { f.must(f.ChangeEmail(f.ctx(), a.ID, "nueva@example.org", true)) }, [2]bool{}},
		"desk factors": {func(a Account, _, _ Started) { f.must(f.RemoveFactors(f.ctx(), a.ID)) }, [2]bool{}},
		"disabled":     {func(a Account, _, _ Started) { _, err := f.Disable(f.ctx(), a.ID); f.must(err) }, [2]bool{}},
		"closing":      {func(a Account, _, _ Started) { f.must(f.BeginClose(f.ctx(), a.ID, f.now().Add(time.Hour))) }, [2]bool{}},
		"own factor":   {func(a Account, _, _ Started) { f.must(f.RemoveTOTP(f.ctx(), a.ID)) }, [2]bool{}},
		"credentials only": {func(a Account, _, _ Started) {
			f.write(`update accounts set credentials_changed_at = $2 where id = $1`, a.ID, f.now())
		}, [2]bool{}},
	} {
		a := f.register(strings.ReplaceAll(name, " ", "-"))
		f.enrolTOTP(a)
		f.later(time.Minute)
		here, one := f.remembers(a, "")
		elsewhere, two := f.remembers(a, "")
		f.later(time.Minute)
		c.act(a, here, elsewhere)
		if got := [2]bool{f.spared(a, one), f.spared(a, two)}; got != c.want {
			t.Errorf("%s: spared here and elsewhere %v, want %v", name, got, c.want)
		}
		f.later(time.Hour)
	}
}

// One browser may be forgotten from the list, by its own account.
func TestForget(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria, juan := f.register("maria"), f.register("juan")
	started, cookie := f.remembers(maria, "")
	other, _ := f.remembers(juan, "")
	list, err := f.RememberedBrowsers(f.ctx(), maria.ID, cookie)
	if err != nil || len(list) != 1 || !list[0].Here {
		t.Fatalf("the list: %+v, %v", list, err)
	}
	f.must(f.Forget(f.ctx(), other.Session, list[0].ID))
	if !f.spared(maria, cookie) {
		t.Error("another account forgets it")
	}
	f.must(f.Forget(f.ctx(), started.Session, list[0].ID))
	f.must(f.Forget(f.ctx(), started.Session, list[0].ID))
	if f.spared(maria, cookie) {
		t.Error("it is not forgotten")
	}
	if n := f.count(`select count(*) from audit_events where kind = 'device_forgotten'`); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// A passkey is offered to an account that has none, once.
func TestPasskeyMayBeOffered(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria, juan := f.register("maria"), f.register("juan")
	may := func(a Account) bool {
		t.Helper()
		at, err := f.AtSignIn(f.ctx(), a.ID)
		f.must(err)
		return at.Passkey
	}
	if !may(maria) || !may(juan) {
		t.Error("it may not be offered at first")
	}
	f.enrolPasskey(maria)
	f.must(f.PasskeyOffered(f.ctx(), juan.ID))
	if may(maria) || may(juan) {
		t.Errorf("of who has one %v, of whom was offered one %v", may(maria), may(juan))
	}
}
