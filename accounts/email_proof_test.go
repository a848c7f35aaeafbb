package accounts

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// emailCode is the one in the newest mail, which must go to the address that it proves.
func (f *fixture) emailCode(to string) string {
	f.t.Helper()
	m := f.last("email_code")
	if m.To != to {
		f.t.Errorf("the code went to %s, want %s", m.To, to)
	}
	return sixDigits.FindString(m.Content.Text)
}

// prove returns the address that a code proves.
func (f *fixture) prove(id uuid.UUID, sid, code string) (email string, left int, err error) {
	left, err = f.ProveEmail(f.ctx(), id, sid, code, func(_ context.Context, proven string) error {
		email = proven
		return nil
	})
	return email, left, err
}

// S-53, S-14: the new address is proven by a code that is good for one address, five
// tries and fifteen minutes, and works once.
func TestEmailProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account, other := f.register("maria"), f.register("otra")
	start := func() string {
		t.Helper()
		f.later(13 * time.Minute)
		if err := f.StartEmailProof(f.ctx(), account, "sid", "198.51.100.7/32", "nueva@example.org"); err != nil {
			t.Fatal(err)
		}
		return f.emailCode("nueva@example.org")
	}
	code := start()
	if err := f.StartEmailProof(f.ctx(), account, "sid", "198.51.100.7/32", "nueva@example.org"); err == nil {
		t.Error("a second mail within a minute is sent")
	} else if _, ok := errors.AsType[*ratelimit.Exceeded](err); !ok {
		t.Errorf("a second mail within a minute = %v", err)
	}
	if _, _, err := f.prove(other.ID, "sid", code); !errors.Is(err, ErrNoPending) {
		t.Errorf("the code for another account = %v, want ErrNoPending", err)
	}
	if _, _, err := f.prove(account.ID, "sid", "12"); !errors.Is(err, ErrCodeFormat) {
		t.Errorf("no code = %v, want ErrCodeFormat", err)
	}
	full := errors.New("the disk is full")
	if _, err := f.ProveEmail(f.ctx(), account.ID, "sid", code, func(context.Context, string) error { return full }); !errors.Is(err, full) {
		t.Errorf("a proof whose effect fails = %v", err)
	}
	if email, _, err := f.prove(account.ID, "sid", code[:3]+" "+code[3:]); err != nil || email != "nueva@example.org" {
		t.Errorf("ProveEmail = %q, %v", email, err)
	}
	if _, _, err := f.prove(account.ID, "sid", code); !errors.Is(err, ErrNoPending) {
		t.Errorf("the code again = %v, want ErrNoPending", err)
	}
	code = start()
	for want := emailProofTries - 1; want >= 0; want-- {
		for range 2 { // the same again costs no second try; after the fifth nothing waits
			_, left, err := f.prove(account.ID, "sid", fmt.Sprintf("00000%d", want))
			if errors.Is(err, ErrNoPending) && want == 0 {
				break
			}
			if !errors.Is(err, ErrWrongCode) || left != want {
				t.Errorf("a wrong code = %d left, %v, want %d", left, err, want)
			}
		}
	}
	if _, _, err := f.prove(account.ID, "sid", code); !errors.Is(err, ErrNoPending) {
		t.Errorf("the right code after five wrong ones = %v, want ErrNoPending", err)
	}
	code = start()
	f.later(emailProofLife)
	if _, _, err := f.prove(account.ID, "sid", code); !errors.Is(err, ErrNoPending) {
		t.Errorf("the code after fifteen minutes = %v, want ErrNoPending", err)
	}
}

// S-14: codes to a mailbox that accounts name as their new address are strangers' mails there: they leave what is for browsers that its owner's
// account knows.
func TestCodesToSomebodyElsesMailbox(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	sent := 0
	for i := range 9 {
		thief := f.register(fmt.Sprint("dieb", i))
		for range 5 {
			if f.StartEmailProof(f.ctx(), thief, "sid", fmt.Sprintf("198.51.%d.7/32", i%2), "Maria@example.com") == nil {
				sent++
			}
			f.later(time.Minute)
		}
	}
	if want := 2 + mailShare.More.Count; sent != want {
		t.Errorf("%d codes from two networks, want %d", sent, want)
	}
	if err := f.limiter.TakeAll(f.ctx(), f.now(), MailAsks("reset", uuid.New(), knownAsker, "maria@example.com")...); err != nil {
		t.Errorf("the known browser: %v", err)
	}
}

// S-47: a code that is out stays good when another version of the pepper begins to write.
func TestEmailProofOutlivesPepper(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	account := f.register("maria")
	kek, err := seal.ParseKEK(seal.GenerateKEK())
	if err != nil {
		t.Fatal(err)
	}
	if f.keyring, err = seal.Load(f.ctx(), f.db, kek); err != nil {
		t.Fatal(err)
	}
	if err := f.StartEmailProof(f.ctx(), account, "sid", "198.51.100.7/32", "nueva@example.org"); err != nil {
		t.Fatal(err)
	}
	if err := f.keyring.AddVersion(f.ctx(), seal.PepperCode); err != nil {
		t.Fatal(err)
	}
	if err := f.keyring.Promote(f.ctx(), seal.PepperCode); err != nil {
		t.Fatal(err)
	}
	if email, _, err := f.prove(account.ID, "sid", f.emailCode("nueva@example.org")); err != nil || email != "nueva@example.org" {
		t.Errorf("ProveEmail = %q, %v", email, err)
	}
}
