package admin

import (
	"testing"
	"time"
)

// TestRequestBearsWhatItDoesNotDependOn: neither another language nor a change of the question, which whoever has an old session can make,
// keeps another address from being approved; a question that is to be removed is another matter.
func TestRequestBearsWhatItDoesNotDependOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	out := d.askEmail()
	d.later(time.Second)
	if err := d.people.ChangeLanguage(t.Context(), d.maria.ID, "en"); err != nil {
		t.Fatal(err)
	}
	if done, err := d.Decide(t.Context(), d.fresh(d.luis), nil, out.RequestID, true, ""); err != nil || done.State != OnHold {
		t.Errorf("another language: %+v, %v", done, err)
	}
	u := must[*Subject](t)(d.subject(t.Context(), d.maria.ID))
	for act, dependent := range map[Act]bool{ChangeEmail: false, ResetFactor: false, ChangeMember: false, ResetQuestion: false, ReleaseLock: true} {
		before := u.frozen(act)
		locked := *u
		locked.Stuck.Locked = true // by a stranger who knows the number of the card
		if (locked.frozen(act) != before) != dependent {
			t.Errorf("%s and a lock of the card: depends %t", act, !dependent)
		}
		asked := *u
		asked.Account.UpdatedAt = d.now().Add(time.Hour)
		if (asked.frozen(act) != before) != (act == ResetQuestion) {
			t.Errorf("%s and another question: depends %t", act, act != ResetQuestion)
		}
	}
}
