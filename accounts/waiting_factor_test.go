package accounts

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/passkeytest"
)

// S-55: whoever knew the password may have added a second step that waits for its first use. It goes with the owner's
// answer, also where its session is over by then; what the owner's own session has added stays.
func TestWaitingFactorsGoWithTheOwnersAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer  func(f *fixture, owner, thief Session) error
		signOut bool // the thief has
	}{
		"password": {func(f *fixture, owner, _ Session) error {
			return f.ChangePassword(f.ctx(), PasswordChange{PasswordProof: PasswordProof{Session: owner, Current: rightPassword, Source: "192.0.2.1/32"}, New: otherPassword})
		}, true},
		"other sessions ended": {func(f *fixture, owner, _ Session) error {
			return f.EndSessions(f.ctx(), owner.AccountID, owner.SID)
		}, true},
		"the session ended": {func(f *fixture, owner, thief Session) error {
			return f.EndOwnSession(f.ctx(), owner.AccountID, thief.SID)
		}, false},
	} {
		f := newFixture(t, 1)
		account := f.register("maria")
		first := f.start(SessionStart{Account: account})
		account, err := f.Get(f.ctx(), account.ID)
		f.must(err)
		owner := first.Session
		thief := f.start(SessionStart{Account: account, UserAgent: phone}).Session
		enrol := func(n Session) {
			options, err := f.BeginNewPasskey(f.ctx(), account, n.SID)
			f.must(err)
			usable, err := f.FinishNewPasskey(f.ctx(), account, n.SID, "", passkeytest.New(t, "https://idp.example").Create(options))
			f.must(err)
			if !usable.After(f.now()) {
				t.Fatalf("%s: a key that was added on a new device counts at once", name)
			}
		}
		enrol(thief)
		key, err := f.StartTOTP(f.ctx(), account.ID, thief.SID)
		f.must(err)
		_, err = f.ConfirmTOTP(f.ctx(), account.ID, thief.SID, app{f, key}.code(0))
		f.must(err)
		enrol(owner)
		if test.signOut {
			f.must(f.SignOut(f.ctx(), thief.SID))
		}
		f.later(time.Minute)
		f.must(test.answer(f, owner, thief))
		if n := f.count(`select count(*) from account_passkeys where sid = $1`, owner.SID); n != 1 {
			t.Errorf("%s: the owner's own key is gone", name)
		}
		if n := f.count(`select (select count(*) from account_passkeys where sid <> $1) + (select count(*) from account_totp)`, owner.SID); n != 0 {
			t.Errorf("%s: %d second steps of the other session wait", name, n)
		}
		removed := 0
		for _, kind := range f.mailKinds(account.ID) {
			if kind == "factor_removed" {
				removed++
			}
		}
		if removed != 2 {
			t.Errorf("%s: %d mails about removed second steps, want 2", name, removed)
		}
		// One that counts stays, whoever added it: the page has asked for it since.
		f.write(`update account_passkeys set usable_from = $1, sid = $2`, f.now(), uuid.NewString())
		f.must(f.EndSessions(f.ctx(), account.ID, owner.SID))
		if n := f.count(`select count(*) from account_passkeys`); n != 1 {
			t.Errorf("%s: a key that counts is gone", name)
		}
	}
}

// The owner of a passkey that waits is told so, at the sign-in as well; it opens nothing before its time.
func TestPasskeyThatWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	f.write(`update accounts set new_device_at = $1`, f.now())
	device := f.enrolPasskey(account)
	if _, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, device.Get(f.askPasskey(uuid.Nil))); !errors.Is(err, ErrPasskeyWaits) {
		t.Errorf("FinishPasskey = %v, want ErrPasskeyWaits", err)
	}
	if n := f.count(`select count(*) from account_passkeys where last_used_at is null`); n != 1 {
		t.Error("the key counts as used")
	}
	f.later(newFactorWait)
	if _, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, device.Get(f.askPasskey(uuid.Nil))); err != nil {
		t.Errorf("a day later: %v", err)
	}
}
