package accounts

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/pquerna/otp/hotp"

	"huskyidp/internal/audit"
)

// app is a member's authenticator app.
type app struct {
	f      *fixture
	secret TOTPSecret
}

// enrolTOTP enrols an app and moves on by a step, so that its next code is a new one.
func (f *fixture) enrolTOTP(account Account) app {
	f.t.Helper()
	secret, err := f.StartTOTP(f.ctx(), account.ID, "sid")
	if err != nil {
		f.t.Fatalf("StartTOTP: %v", err)
	}
	a := app{f, secret}
	if _, err := f.ConfirmTOTP(f.ctx(), account.ID, "sid", a.code(0)); err != nil {
		f.t.Fatalf("ConfirmTOTP: %v", err)
	}
	f.later(totpStep)
	return a
}

// code is what the app shows so many steps from now.
func (a app) code(steps int) string {
	a.f.t.Helper()
	code, err := hotp.GenerateCode(string(a.secret), uint64(a.f.now().Unix()/30+int64(steps)))
	if err != nil {
		a.f.t.Fatal(err)
	}
	return code
}

// wrong is a code that none of the steps in reach has.
func (a app) wrong() string {
	for _, code := range []string{"000000", "111111", "222222", "333333"} {
		if code != a.code(-1) && code != a.code(0) && code != a.code(1) {
			return code
		}
	}
	panic("four codes at once")
}

// S-15, S-77: 160 bits, one step either way, strictly six digits, and the accepted step only
// ever rises.
func TestTOTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	if err := f.CheckTOTP(f.ctx(), account.ID, "123456", false); !errors.Is(err, ErrNoFactor) {
		t.Errorf("CheckTOTP without an app = %v, want ErrNoFactor", err)
	}
	a := f.enrolTOTP(account)
	if n := len(a.secret); n*5 != 160 {
		t.Errorf("the key has %d bits, want 160", n*5)
	}
	if _, err := f.StartTOTP(f.ctx(), account.ID, "sid"); !errors.Is(err, ErrHasFactor) {
		t.Errorf("StartTOTP twice = %v, want ErrHasFactor", err)
	}
	try := func(name, code string, want error) {
		t.Helper()
		if err := f.CheckTOTP(f.ctx(), account.ID, code, false); !errors.Is(err, want) {
			t.Errorf("%s: CheckTOTP(%q) = %v, want %v", name, code, err, want)
		}
	}
	for _, typed := range []string{"", "12345", "1234567", "12345a", "１２３４５６", "+12345", "12 34", strings.Repeat(" ", 99) + "123456"} {
		try("format", typed, ErrCodeFormat)
	}
	if n := f.count(`select count(*) from factor_throttles`); n != 1 { // of the try without an app
		t.Errorf("%d counts after codes of no shape, want none of them", n)
	}
	try("the code of the enrolment again", a.code(-1), ErrCodeUsed)
	now := a.code(0)
	try("typed with a space", now[:3]+" "+now[3:], nil)
	try("again", now, ErrCodeUsed)
	if !slices.Contains(f.alerts, "totp_reused") { // S-74
		t.Errorf("alerts %v after a code came twice", f.alerts)
	}
	try("one step ahead, with a dash", a.code(1)[:3]+"-"+a.code(1)[3:], nil)
	try("an older one, never used", a.code(0), ErrCodeUsed)
	f.later(4 * totpStep)
	try("two steps behind", a.code(-2), ErrWrongCode)
	try("two steps ahead", a.code(2), ErrWrongCode)
	try("one step behind", a.code(-1), nil)
	if n := f.count(`select count(*) from factor_throttles`); n != 0 {
		t.Errorf("%d counts after the right code, want 0", n)
	}
	if kinds := f.kinds(account.ID); !slices.Contains(kinds, audit.FactorAdded) || !slices.Contains(kinds, audit.FactorRefused) {
		t.Errorf("audit = %v", kinds)
	}
}

// S-15, S-77: of 32 uses of one code at once, one counts.
func TestTOTPRace(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 16)
	account := f.register("maria")
	a := f.enrolTOTP(account)
	code := a.code(0)
	if n := race(32, func() bool { return f.CheckTOTP(f.ctx(), account.ID, code, false) == nil }); n != 1 {
		t.Errorf("%d of 32 uses of a code at once succeed, want 1", n)
	}
}

// race runs try n times at once and counts the successes.
func race(n int, try func() bool) (successes int) {
	var wait sync.WaitGroup
	begin, results := make(chan struct{}), make([]bool, n)
	for i := range n {
		wait.Go(func() {
			<-begin
			results[i] = try()
		})
	}
	close(begin)
	wait.Wait()
	for _, ok := range results {
		if ok {
			successes++
		}
	}
	return successes
}

// S-16: ten wrong codes in ten minutes lock the app for ten, right codes included; a
// hundred in a row use it up; no right password clears the count.
func TestTOTPLocks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	a := f.enrolTOTP(account)
	for i := range factorWindowTries {
		if err := f.CheckTOTP(f.ctx(), account.ID, a.wrong(), false); !errors.Is(err, ErrWrongCode) {
			t.Fatalf("wrong code %d = %v, want ErrWrongCode", i+1, err)
		}
		if i == 4 {
			if got, err := f.try("maria", rightPassword); err != nil {
				t.Fatalf("the right password: %v", err)
			} else if _, err := f.StartPending(f.ctx(), PendingStart{Account: got, AMR: []string{"pwd"}, Browser: thisBrowser}); err != nil {
				t.Fatal(err)
			} else {
				f.start(SessionStart{Account: got})
			}
		}
	}
	err := f.CheckTOTP(f.ctx(), account.ID, a.code(0), false)
	locked, ok := errors.AsType[*FactorLockedError](err)
	if !ok || !locked.Until.Equal(f.now().Add(factorLock)) {
		t.Fatalf("the right code after ten wrong ones = %v, want locked for ten minutes", err)
	}
	if diff := cmp.Diff([]string{"factor_added", "factor_locked"}, f.mailKinds(account.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	f.later(factorLock)
	if err := f.CheckTOTP(f.ctx(), account.ID, a.code(0), false); err != nil {
		t.Fatalf("the right code after the lock: %v", err)
	}
	for range allFactorTries {
		f.later(2 * time.Minute) // never ten in ten minutes
		if err := f.CheckTOTP(f.ctx(), account.ID, a.wrong(), false); !errors.Is(err, ErrWrongCode) {
			t.Fatalf("wrong code = %v, want ErrWrongCode", err)
		}
	}
	if kinds := f.mailKinds(account.ID); kinds[len(kinds)-1] != "factor_used_up" {
		t.Errorf("the owner was told %v, not that no code counts any more", kinds)
	}
	f.later(24 * time.Hour)
	if locked, ok := errors.AsType[*FactorLockedError](f.CheckTOTP(f.ctx(), account.ID, a.code(0), false)); !ok || !locked.UsedUp {
		t.Error("the right code counts after a hundred wrong ones in a row, or a wait is said to help")
	}
	f.later(31 * 24 * time.Hour)
	if err := f.Sweep(f.ctx()); err != nil || f.count(`select count(*) from factor_throttles`) != 1 {
		t.Errorf("Sweep = %v, and forgets that the app is used up", err)
	}
	if err := f.RemoveTOTP(f.ctx(), account.ID); err != nil {
		t.Fatal(err)
	}
	if another := f.enrolTOTP(account); f.CheckTOTP(f.ctx(), account.ID, another.code(0), false) != nil {
		t.Error("another app does not start over")
	}
}

// S-55: what is enrolled within a day after a recovery can be used a day later. S-21:
// each change is mailed.
func TestNewFactorWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	if _, err := f.querier().Exec(f.ctx(), `update accounts set recovered_at = $2 where id = $1`, account.ID, f.now()); err != nil {
		t.Fatal(err)
	}
	f.later(time.Hour)
	enrolled := f.now()
	a := f.enrolTOTP(account)
	got, err := f.Factors(f.ctx(), account.ID)
	if want := (Factors{Waiting: enrolled.Add(24 * time.Hour)}); err != nil || got != want {
		t.Errorf("Factors = %+v, %v, want %+v", got, err, want)
	}
	if err := f.CheckTOTP(f.ctx(), account.ID, a.code(0), false); !errors.Is(err, ErrNoFactor) {
		t.Errorf("CheckTOTP = %v, want ErrNoFactor", err)
	}
	f.later(24 * time.Hour)
	if err := f.CheckTOTP(f.ctx(), account.ID, a.code(0), false); err != nil {
		t.Errorf("CheckTOTP a day later: %v", err)
	}
	if err := f.RemoveTOTP(f.ctx(), account.ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"factor_added_waits", "factor_removed"}, f.mailKinds(account.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

// The last factor takes the saved codes with it; support's reset takes all.
func TestRemoveFactors(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	for name, remove := range map[string]func(Account) error{
		"the last": func(a Account) error { return f.RemoveTOTP(f.ctx(), a.ID) },
		"all":      func(a Account) error { return f.RemoveFactors(f.ctx(), a.ID) },
	} {
		account := f.register(strings.ReplaceAll(name, " ", "."))
		f.enrolTOTP(account)
		if _, err := f.MakeSavedCodes(f.ctx(), account.ID, ""); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a second click changes nothing
			if err := remove(account); err != nil {
				t.Errorf("removing %s: %v", name, err)
			}
		}
		if n := f.count(`select (select count(*) from account_totp where account_id = $1) + (select count(*) from account_saved_codes where account_id = $1)`, account.ID); n != 0 {
			t.Errorf("removing %s leaves %d rows", name, n)
		}
		told := map[string]string{"the last": "factor_removed", "all": "factor_removed_desk"}[name]
		if diff := cmp.Diff([]string{"factor_added", "factor_added", told}, f.mailKinds(account.ID)); diff != "" {
			t.Errorf("removing %s: mails (-want +got):\n%s", name, diff)
		}
	}
}

// S-39: support takes second steps away from somebody whose telephone may be in other hands, with a session open on it: no
// session, and no grant that was made with the factor, continues.
func TestRemovedFactorsEndSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	f.enrolTOTP(account)
	started, err := f.StartSession(f.ctx(), SessionStart{Account: account, AMR: []string{"pwd", "otp", "mfa"}})
	if err != nil {
		t.Fatal(err)
	}
	f.later(time.Minute)
	if err := f.RemoveFactors(f.ctx(), account.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Session(f.ctx(), started.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("the session after it: %v, want ErrNoSession", err)
	}
	if n := f.count(`select count(*) from account_states where account_id = $1 and credentials_changed_at = $2`, account.ID, f.now()); n != 1 {
		t.Error("grants of before are good")
	}
}

// mailKinds are the kinds of the mails queued to an account, oldest first.
func (f *fixture) mailKinds(id uuid.UUID) []string {
	f.t.Helper()
	rows, err := f.querier().Query(f.ctx(), `select kind from mails where account_id = $1 order by created_at, id`, id)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	var kinds []string
	for rows.Next() {
		var kind string
		if err := rows.Scan(&kind); err != nil {
			f.t.Fatal(err)
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

// S-19: the ladder says what was proven and no more.
func TestACR(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		amr     []string
		matched bool
		want    string
		rank    int
	}{
		{[]string{"pwd"}, true, ACRPassword, 1},
		{[]string{"pwd"}, false, ACRUnmatched, 0},
		{[]string{"pwd", "otp", "mfa"}, true, ACRFactor, 2},
		{[]string{"pwd", "otp", "mfa"}, false, ACRFactor, 2},
		{[]string{"pwd", "pop", "mfa"}, true, ACRPhishingResistant, 3},
		{[]string{"pop", "mfa"}, false, ACRPhishingResistant, 3},
	} {
		if got := acrOf(test.amr, test.matched); got != test.want || Rank(got) != test.rank {
			t.Errorf("acrOf(%v, %t) = %s of rank %d, want %s of rank %d", test.amr, test.matched, got, Rank(got), test.want, test.rank)
		}
	}
}
