package admin

import (
	"errors"
	"testing"
	"time"
)

// What a member stops is not asked for again on the word of the same call: the verification before it counts no more. A stop that the
// caller asked for leaves it.
func TestStoppedByItsMemberEndsTheVerification(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	ctx := t.Context()
	out := d.askEmail()
	d.at(d.now().Add(time.Minute))
	if _, err := d.Decide(ctx, d.fresh(d.luis), nil, out.RequestID, true, "La persona está aquí con su tarjeta"); err != nil {
		t.Fatal(err)
	}
	again := func() error {
		a := d.asking(d.maria.ID)
		a.Email = "nueva@example.org"
		_, err := d.Do(ctx, d.fresh(d.rosa), nil, d.maria.ID, ChangeEmail, a)
		return err
	}
	d.at(d.now().Add(time.Minute))
	if stopped, err := d.recovery.StopHeld(ctx, d.maria.ID); err != nil || !stopped { // as the member's link or page does
		t.Fatalf("stopped %t, %v", stopped, err)
	}
	d.at(d.now().Add(time.Minute))
	if v := d.seen(d.rosa, d.maria.ID).Verification; v.Verified {
		t.Errorf("the member's page says that the caller is verified: %+v", v)
	}
	if err := again(); !errors.Is(err, ErrUnverified) {
		t.Errorf("the same change is asked for on the same call: %v", err)
	}
	d.verify(d.rosa, d.maria.ID, InPerson)
	if err := again(); err != nil {
		t.Errorf("after another proof: %v", err)
	}
}
