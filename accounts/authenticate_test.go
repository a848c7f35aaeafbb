package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huskyidp/internal/audit"
)

// outcome is what an attempt shows of itself.
func outcome(err error) string {
	if wait, ok := errors.AsType[*WaitError](err); ok {
		return wait.RetryAfter().String()
	}
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrWrongCredentials):
		return "wrong"
	case errors.Is(err, ErrDisabled):
		return "disabled"
	}
	return err.Error()
}

// S-07, S-10, S-12: the waits, for a name that exists and, alike, for one that does not.
func TestWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	for _, name := range []string{"maria", "nadie"} {
		at := f.now()
		for i, step := range []struct {
			after time.Duration
			want  string
		}{
			{0, "wrong"}, {0, "wrong"}, {0, "wrong"}, {0, "wrong"}, {0, "wrong"},
			{0, "1m0s"}, {59 * time.Second, "1s"},
			{time.Second, "wrong"}, {0, "2m0s"},
			{2 * time.Minute, "wrong"}, {0, "4m0s"},
			{4 * time.Minute, "wrong"}, {8 * time.Minute, "wrong"}, {16 * time.Minute, "wrong"}, {32 * time.Minute, "wrong"},
			{0, "1h0m0s"}, {time.Hour, "wrong"}, {0, "1h0m0s"},
		} {
			f.later(step.after)
			if _, err := f.try(name, wrongPassword); outcome(err) != step.want {
				t.Errorf("%s, step %d: %s, want %s", name, i, outcome(err), step.want)
			}
		}
		if _, err := f.try(name, rightPassword); outcome(err) != "1h0m0s" {
			t.Errorf("%s: the right password during a wait: %s, want the same answer", name, outcome(err))
		}
		f.at(at)
	}
}

// S-07: a hundred failures in a row use the password up; nothing else does.
func TestPasswordIsUsedUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	for range allFailures {
		if _, err := f.try("maria", wrongPassword); outcome(err) != "wrong" {
			t.Fatalf("a failure within its turn: %s", outcome(err))
		}
		f.later(longestWait)
	}
	f.later(365 * 24 * time.Hour)
	if _, err := f.try("maria", rightPassword); outcome(err) != "1h0m0s" {
		t.Errorf("after %d failures: %s, want no way in", allFailures, outcome(err))
	}
	if err := f.Sweep(f.ctx()); err != nil {
		t.Fatalf("Sweep: %v", err)
	}
	if _, err := f.try("maria", rightPassword); outcome(err) != "1h0m0s" {
		t.Errorf("after the sweep: %s, want no way in", outcome(err))
	}
	if !slices.Contains(f.alerts, "password_used_up") { // S-74
		t.Errorf("alerts %v after a hundred failures", f.alerts)
	}
	if got := f.kinds(account.ID); !slices.Contains(got, audit.PasswordDisabled) {
		t.Errorf("audit has %v, want %s among them", got, audit.PasswordDisabled)
	}
}

// S-07: a success clears the count.
func TestSuccessClearsTheCount(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	for range 3 {
		for range freeFailures - 1 {
			if _, err := f.try("maria", wrongPassword); outcome(err) != "wrong" {
				t.Fatalf("a failure: %s", outcome(err))
			}
		}
		if _, err := f.try("maria", rightPassword); err != nil {
			t.Fatalf("the right password: %v", err)
		}
		f.start(SessionStart{Account: account})
	}
}

// S-08: spellings of one name share one count.
func TestSpellingsShareTheCount(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	for _, spelling := range []string{"maria", "MARIA", " Maria ", "ｍａｒｉａ", "mARIA\t"} {
		if _, err := f.try(spelling, wrongPassword); outcome(err) != "wrong" {
			t.Fatalf("%q: %s, want wrong", spelling, outcome(err))
		}
	}
	if _, err := f.try("maria", rightPassword); outcome(err) != "1m0s" {
		t.Errorf("after five spellings: %s, want a wait", outcome(err))
	}
	for _, spelling := range []string{"no one", "NO ONE", "no  one", " no one", "No\u00a0One"} {
		if _, err := f.try(spelling, wrongPassword); outcome(err) != "wrong" {
			t.Fatalf("%q: %s, want wrong", spelling, outcome(err))
		}
	}
	if _, err := f.try("noone", wrongPassword); outcome(err) != "1m0s" {
		t.Errorf("a name nobody can have, after five spellings: %s, want a wait", outcome(err))
	}
}

// S-10: parallel attempts buy no further guess.
func TestParallelFailuresCountExactly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 8)
	f.register("maria")
	f.hashes.Store(0)
	var wrong, waiting atomic.Int32
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			_, err := f.try("maria", wrongPassword)
			for errors.Is(err, ErrBusy) { // a busy machine: it cost nobody a try
				_, err = f.try("maria", wrongPassword)
			}
			switch outcome(err) {
			case "wrong":
				wrong.Add(1)
			case "1m0s":
				waiting.Add(1)
			default:
				t.Errorf("an attempt: %v", err)
			}
		})
	}
	all.Wait()
	if wrong.Load() != freeFailures || waiting.Load() != 32-freeFailures || f.hashes.Load() != freeFailures {
		t.Errorf("%d wrong, %d waiting, %d hashes, want %d, %d, %d",
			wrong.Load(), waiting.Load(), f.hashes.Load(), freeFailures, 32-freeFailures, freeFailures)
	}
	if n := f.count(`select failures from sign_in_throttles`); n != freeFailures {
		t.Errorf("%d failures are counted, want %d", n, freeFailures)
	}
}

// S-11: a stranger cannot lock a member out of a browser that is known, the browser's
// count is its own, and its cookie is good for one account.
func TestKnownDevice(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account, other := f.register("maria"), f.register("jose")
	device := f.start(SessionStart{Account: account}).Device
	with := func(device, username, password string) string {
		_, err := f.Authenticate(f.ctx(), Attempt{Username: username, Password: password, Device: device})
		return outcome(err)
	}
	for range freeFailures {
		with("", "maria", wrongPassword)
		with("", "jose", wrongPassword)
	}
	for _, step := range []struct{ name, device, username, password, want string }{
		{"a stranger", "", "maria", rightPassword, "1m0s"},
		{"a forged cookie", otherwise(device), "maria", rightPassword, "1m0s"},
		{"another account", device, "jose", rightPassword, "1m0s"},
		{"the known browser", device, "Maria", rightPassword, "ok"},
	} {
		if got := with(step.device, step.username, step.password); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	f.start(SessionStart{Account: account, Device: device})
	if got := with("", "maria", wrongPassword); got != "wrong" {
		t.Errorf("a stranger after the member's success: %s, want the count cleared", got)
	}
	for range freeFailures {
		with(device, "maria", wrongPassword)
	}
	if got := with(device, "maria", rightPassword); got != "1m0s" {
		t.Errorf("the known browser after its own failures: %s, want a wait", got)
	}
	f.later(KnownDeviceAge)
	device = f.start(SessionStart{Account: other}).Device
	f.later(KnownDeviceAge)
	if f.readDeviceCookie(device, "jose", f.now()).valid {
		t.Error("the cookie is known after 180 days, want forgotten")
	}
}

// S-12: that an account is closed is shown only after the right password.
func TestDisabled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	session := f.start(SessionStart{Account: account})
	if _, err := f.querier().Exec(f.ctx(), `update accounts set status = 'disabled'`); err != nil {
		t.Fatal(err)
	}
	if _, err := f.try("maria", wrongPassword); outcome(err) != "wrong" {
		t.Errorf("the wrong password: %s, want wrong", outcome(err))
	}
	if _, err := f.try("maria", rightPassword); outcome(err) != "disabled" {
		t.Errorf("the right password: %s, want disabled", outcome(err))
	}
	for i := range 2 * freeFailures { // it is no failure, and costs the same round trips as a wrong one
		var right, wrong error
		trips, _ := f.trips.Of(func() { _, right = f.try("maria", rightPassword) })
		other, _ := f.trips.Of(func() { _, wrong = f.try("maria", wrongPassword) })
		if outcome(right) != "disabled" || outcome(wrong) != "wrong" || trips != other {
			t.Fatalf("attempt %d: %s in %d round trips, %s in %d", i, outcome(right), trips, outcome(wrong), other)
		}
	}
	if locks, err := f.Locks(f.ctx(), account.ID); err != nil || len(locks) != 0 {
		t.Errorf("Locks after the right password: %+v, %v", locks, err)
	}
	// S-25: the open session is void at once, and no other begins.
	if _, err := f.Session(f.ctx(), session.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("Session of a closed account: %v, want ErrNoSession", err)
	}
	before := f.kinds(account.ID)
	if _, err := f.StartSession(f.ctx(), SessionStart{Account: account, AMR: []string{"pwd"}}); !errors.Is(err, ErrDisabled) {
		t.Errorf("StartSession of a closed account: %v, want ErrDisabled", err)
	}
	if diff := cmp.Diff(before, f.kinds(account.ID)); diff != "" { // S-71: no change, no row
		t.Errorf("audit of a refused session (-want +got):\n%s", diff)
	}
}

// S-13: what an attempt costs does not depend on whether the name exists: the same
// hashes with the same parameters, the same round trips; see also TestTiming.
func TestEqualWork(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	cost := func(username, password string) string {
		f.hashes.Store(0)
		var err error
		trips, _ := f.trips.Of(func() { _, err = f.try(username, password) })
		return fmt.Sprintf("%s: %d hashes, %d round trips", outcome(err), f.hashes.Load(), trips)
	}
	long := string(make([]rune, 10_000))
	for i, password := range []string{wrongPassword, "", long, wrongPassword, wrongPassword, wrongPassword} {
		known, unknown := cost("maria", password), cost("nadie", password)
		if known != unknown {
			t.Errorf("attempt %d: known name %q, unknown name %q", i, known, unknown)
		}
	}
	if got, want := cost("nadie2", wrongPassword), "wrong: 1 hashes, 3 round trips"; got != want {
		t.Errorf("an attempt costs %q, want %q", got, want)
	}
}

// S-04: older parameters are replaced at the next right password, once.
func TestRehash(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	f.hasher.params = HashParams{MemoryKiB: 128, Passes: 1, Lanes: 1}
	for i, want := range []int64{2, 1} {
		f.hashes.Store(0)
		if _, err := f.try("maria", rightPassword); err != nil {
			t.Fatalf("attempt %d: %v", i, err)
		}
		if got := f.hashes.Load(); got != want {
			t.Errorf("attempt %d: %d hashes, want %d", i, got, want)
		}
	}
	if got := f.kinds(account.ID); !slices.Contains(got, audit.PasswordRehashed) {
		t.Errorf("audit has %v, want %s among them", got, audit.PasswordRehashed)
	}
}

// fillSlots takes every slot for a hash.
func (f *fixture) fillSlots() (leave func()) {
	f.t.Helper()
	var all []func()
	for range f.hasher.count {
		leave, err := f.hasher.enter(f.ctx())
		if err != nil {
			f.t.Fatalf("enter: %v", err)
		}
		all = append(all, leave)
	}
	return func() {
		for _, leave := range all {
			leave()
		}
	}
}

// S-05: beyond the slots an attempt waits, and then costs nobody a try.
func TestBusy(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	defer f.fillSlots()()
	ctx, cancel := context.WithTimeout(f.ctx(), 50*time.Millisecond)
	defer cancel()
	if _, err := f.HashPassword(ctx, [16]byte{}, rightPassword); !errors.Is(err, ErrBusy) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("HashPassword = %v, want an end by its deadline", err)
	}
	began := time.Now()
	if _, err := f.try("maria", wrongPassword); !errors.Is(err, ErrBusy) {
		t.Errorf("Authenticate = %v, want ErrBusy", err)
	}
	if took := time.Since(began); took < hashWait {
		t.Errorf("ErrBusy after %v, want at least %v", took, hashWait)
	}
	if n := f.count(`select count(*) from sign_in_throttles`); n != 0 {
		t.Errorf("%d failures are counted, want 0", n)
	}
}

// S-04, S-46: a hash copied to another account opens nothing.
func TestHashIsBoundToItsAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	thief := f.register("ladron")
	_, err := f.querier().Exec(f.ctx(), `update accounts set password_sealed = (select password_sealed from accounts where id = $1)`, thief.ID)
	if err != nil {
		t.Fatal(err)
	}
	if account, err := f.try("maria", rightPassword); err == nil {
		t.Errorf("signed in as %s with a copied hash", account.Username)
	}
}

// The owner of a locked account is notified once, and only where there is an account.
func TestSendNotices(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	f.register("jose")
	for range freeFailures {
		f.try("maria", wrongPassword)
		f.try("nadie", wrongPassword)
	}
	f.try("jose", wrongPassword)
	for range 2 {
		if err := f.SendNotices(f.ctx()); err != nil {
			t.Fatalf("SendNotices: %v", err)
		}
		f.later(time.Minute)
		f.try("maria", wrongPassword)
	}
	if n := f.count(`select count(*) from mails where kind = 'locked'`); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
	if n := f.count(`select count(*) from mails where account_id = $1`, account.ID); n != 1 {
		t.Errorf("%d mails to the account, want 1", n)
	}
	if got := f.kinds(account.ID); !slices.Contains(got, audit.AccountLocked) {
		t.Errorf("audit has %v, want %s among them", got, audit.AccountLocked)
	}
}

// The real parameters work, and take what S-05 says.
func TestDefaultParameters(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	h := newHasher(HashParams{}, f.keyring)
	if h.params != (HashParams{47104, 1, 1}) {
		t.Errorf("parameters %+v", h.params)
	}
	if p, salt, hash, err := decodePHC("$argon2id$v=19$m=47104,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" +
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"); err != nil || p != h.params || len(salt) != 16 || len(hash) != 32 {
		t.Errorf("decodePHC = %+v, %d, %d, %v", p, len(salt), len(hash), err)
	}
	for _, bad := range []string{"", "$argon2i$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA", "$argon2id$v=18$m=1,t=1,p=1$c2FsdA$aGFzaA", "$argon2id$v=19$m=1$c2FsdA$aGFzaA", "$argon2id$v=19$m=47104,t=1,p=1$c2FsdA$aGFzaA"} {
		if _, _, _, err := decodePHC(bad); err == nil {
			t.Errorf("decodePHC(%q) went through", bad)
		}
	}
}
