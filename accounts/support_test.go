package accounts

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestFindExact (S-62): whole values find, parts of them, patterns and other forms do not.
func TestFindExact(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria := f.register("maria")
	n := f.newAccount("maria.hija")
	n.Email = "Maria@Example.com" // shares the mailbox
	if _, err := f.Create(f.ctx(), n); err != nil {
		t.Fatalf("Create: %v", err)
	}
	for _, c := range []struct {
		by    By
		value string
		want  int
	}{
		{ByUsername, " MARIA ", 1}, {ByUsername, "mari", 0}, {ByUsername, "maria%", 0}, {ByUsername, "", 0},
		{ByEmail, "maria@example.com", 2}, {ByEmail, "maria@example", 0}, {ByEmail, "%@example.com", 0}, {ByEmail, "aria@example.com", 0},
		{ByMemberID, maria.MemberID.String(), 1}, {ByMemberID, uuid.NewString(), 0}, {ByMemberID, "x", 0},
		{BySubject, maria.Subject, 1}, {BySubject, "", 0},
	} {
		found, err := f.FindExact(f.ctx(), c.by, c.value)
		if err != nil || len(found) != c.want {
			t.Errorf("FindExact(%s, %q) found %d, %v, want %d", c.by, c.value, len(found), err, c.want)
		}
	}
	if _, err := f.FindExact(f.ctx(), "name", "maria"); err == nil {
		t.Error("FindExact accepted an unknown kind of value")
	}
}

// TestDisable (S-25): sessions and grants end at once, and the right password is answered so.
func TestDisable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria := f.register("maria")
	started := f.start(SessionStart{Account: maria})
	f.later(time.Minute)
	if closed, err := f.Disable(f.ctx(), maria.ID); !closed || err != nil {
		t.Fatalf("Disable = %t, %v", closed, err)
	}
	if closed, err := f.Disable(f.ctx(), maria.ID); closed || err != nil {
		t.Errorf("Disable again = %t, %v, want nothing done", closed, err)
	}
	if _, err := f.Session(f.ctx(), started.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("the session lives on: %v", err)
	}
	if got := f.count(`select count(*) from open_sessions where account_id = $1`, maria.ID); got != 0 {
		t.Errorf("%d sessions are open, which opening the account would bring back", got)
	}
	if got := f.count(`select count(*) from account_states where account_id = $1 and not active and credentials_changed_at = $2`, maria.ID, f.now()); got != 1 {
		t.Error("older grants are not void")
	}
	if _, err := f.try("maria", rightPassword); !errors.Is(err, ErrDisabled) {
		t.Errorf("Authenticate = %v, want ErrDisabled", err)
	}
	if opened, err := f.Enable(f.ctx(), maria.ID); !opened || err != nil {
		t.Fatalf("Enable = %t, %v", opened, err)
	}
	if opened, err := f.Enable(f.ctx(), maria.ID); opened || err != nil {
		t.Errorf("Enable again = %t, %v, want nothing done", opened, err)
	}
	if _, err := f.try("maria", rightPassword); err != nil {
		t.Errorf("Authenticate after Enable: %v", err)
	}
}

// TestEnableKeepsProtection (S-54): what the owner has said before or since holds when staff
// open the account again.
func TestEnableKeepsProtection(t *testing.T) {
	t.Parallel()
	for _, disownFirst := range []bool{true, false} {
		f := newFixture(t, 1)
		maria := f.register("maria")
		if err := f.Notify(f.ctx(), maria.ID, "password_changed", nil); err != nil {
			t.Fatalf("Notify: %v", err)
		}
		link := f.disownLink("password_changed")
		steps := []func() error{
			func() error { _, err := f.Disown(f.ctx(), link, nil); return err },
			func() error { _, err := f.Disable(f.ctx(), maria.ID); return err },
		}
		if !disownFirst {
			steps[0], steps[1] = steps[1], steps[0]
		}
		steps = append(steps, func() error { _, err := f.Enable(f.ctx(), maria.ID); return err })
		for i, step := range steps {
			if err := step(); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
		if _, err := f.try("maria", rightPassword); !errors.Is(err, ErrWrongCredentials) {
			t.Errorf("disowned first %t: the old password gives %v, want ErrWrongCredentials", disownFirst, err)
		}
	}
}
