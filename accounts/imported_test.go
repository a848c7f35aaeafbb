package accounts

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/timingtest"
)

// imported is an account with a bcrypt hash of a password.
func (f *fixture) imported(username, password string) Account {
	f.t.Helper()
	stored, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.importedWith(username, string(stored))
}

func (f *fixture) importedWith(username, stored string) Account {
	f.t.Helper()
	hash, err := ParseForeignHash(stored)
	if err != nil {
		f.t.Fatal(err)
	}
	all := []Import{{Username: username, Email: username + "@example.com", Language: "es", MemberID: uuid.Must(uuid.NewV7()), Hash: hash}}
	if outcomes, err := f.ImportAll(f.ctx(), all, false, false); err != nil || outcomes[0] != nil {
		f.t.Fatalf("ImportAll = %v, %v", outcomes, err)
	}
	account, err := f.ByUsername(f.ctx(), username)
	if err != nil {
		f.t.Fatal(err)
	}
	return account
}

func (f *fixture) scheme(id uuid.UUID) (scheme string) {
	f.read(`select coalesce(password_scheme, '') from accounts where id = $1`, &scheme, id)
	return scheme
}

// A hash of another system is replaced at the first right password, and no wrong one.
func TestImportedPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	for scheme, stored := range foreignHashes {
		username := "ana" + fmt.Sprint(len(scheme)) + strings.Trim(strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
				return r
			}
			return -1
		}, stored[:12]), " ")
		a := f.importedWith(username, stored)
		if _, err := f.try(username, wrongPassword); !errors.Is(err, ErrWrongCredentials) || f.scheme(a.ID) == "" {
			t.Errorf("%s: a wrong password: %v, the scheme is %q", scheme, err, f.scheme(a.ID))
		}
		for range 2 {
			if _, err := f.try(username, foreignPassword); err != nil || f.scheme(a.ID) != "" {
				t.Errorf("%s: the right password: %v, the scheme is %q, want none", scheme, err, f.scheme(a.ID))
			}
		}
		if got := f.kinds(a.ID); slices.Index(got, audit.PasswordRehashed) < 0 {
			t.Errorf("%s: the audit has %v, want the new hash in it", scheme, got)
		}
	}
	if n := f.count(`select count(*) from accounts where password_due`); n != 0 {
		t.Errorf("%d passwords are due, want none: this one keeps the rules", n)
	}
	a := f.imported("corta", "gatito")
	if _, err := f.try("corta", "gatito"); err != nil || f.count(`select count(*) from accounts where password_due and id = $1`, a.ID) != 1 {
		t.Errorf("a short password: %v, want it to be due", err)
	}
	if same, err := f.HashNewPassword(f.ctx(), f.imported("otra", rightPassword).ID, rightPassword); !errors.Is(err, ErrSamePassword) {
		t.Errorf("the imported password as the new one = %v, %v, want ErrSamePassword", same, err)
	}
}

// The outcomes that an import can have; a dry run has the same ones and changes nothing.
func TestImportOutcomes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	registered, staff := f.register("maria"), NewStaff{Username: "mesa", Email: "mesa@example.com", Language: "es"}
	if _, err := f.CreateStaff(f.ctx(), staff); err != nil {
		t.Fatal(err)
	}
	one := func(username string, member uuid.UUID) Import {
		return Import{Username: username, Email: username + "@example.com", Language: "es", MemberID: member}
	}
	ana := uuid.Must(uuid.NewV7())
	all := []Import{one("ana", ana), one("maria", registered.MemberID), one("maria", uuid.Must(uuid.NewV7())), one("marita", registered.MemberID), one("mesa", uuid.Must(uuid.NewV7()))}
	all[1].EmailProven = true
	for _, run := range []struct {
		dry  bool
		want []error
	}{
		{true, []error{nil, ErrImported, ErrUsernameTaken, ErrMemberHasAccount, ErrUsernameTaken}},
		{false, []error{nil, ErrImported, ErrUsernameTaken, ErrMemberHasAccount, ErrUsernameTaken}},
		{false, []error{ErrImported, ErrImported, ErrUsernameTaken, ErrMemberHasAccount, ErrUsernameTaken}},
	} {
		if got, err := f.ImportAll(f.ctx(), all, run.dry, false); err != nil || !slices.Equal(got, run.want) {
			t.Errorf("ImportAll(dry %v) = %v, %v, want %v", run.dry, got, err, run.want)
		}
	}
	all[1].Email = "otra@example.com"
	if got, err := f.ImportAll(f.ctx(), all[1:2], false, false); err != nil || got[0] != ErrImportedOther {
		t.Errorf("ImportAll with another address = %v, %v, want ErrImportedOther", got, err)
	}
	all[1].Email, all[1].Disabled = "maria@example.com", true
	if got, err := f.ImportAll(f.ctx(), all[1:2], false, false); err != nil || got[0] != ErrImportedOther {
		t.Errorf("ImportAll with another status = %v, %v, want ErrImportedOther", got, err)
	}
	if n := f.count(`select count(*) from audit_events where kind = 'account_created' and data->>'origin' = 'imported'`); n != 1 {
		t.Errorf("%d imports are in the audit, want 1", n)
	}
	if _, err := f.try("ana", ""); !errors.Is(err, ErrWrongCredentials) {
		t.Errorf("an account without a password opens with an empty one: %v", err)
	}
}

// S-13: a wrong password costs a hash of our own and one of each scheme, whoever it is of.
func TestTimingOfImported(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.hasher.params = HashParams{MemoryKiB: 1024, Passes: 1, Lanes: 1}
	f.hasher.dummy = f.hasher.seal(seal.PepperPassword, passwordPlace(uuid.Nil), "nobody's")
	f.register("maria")
	const iterations = 8_000 // some milliseconds, with the race detector too
	key, err := pbkdf2.Key(sha256.New, rightPassword, []byte("salt"), iterations, 32)
	if err != nil {
		t.Fatal(err)
	}
	f.importedWith("ana", fmt.Sprintf("pbkdf2_sha256$%d$salt$%s", iterations, base64.StdEncoding.EncodeToString(key)))
	if err := f.RefreshSchemes(f.ctx()); err != nil || len(*f.hasher.foreign.Load()) != 1 {
		t.Fatalf("RefreshSchemes: %v, %v", err, f.hasher.foreign.Load())
	}
	forget := func() { f.write(`delete from sign_in_throttles`) }
	turn := 0
	timingtest.Alike(t, 300, forget, func() { f.try("ana", wrongPassword) }, func() { // one who is not there, and one who registered here
		f.try([]string{"nadie", "maria"}[turn%2], wrongPassword)
		turn++
	})
	if _, err := f.try("ana", rightPassword); err != nil {
		t.Fatal(err)
	}
	if err := f.RefreshSchemes(f.ctx()); err != nil || len(*f.hasher.foreign.Load()) != 0 {
		t.Errorf("RefreshSchemes after the last: %v, %v, want none", err, f.hasher.foreign.Load())
	}
}

// A sample whose data key was dropped since it was read costs nobody an error.
func TestSampleThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	f.hasher.foreign.Store(&map[string]foreignSample{"$2b$12$": {uuid.Must(uuid.NewV7()), []byte{0, 9, 1}}})
	for username, want := range map[string]error{"maria": ErrWrongCredentials, "nadie": ErrWrongCredentials} {
		if _, err := f.try(username, wrongPassword); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", username, err, want)
		}
	}
}

// A hash that nobody used for a year is deleted, and the mark of it.
func TestImportedPasswordExpires(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	unused, used := f.imported("ana", rightPassword), f.imported("eva", rightPassword)
	if _, err := f.try("eva", rightPassword); err != nil {
		t.Fatal(err)
	}
	f.at(f.now().AddDate(0, 12, -1))
	if err := f.Sweep(f.ctx()); err != nil || f.scheme(unused.ID) == "" {
		t.Fatalf("a day before: %v, the scheme is %q", err, f.scheme(unused.ID))
	}
	f.later(25 * time.Hour)
	if err := f.Sweep(f.ctx()); err != nil || f.scheme(unused.ID) != "" {
		t.Fatalf("after a year: %v, the scheme is %q", err, f.scheme(unused.ID))
	}
	if _, err := f.try("ana", rightPassword); !errors.Is(err, ErrWrongCredentials) || !slices.Contains(f.kinds(unused.ID), audit.PasswordExpired) {
		t.Errorf("the password after a year: %v, audit %v", err, f.kinds(unused.ID))
	}
	if err := f.ResetPassword(f.ctx(), unused.ID, f.newPassword(unused, otherPassword)); err != nil {
		t.Fatal(err)
	}
	for username, password := range map[string]string{"ana": otherPassword, "eva": rightPassword} {
		if _, err := f.try(username, password); err != nil {
			t.Errorf("%s: %v", username, err)
		}
	}
	if used.ID == unused.ID {
		t.Error("one account twice")
	}
}
