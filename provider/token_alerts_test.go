package provider_test

import (
	"testing"
	"time"
)

// TestReplayAlerts (S-74): a code and a refresh token that come a second time are alerts each
// time, under parallel use as well; a lost answer is none.
func TestReplayAlerts(t *testing.T) {
	t.Parallel()
	b := newBench(t, 8)
	id, secret := b.client(nil)
	w := b.signedIn()
	code, verifier := b.code(w, id)
	first := b.redeem(id, secret, code, verifier)
	b.refresh(id, secret, first.text("refresh_token")).want(t, 200, "")
	b.refresh(id, secret, first.text("refresh_token")).want(t, 200, "")
	if got := b.alerts(); len(got) != 0 {
		t.Fatalf("alerts %v after a lost answer, want none", got)
	}
	b.clock.advance(11 * time.Second)
	for range 8 {
		b.refresh(id, secret, first.text("refresh_token")).want(t, 400, "invalid_grant")
	}
	if got := b.alerts()["refresh_replayed"]; got == 0 {
		t.Error("replayed refresh tokens gave no alert")
	}
	code, verifier = b.code(w, id)
	race(32, func() answer { return b.redeem(id, secret, code, verifier) })
	if got := b.alerts()["code_replayed"]; got == 0 {
		t.Error("a replayed code gave no alert")
	}
}
