package accounts

import (
	"errors"
	"testing"
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
