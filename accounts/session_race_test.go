package accounts

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestProofIsVoidOnceCredentialsChange (S-39, S-54): a sign-in whose password was right a moment ago opens nothing once another is set,
// whatever set it.
func TestProofIsVoidOnceCredentialsChange(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]func(f *fixture, a Account) error{
		"password change": func(f *fixture, a Account) error {
			return f.ChangePassword(f.ctx(), PasswordChange{PasswordProof: PasswordProof{Session: Session{SID: "sid", AccountID: a.ID, Username: a.Username}, Current: rightPassword}, New: otherPassword})
		},
		"recovery": func(f *fixture, a Account) error {
			return f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword))
		},
		"a second step taken away": func(f *fixture, a Account) error { return f.RemoveFactors(f.ctx(), a.ID) },
		"this wasn't me": func(f *fixture, a Account) error {
			err := f.Notify(f.ctx(), a.ID, "question_changed", nil)
			_, err2 := f.Disown(f.ctx(), f.disownLink("question_changed"), nil)
			return errors.Join(err, err2)
		},
	} {
		f := newFixture(t, 1)
		f.register("maria")
		proven, err := f.try("maria", rightPassword)
		if err != nil {
			t.Fatal(err)
		}
		f.later(time.Millisecond)
		if err := event(f, proven); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := ErrWrongCredentials
		if name == "this wasn't me" { // the account is protected as well
			want = ErrDisabled
		}
		if _, err := f.StartSession(f.ctx(), SessionStart{Account: proven, AMR: []string{"pwd"}}); !errors.Is(err, want) {
			t.Errorf("%s: the sign-in of before: %v, want %v", name, err, want)
		}
		if n := f.count(`select count(*) from open_sessions where account_id = $1`, proven.ID); n != 0 {
			t.Errorf("%s: %d sessions", name, n)
		}
	}
}

// TestSignInWhileCredentialsChange: likewise while the change is under way and not yet committed, at each of its steps.
func TestSignInWhileCredentialsChange(t *testing.T) {
	t.Parallel()
	browser := []byte("a browser of the thief's")
	for name, begin := range map[string]func(f *fixture, a Account) error{
		"a session": func(f *fixture, a Account) error {
			_, err := f.StartSession(f.ctx(), SessionStart{Account: a, AMR: []string{"pwd"}})
			return err
		},
		"a sign-in that waits for its second step": func(f *fixture, a Account) error {
			token, err := f.StartPending(f.ctx(), PendingStart{Account: a, AMR: []string{"pwd"}, Browser: browser})
			if err == nil {
				_, err = f.Pending(f.ctx(), token, browser)
			}
			return err
		},
	} {
		for _, step := range []string{"once sessions have ended", "once all is written"} {
			f := newFixture(t, 3)
			f.register("maria")
			proven, err := f.try("maria", rightPassword)
			if err != nil {
				t.Fatal(err)
			}
			f.later(time.Millisecond)
			hash := f.newPassword(proven, otherPassword)
			done := make(chan error, 1)
			err = f.db.InTx(f.ctx(), func(ctx context.Context) error {
				if step == "once sessions have ended" {
					f.must(f.EndSessions(ctx, proven.ID, ""))
				} else {
					f.must(f.ResetPassword(ctx, proven.ID, hash))
				}
				go func() { done <- begin(f, proven) }()
				select {
				case err := <-done:
					done <- err
				case <-time.After(300 * time.Millisecond):
				}
				if step == "once all is written" {
					return nil
				}
				b := &pgx.Batch{}
				f.store.resetPassword(b, proven.ID, hash, f.now())
				return f.store.run(ctx, b)
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; !errors.Is(err, ErrWrongCredentials) && !errors.Is(err, ErrNoPending) {
				t.Errorf("%s, %s: %v", name, step, err)
			}
		}
	}
}
