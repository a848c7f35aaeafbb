package recovery

import (
	"context"
	"errors"
	"testing"
	"time"

	"huskyidp/accounts"
)

// TestHeldWhileTheSessionEnds (S-39): what a session asked for while the owner recovered the account is not held: the closing would end the
// account a week later.
func TestHeldWhileTheSessionEnds(t *testing.T) {
	t.Parallel()
	for act, email := range map[Act]string{ChangeEmail: "dieb@example.org", CloseAccount: ""} {
		f := newFixture(t)
		a := f.member("maria", "004123789")
		started, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
		check(t, err)
		done := make(chan error, 1)
		check(t, f.db.InTx(t.Context(), func(ctx context.Context) error {
			err := f.people.EndSessions(ctx, a.ID, "")
			go func() {
				_, err := f.Hold(t.Context(), Change{AccountID: a.ID, SID: started.SID, Act: act, Email: email})
				done <- err
			}()
			select {
			case err := <-done:
				done <- err
			case <-time.After(300 * time.Millisecond):
			}
			return err
		}))
		if err := <-done; !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("%s: %v, want ErrNoSession", act, err)
		}
		if held, err := f.Pending(t.Context(), a.ID); err != nil || len(held) != 0 {
			t.Errorf("%s: %d changes on hold (%v)", act, len(held), err)
		}
	}
}
