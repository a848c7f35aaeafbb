package accounts

import (
	"errors"
	"testing"
	"time"

	"huskyidp/internal/passkeytest"
)

// What is begun and not finished belongs to one session: who had the password for a moment knows neither the key of the app
// that the member enrols next, nor a passkey's challenge, nor the code of an address.
func TestBegunBelongsToASession(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	stolen, err := f.StartTOTP(f.ctx(), account.ID, "thief")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := f.StartTOTP(f.ctx(), account.ID, "thief"); again != stolen {
		t.Error("a reload voids what was scanned")
	}
	own, err := f.StartTOTP(f.ctx(), account.ID, "member")
	if err != nil || own == stolen {
		t.Errorf("the member's key is the thief's: %v", err)
	}
	if _, err := f.ConfirmTOTP(f.ctx(), account.ID, "thief", app{f, own}.code(0)); !errors.Is(err, ErrNoFactor) {
		t.Errorf("another session's key is confirmed: %v", err)
	}
	if err := f.StartEmailProof(f.ctx(), account, "thief", "198.51.100.7/32", "dieb@example.org"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.EmailProof(f.ctx(), account.ID, "member"); !errors.Is(err, ErrNoPending) {
		t.Errorf("another session's proof of an address: %v", err)
	}
	if _, _, err := f.prove(account.ID, "member", f.emailCode("dieb@example.org")); !errors.Is(err, ErrNoPending) {
		t.Errorf("another session's code: %v", err)
	}
	if _, err := f.ConfirmTOTP(f.ctx(), account.ID, "member", app{f, own}.code(0)); err != nil {
		t.Errorf("the own key: %v", err)
	}
}

// It dies with another password, with a recovery, with "this wasn't me", and with what support takes away or changes.
func TestBegunDies(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]func(f *fixture, a Account) error{
		"password change": func(f *fixture, a Account) error {
			return f.ChangePassword(f.ctx(), PasswordChange{PasswordProof: PasswordProof{Session: Session{SID: "sid", AccountID: a.ID, Username: a.Username}, Current: rightPassword}, New: "otra contraseña muy larga"})
		},
		"recovery": func(f *fixture, a Account) error {
			hash, err := f.HashPassword(f.ctx(), a.ID, "otra contraseña muy larga")
			return errors.Join(err, f.ResetPassword(f.ctx(), a.ID, hash))
		},
		"this wasn't me": func(f *fixture, a Account) error {
			err := f.Notify(f.ctx(), a.ID, "question_changed", nil)
			_, err2 := f.Disown(f.ctx(), f.disownLink("question_changed"), nil)
			return errors.Join(err, err2)
		},
		"deactivated":     func(f *fixture, a Account) error { _, err := f.Disable(f.ctx(), a.ID); return err },
		"factors removed": func(f *fixture, a Account) error { return f.RemoveFactors(f.ctx(), a.ID) },
		"address changed": func(f *fixture, a Account) error { return f.ChangeEmail(f.ctx(), a.ID, "nueva@example.org", false) },
	} {
		f := newFixture(t, 1)
		account := f.register("maria")
		key, err := f.StartTOTP(f.ctx(), account.ID, "sid")
		if err != nil {
			t.Fatal(err)
		}
		options, err := f.BeginNewPasskey(f.ctx(), account, "sid")
		if err != nil {
			t.Fatal(err)
		}
		if err := f.StartEmailProof(f.ctx(), account, "sid", "198.51.100.7/32", "dieb@example.org"); err != nil {
			t.Fatal(err)
		}
		waiting, err := f.StartPending(f.ctx(), PendingStart{Account: account, AMR: []string{"pwd"}, Browser: thisBrowser})
		if err != nil {
			t.Fatal(err)
		}
		f.later(time.Second)
		if err := event(f, account); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := f.ConfirmTOTP(f.ctx(), account.ID, "sid", app{f, key}.code(0)); !errors.Is(err, ErrNoFactor) {
			t.Errorf("%s: the key is confirmed: %v", name, err)
		}
		made := passkeytest.New(t, "https://idp.example").Create(options)
		if _, err := f.FinishNewPasskey(f.ctx(), account, "sid", "", made); !errors.Is(err, ErrPasskey) {
			t.Errorf("%s: the passkey is enrolled: %v", name, err)
		}
		if _, _, err := f.EmailProof(f.ctx(), account.ID, "sid"); !errors.Is(err, ErrNoPending) {
			t.Errorf("%s: the address waits: %v", name, err)
		}
		if _, err := f.Pending(f.ctx(), waiting, thisBrowser); !errors.Is(err, ErrNoPending) {
			t.Errorf("%s: the sign-in waits: %v", name, err)
		}
	}
}
