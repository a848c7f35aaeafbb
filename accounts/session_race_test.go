package accounts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"huskyidp/internal/passkeytest"
	"huskyidp/internal/postgres/postgrestest"
)

// TestProofIsVoidOnceCredentialsChange (S-39, S-54): a sign-in whose password was right a moment ago opens nothing once another is set,
// whatever set it.
func TestProofIsVoidOnceCredentialsChange(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]func(f *fixture, a Account) error{
		"password change": changePassword,
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
			var done <-chan error
			err = f.db.InTx(f.ctx(), func(ctx context.Context) error {
				if step == "once sessions have ended" {
					f.must(f.EndSessions(ctx, proven.ID, ""))
				} else {
					f.must(f.ResetPassword(ctx, proven.ID, hash))
				}
				done = postgrestest.Beside(t, f.db, func() error { return begin(f, proven) })
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

// TestSignInWhileTheBrowserIsForgotten (S-49): likewise for a browser that was spared the second step, while its owner ends all other
// sessions: the password alone opens nothing.
func TestSignInWhileTheBrowserIsForgotten(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	maria := f.register("maria")
	_, cookie := f.remembers(maria, "")
	maria, err := f.Get(f.ctx(), maria.ID)
	f.must(err)
	digest, err := f.RememberedDevice(f.ctx(), maria, cookie)
	f.must(err)
	start := SessionStart{Account: maria, AMR: []string{"pwd"}, RememberedBy: digest}
	var done <-chan error
	f.must(f.db.InTx(f.ctx(), func(ctx context.Context) error {
		err := f.EndSessions(ctx, maria.ID, "")
		done = postgrestest.Beside(t, f.db, func() error { _, err := f.StartSession(f.ctx(), start); return err })
		return err
	}))
	if err := <-done; !errors.Is(err, ErrNotSpared) {
		t.Errorf("a sign-in meanwhile = %v, want ErrNotSpared", err)
	}
	if n := f.count(`select count(*) from open_sessions where account_id = $1`, maria.ID); n != 0 {
		t.Errorf("%d sessions are open", n)
	}
}

// TestSignInsThatKeepTheAccount (S-73): of several sign-ins that take back a closing, one tells the owner.
func TestSignInsThatKeepTheAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4)
	maria := f.register("maria")
	if _, err := f.db.From(f.ctx()).Exec(f.ctx(), `update accounts set closes_at = $2 where id = $1`, maria.ID, f.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	maria, err := f.Get(f.ctx(), maria.ID)
	f.must(err)
	var all errgroup.Group
	for range 4 {
		all.Go(func() error {
			_, err := f.StartSession(f.ctx(), SessionStart{Account: maria, AMR: []string{"pwd"}})
			return err
		})
	}
	f.must(all.Wait())
	if n := f.count(`select count(*) from mails where kind = 'close_stopped'`); n != 1 {
		t.Errorf("%d mails tell that the account stays, want 1", n)
	}
}

// TestChangeWhileTheSessionEnds (S-39): what a session asked for while it was being ended comes to nothing: a thief's question or second
// step would outlive the owner's recovery.
func TestChangeWhileTheSessionEnds(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(f *fixture, a Account, sid string) (change func() error){
		"another question": func(f *fixture, a Account, sid string) func() error {
			q := f.question(a, Questions[1], "del ladrón", rightPassword)
			q.Session.SID = sid
			return func() error { return f.ChangeQuestion(f.ctx(), q) }
		},
		"another password": func(f *fixture, a Account, sid string) func() error {
			proof := PasswordProof{Session: Session{SID: sid, AccountID: a.ID, Username: a.Username}, Current: rightPassword}
			return func() error {
				return f.ChangePassword(f.ctx(), PasswordChange{PasswordProof: proof, New: otherPassword})
			}
		},
		"this wasn't me, of the history": func(f *fixture, a Account, sid string) func() error {
			path, err := f.DisownLink(f.ctx(), Session{AccountID: a.ID, SID: sid}, thisBrowser, f.now())
			f.must(err)
			_, link, _ := strings.Cut(path, "link=")
			return func() error { _, err := f.Disown(f.ctx(), link, thisBrowser); return err }
		},
		"an app": func(f *fixture, a Account, sid string) func() error {
			secret, err := f.StartTOTP(f.ctx(), a.ID, sid)
			f.must(err)
			code := app{f, secret}.code(0)
			return func() error { _, err := f.ConfirmTOTP(f.ctx(), a.ID, sid, code); return err }
		},
		"a passkey": func(f *fixture, a Account, sid string) func() error {
			options, err := f.BeginNewPasskey(f.ctx(), a, sid)
			f.must(err)
			answer := passkeytest.New(f.t, "https://idp.example").Create(options)
			return func() error { _, err := f.FinishNewPasskey(f.ctx(), a, sid, "", answer); return err }
		},
	} {
		f := newFixture(t, 3)
		a := f.register("maria")
		sid := f.start(SessionStart{Account: a}).SID
		change := prepare(f, a, sid)
		var done <-chan error
		f.must(f.db.InTx(f.ctx(), func(ctx context.Context) error {
			err := f.EndSessions(ctx, a.ID, "")
			done = postgrestest.Beside(t, f.db, change)
			return err
		}))
		if err := <-done; !errors.Is(err, ErrNoSession) {
			t.Errorf("%s: %v, want ErrNoSession", name, err)
		}
		if n := f.count(`select (select count(*) from account_totp where confirmed_at is not null) + (select count(*) from account_passkeys) + (select count(*) from account_questions where question = $1)`, Questions[1]); n != 0 {
			t.Errorf("%s: it was made", name)
		}
	}
}

// TestEndingSessionsBesideANotice: a notice of a new device locks the session and then refers to the account; who ends the session at that
// moment has the account and waits for the session. Neither waits for the other in a circle.
func TestEndingSessionsBesideANotice(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	a := f.register("maria")
	f.start(SessionStart{Account: a})
	var done <-chan error
	f.must(f.db.InTx(f.ctx(), func(ctx context.Context) error {
		if _, err := f.db.From(ctx).Exec(ctx, `update sessions set announce = false where account_id = $1`, a.ID); err != nil {
			return err
		}
		done = postgrestest.Beside(t, f.db, func() error { return f.EndSessions(f.ctx(), a.ID, "") })
		return f.Notify(ctx, a.ID, "question_changed", nil) // with a link of the account's
	}))
	f.must(<-done)
}
