package accounts

import (
	"errors"
	"testing"
	"time"
)

// A password that was right a moment before another one was set begins nothing: neither a sign-in that waits for its second
// step nor a session.
func TestPasswordChangedDuringSignIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	stale, err := f.try("maria", rightPassword)
	if err != nil {
		t.Fatal(err)
	}
	f.later(time.Second)
	if err := f.ResetPassword(f.ctx(), stale.ID, f.newPassword(stale, otherPassword)); err != nil {
		t.Fatal(err)
	}
	f.later(time.Second)
	token, err := f.StartPending(f.ctx(), PendingStart{Account: stale, AMR: []string{"pwd"}, Browser: thisBrowser})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Pending(f.ctx(), token, thisBrowser); !errors.Is(err, ErrNoPending) {
		t.Errorf("the former password waits for its second step: %v", err)
	}
	now, err := f.try("maria", otherPassword)
	if err != nil {
		t.Fatal(err)
	}
	if token, err = f.StartPending(f.ctx(), PendingStart{Account: now, AMR: []string{"pwd"}, Browser: thisBrowser}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Pending(f.ctx(), token, thisBrowser); err != nil {
		t.Errorf("the new password: %v", err)
	}
}
