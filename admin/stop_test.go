package admin

import (
	"context"
	"errors"
	"slices"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/recovery"
)

// TestStopChange (S-64): a change on hold is stopped at the member's word by one person, at once, without a second one and
// without proof of who calls: nothing is lost by it. The member is notified.
func TestStopChange(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	if _, err := d.Do(t.Context(), d.rosa, nil, d.maria.ID, StopChange, d.asking(d.maria.ID)); !errors.Is(err, ErrConflict) {
		t.Errorf("nothing to stop = %v, want ErrConflict", err)
	}
	d.withApp(d.maria.ID)
	for _, c := range []recovery.Change{{Act: recovery.ChangeEmail, Email: "dieb@example.org"}, {Act: recovery.ResetFactor}} {
		c.AccountID, c.AskedBy = d.maria.ID, d.luis.ID.String()
		if _, err := d.recovery.Hold(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if sum := d.seen(d.rosa, d.maria.ID); !slices.Contains(sum.Acts, StopChange) || slices.Contains(sum.Acts, Withdraw) {
		t.Errorf("the page offers %v", sum.Acts)
	}
	if out := must[Outcome](t)(d.Do(t.Context(), d.rosa, nil, d.maria.ID, StopChange, d.asking(d.maria.ID))); out.State != Done {
		t.Errorf("StopChange = %+v", out)
	}
	if held, err := d.recovery.Pending(t.Context(), d.maria.ID); err != nil || len(held) != 0 {
		t.Errorf("still held: %v, %v", held, err)
	}
	if len(d.mailed("staff_acted")) != 1 || len(d.mailed("email_cancelled")) != 1 {
		t.Error("the member was not notified")
	}
	if sum := d.seen(d.rosa, d.maria.ID); slices.Contains(sum.Acts, StopChange) {
		t.Errorf("the page offers %v afterwards", sum.Acts)
	}
}

// TestWithdraw (S-64): who asked for a second person's word takes the request back, and then nobody approves it; a colleague's
// request is not theirs to take back.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	out := d.askEmail()
	if out.State != Asked {
		t.Fatalf("ask = %+v", out)
	}
	eva := d.person("eva", Recover)
	if _, err := d.Do(t.Context(), eva, nil, d.maria.ID, Withdraw, d.asking(d.maria.ID)); !errors.Is(err, ErrConflict) {
		t.Errorf("another's request = %v, want ErrConflict", err)
	}
	if sum := d.seen(d.rosa, d.maria.ID); !slices.Contains(sum.Acts, Withdraw) {
		t.Errorf("the page offers %v", sum.Acts)
	}
	told := len(d.mailed("staff_acted"))
	if out := must[Outcome](t)(d.Do(t.Context(), d.rosa, nil, d.maria.ID, Withdraw, d.asking(d.maria.ID))); out.State != Done {
		t.Errorf("Withdraw = %+v", out)
	}
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); !errors.Is(err, ErrGone) {
		t.Errorf("approving what was withdrawn = %v, want ErrGone", err)
	}
	if n := d.count(`select count(*) from held_changes`); n != 0 || len(d.mailed("staff_acted")) != told {
		t.Errorf("%d changes are held, or the member was notified of nothing", n)
	}
}

// TestWithdrawBesideApproval: withdrawn and approved at the same moment, the first counts, and neither waits for the other in
// a circle.
func TestWithdrawBesideApproval(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 3)
	id := d.askEmail().RequestID
	var approved <-chan error
	err := d.store.db.InTx(t.Context(), func(ctx context.Context) error { // what Do does to withdraw
		if err := d.store.lockSubject(ctx, d.maria.ID); err != nil {
			return err
		}
		approved = postgrestest.Beside(t, d.store.db, func() error {
			_, err := d.Decide(t.Context(), d.fresh(d.luis), nil, id, true, "")
			return err
		})
		_, err := d.store.withdraw(ctx, d.maria.ID, d.rosa.ID, d.now())
		return err
	})
	if err != nil {
		t.Errorf("withdrawing = %v", err)
	}
	if err := <-approved; !errors.Is(err, ErrGone) {
		t.Errorf("approving meanwhile = %v, want ErrGone", err)
	}
}
