package accounts

import (
	"errors"
	"testing"
	"time"
)

// TestCreateStaff (S-61): a named account without card, whose first password comes by recovery.
func TestCreateStaff(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	rosa, err := f.CreateStaff(f.ctx(), NewStaff{Username: "Rosa", Email: "rosa@desk.example", Language: "es"})
	if err != nil {
		t.Fatalf("CreateStaff: %v", err)
	}
	got, err := f.Get(f.ctx(), rosa.ID)
	if err != nil || !got.Staff() || got.Username != "rosa" || got.Email != "rosa@desk.example" {
		t.Fatalf("Get = %+v, %v", got, err)
	}
	if f.register("maria").Staff() {
		t.Error("a member counts as staff")
	}
	for _, password := range []string{"", rightPassword} {
		if _, err := f.try("rosa", password); !errors.Is(err, ErrWrongCredentials) {
			t.Errorf("Authenticate without a password = %v, want ErrWrongCredentials", err)
		}
	}
	hash, err := f.HashPassword(f.ctx(), rosa.ID, rightPassword)
	if err != nil {
		t.Fatalf("HashPassword: %v", err)
	}
	if err := f.ResetPassword(f.ctx(), rosa.ID, hash); err != nil {
		t.Fatalf("ResetPassword: %v", err)
	}
	account, err := f.try("rosa", rightPassword)
	if err != nil {
		t.Fatalf("Authenticate: %v", err)
	}
	started := f.start(SessionStart{Account: account})
	if session, err := f.Session(f.ctx(), started.Token); err != nil || session.AccountID != rosa.ID {
		t.Errorf("Session = %+v, %v", session, err)
	}
	for _, n := range []NewStaff{{"rosa", "other@desk.example", "es"}, {"r", "other@desk.example", "es"}, {"other", "desk", "es"}} {
		if _, err := f.CreateStaff(f.ctx(), n); err == nil {
			t.Errorf("CreateStaff(%v) made an account", n)
		}
	}
}

// TestRestartStaff (S-55): after two administrators have let somebody begin anew, neither the former password nor a copy of it in the
// database lets anybody in, and a second step that is added after the mailed code counts at once.
func TestRestartStaff(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	rosa, err := f.CreateStaff(f.ctx(), NewStaff{Username: "rosa", Email: "rosa@desk.example", Language: "es"})
	if err != nil {
		t.Fatal(err)
	}
	set := func(password string) {
		t.Helper()
		if err := f.ResetPassword(f.ctx(), rosa.ID, f.newPassword(rosa, password)); err != nil {
			t.Fatal(err)
		}
	}
	signIn := func(password string) {
		t.Helper()
		account, err := f.try("rosa", password)
		if err != nil {
			t.Fatal(err)
		}
		f.start(SessionStart{Account: account})
	}
	waits := func() bool {
		t.Helper()
		usable, err := f.usableFrom(f.ctx(), rosa.ID)
		if err != nil {
			t.Fatal(err)
		}
		return usable.After(f.now())
	}
	set(rightPassword)
	signIn(rightPassword)
	f.enrolTOTP(rosa)
	f.later(time.Hour)
	signIn(rightPassword) // a second device, which would have a new second step wait
	if err := f.RemoveFactors(f.ctx(), rosa.ID); err != nil || !waits() {
		t.Fatalf("with the password of before: %v, waits %t, want true", err, waits())
	}
	var former []byte
	f.read(`select password_sealed from accounts where id = $1`, &former, rosa.ID)
	if err := f.RestartStaff(f.ctx(), rosa.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.try("rosa", rightPassword); !errors.Is(err, ErrWrongCredentials) {
		t.Errorf("the former password: %v", err)
	}
	f.write(`update accounts set password_sealed = $2 where id = $1`, rosa.ID, former)
	if _, err := f.try("rosa", rightPassword); !errors.Is(err, ErrWrongCredentials) {
		t.Errorf("the former password, put back: %v", err)
	}
	f.write(`update accounts set password_sealed = '' where id = $1`, rosa.ID)
	set(otherPassword)
	signIn(otherPassword)
	if waits() {
		t.Error("the new second step waits")
	}
	if _, err := f.Disown(f.ctx(), f.disownLink("factor_removed_desk"), nil); !errors.Is(err, ErrLink) {
		t.Errorf("the link of the notice ends the new beginning: %v", err)
	}
	if n := f.count(`select count(*) from open_sessions where account_id = $1`, rosa.ID); n != 1 {
		t.Errorf("%d sessions, want the new one", n)
	}

	// A member is not made to begin anew: the card is what a member begins with.
	maria := f.register("maria")
	if err := f.RestartStaff(f.ctx(), maria.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a member: %v", err)
	}
	if _, err := f.try("maria", rightPassword); err != nil {
		t.Errorf("a member's password: %v", err)
	}
}
