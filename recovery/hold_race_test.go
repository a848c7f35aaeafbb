package recovery

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/postgres/postgrestest"
)

// TestHeldWhileTheSessionEnds (S-39): what a session asked for while the owner recovered the account is not held: the closing would end the
// account a week later.
func TestHeldWhileTheSessionEnds(t *testing.T) {
	t.Parallel()
	for act, email := range map[Act]string{ChangeEmail: "dieb@example.org", CloseAccount: ""} {
		f := newFixture(t, 3)
		a := f.member("maria", "004123789")
		started, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
		check(t, err)
		var done <-chan error
		check(t, f.db.InTx(t.Context(), func(ctx context.Context) error {
			err := f.people.EndSessions(ctx, a.ID, "")
			done = postgrestest.Beside(t, f.db, func() error {
				_, err := f.Hold(t.Context(), Change{AccountID: a.ID, SID: started.SID, Act: act, Email: email})
				return err
			})
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

// TestStopBesideAnotherPassword: what stops or makes a held change, and what ends sessions first, wait for each other and not in a circle;
// owners press both at once, on two devices.
func TestStopBesideAnotherPassword(t *testing.T) {
	t.Parallel()
	for name, press := range map[string]func(f *fixture, c Change, link string) error{
		"on a page": func(f *fixture, c Change, _ string) error {
			_, err := f.StopBySession(t.Context(), c.AccountID, c.ID, "sid")
			return err
		},
		"by the link": func(f *fixture, _ Change, link string) error {
			_, err := f.Stop(t.Context(), link)
			return err
		},
		"at its hour": func(f *fixture, _ Change, _ string) error {
			f.later(25 * time.Hour)
			return f.ApplyDue(t.Context())
		},
		"at the desk": func(f *fixture, c Change, _ string) error {
			_, err := f.StopHeld(t.Context(), c.AccountID)
			return err
		},
	} {
		f := newFixture(t, 3)
		a := f.member("maria", "004123789")
		c, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
		check(t, err)
		_, link, _ := strings.Cut(f.link("email_requested"), "link=")
		var done <-chan error
		check(t, f.db.InTx(t.Context(), func(ctx context.Context) error { // as ChangePassword does
			if err := f.people.EndSessions(ctx, a.ID, ""); err != nil {
				return err
			}
			done = postgrestest.Beside(t, f.db, func() error { return press(f, c, link) })
			_, err := f.StopHeld(ctx, a.ID)
			return err
		}))
		if err := <-done; err != nil && !errors.Is(err, ErrLink) {
			t.Errorf("%s: %v", name, err)
		}
		if got := f.address(a); got != "maria@example.com" {
			t.Errorf("%s: the address is %s", name, got)
		}
	}
}
