package accounts

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/passkeytest"
)

// S-22: a passkey's answer is good once. For seconds the browser that gave it may send the very same again, since ours may be
// lost; nobody else may, and nothing else, nor the next person there.
func TestPasskeySentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4)
	account := f.register("maria")
	device := f.enrolPasskey(account)
	finish := func(browser []byte, id uuid.UUID, answer string) error {
		got, err := f.FinishPasskey(f.ctx(), browser, id, answer)
		if err == nil && got.ID != account.ID {
			t.Errorf("it is of %s", got.ID)
		}
		return err
	}
	for _, id := range []uuid.UUID{uuid.Nil, account.ID} {
		for name, test := range map[string]struct {
			between func()
			browser []byte
			other   bool // another answer to the same challenge
			want    error
		}{
			"at once":         {},
			"a session later": {between: func() { f.start(SessionStart{Account: account, AMR: []string{"pop", "mfa"}, Browser: thisBrowser}) }},
			"nine seconds":    {between: func() { f.later(provedTwice - time.Second) }},
			"too late":        {between: func() { f.later(provedTwice) }, want: ErrPasskey},
			"another browser": {browser: otherBrowser, want: ErrPasskey},
			"another answer":  {other: true, want: ErrPasskey},
			"after signing out": {between: func() {
				if err := f.EndBrowser(f.ctx(), thisBrowser); err != nil {
					t.Error(err)
				}
			}, want: ErrPasskey},
		} {
			options := f.askPasskey(id)
			answer := device.Get(options)
			if err := finish(thisBrowser, id, answer); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if test.between != nil {
				test.between()
			}
			if test.other {
				answer = device.Get(options)
			}
			if test.browser == nil {
				test.browser = thisBrowser
			}
			if err := finish(test.browser, id, answer); !errors.Is(err, test.want) {
				t.Errorf("%s: sent again = %v, want %v", name, err, test.want)
			}
		}

		var both sync.WaitGroup
		answer := device.Get(f.askPasskey(id))
		for range 2 {
			both.Go(func() {
				if err := finish(thisBrowser, id, answer); err != nil {
					t.Errorf("at the same moment: %v", err)
				}
			})
		}
		both.Wait()

		count := device.Count
		device.Count = 0
		copied := device.Get(f.askPasskey(id))
		device.Count = count
		for range 2 {
			if err := finish(thisBrowser, id, copied); !errors.Is(err, ErrPasskey) {
				t.Errorf("a copy = %v", err)
			}
		}
	}
}

// The outcome is the same for a key that does not count yet, and for one that is gone by then.
func TestOutcomeSentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	device := f.enrolPasskey(account)
	f.write(`update account_passkeys set usable_from = $2 where account_id = $1`, account.ID, f.now().Add(time.Hour))
	answer := device.Get(f.askPasskey(uuid.Nil))
	for range 2 {
		if _, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, answer); !errors.Is(err, ErrPasskeyWaits) {
			t.Errorf("a key that waits = %v", err)
		}
	}
	f.write(`update account_passkeys set usable_from = $2 where account_id = $1`, account.ID, f.now())
	f.write(`delete from account_passkeys where account_id = $1`, account.ID)
	if _, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, answer); !errors.Is(err, ErrPasskey) || errors.Is(err, ErrPasskeyWaits) {
		t.Errorf("a key that is gone = %v", err)
	}
}

// The form that has just added a key knows it again, in the same session, for a minute.
func TestEnrolmentSentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	options, err := f.BeginNewPasskey(f.ctx(), account, "sid")
	if err != nil {
		t.Fatal(err)
	}
	device := passkeytest.New(t, "https://idp.example")
	answer := device.Create(options)
	just := func(sid, answer string) bool {
		usable, err := f.JustEnrolled(f.ctx(), account.ID, sid, answer)
		if err != nil {
			t.Error(err)
		}
		return !usable.IsZero()
	}
	if just("sid", answer) {
		t.Error("before it was sent")
	}
	if _, err := f.FinishNewPasskey(f.ctx(), account, "sid", "", answer); err != nil {
		t.Fatal(err)
	}
	if !just("sid", answer) || just("other", answer) || just("sid", device.Create(options)+" ") || just("sid", "{") {
		t.Error("sent again, or something else")
	}
	if _, err := f.FinishNewPasskey(f.ctx(), account, "sid", "", answer); !errors.Is(err, ErrHasFactor) {
		t.Errorf("FinishNewPasskey again = %v", err)
	}
	f.later(changedAgain)
	if just("sid", answer) {
		t.Error("a minute later")
	}
}
