package recovery

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// S-64: a session stops what waits for its own account, again with the same answer; not what was asked for in person, nor
// another's, nor what is made already.
func TestStopBySession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, other := f.member("maria", "004123789"), f.member("john", "004123790")
	hold := func(c Change) Change {
		t.Helper()
		c.AccountID, c.AskedBy = a.ID, "s1"
		c, err := f.Hold(t.Context(), c)
		check(t, err)
		return c
	}
	stop := func(account, id uuid.UUID, want bool) {
		t.Helper()
		stopped, err := f.StopBySession(t.Context(), account, id, "sid")
		if err != nil || stopped != want {
			t.Errorf("StopBySession = %v, %v, want %v", stopped, err, want)
		}
	}
	for _, c := range []Change{{Act: ChangeEmail, Email: "dieb@example.org"}, {Act: ResetFactor}, {Act: ResetQuestion}} {
		held := hold(c)
		stop(other.ID, held.ID, false)
		stop(a.ID, uuid.Must(uuid.NewV7()), false)
		stop(a.ID, held.ID, true)
		stop(a.ID, held.ID, true)
		if waits, err := f.Pending(t.Context(), a.ID); err != nil || len(waits) != 0 {
			t.Errorf("%s still waits: %v, %v", c.Act, waits, err)
		}
	}
	if n := len(f.mailed("email_cancelled")); n != 1 {
		t.Errorf("%d mails of a stopped address, want 1", n)
	}
	var made uuid.UUID
	for _, act := range []Act{ResetFactor, ResetQuestion, ChangeEmail} {
		c := Change{Act: act, InPerson: true}
		if act == ChangeEmail {
			c.Email = "nueva@example.org"
		}
		made = hold(c).ID
		stop(a.ID, made, false)
	}
	if waits, err := f.Pending(t.Context(), a.ID); err != nil || len(waits) != 3 {
		t.Errorf("asked for in person: %v, %v", waits, err)
	}
	f.later(25 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	stop(a.ID, made, false)
}
