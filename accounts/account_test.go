package accounts

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

func TestCreateAndGet(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	n := f.newAccount("María.9")
	n.Email = "Maria@EXAMPLE.com"
	var created Account
	var err error
	if trips, _ := f.trips.Of(func() { created, err = f.Create(f.ctx(), n) }); err != nil || trips != 1 {
		t.Fatalf("Create = %v in %d round trips, want 1", err, trips)
	}
	if created.Username != "maría.9" || created.Email != "Maria@example.com" || len(created.Subject) < 22 {
		t.Errorf("Create = %+v", created)
	}
	for name, get := range map[string]func() (Account, error){
		"Get":      func() (Account, error) { return f.Get(f.ctx(), n.ID) },
		"ByMember": func() (Account, error) { return f.ByMember(f.ctx(), n.MemberID) },
	} {
		if got, err := get(); err != nil || !cmp.Equal(created, got) {
			t.Errorf("%s = %v (-want +got):\n%s", name, err, cmp.Diff(created, got))
		}
	}
	if _, err := f.Get(f.ctx(), uuid.New()); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of nobody = %v, want ErrNotFound", err)
	}
	if at, err := f.AtSignIn(f.ctx(), n.ID); at != (AtSignIn{Agreement: "2026-01", Passkey: true}) || err != nil {
		t.Errorf("AtSignIn = %+v, %v", at, err)
	}
	got := map[audit.Kind]bool{}
	for _, kind := range f.kinds(n.ID) {
		got[kind] = true
	}
	want := map[audit.Kind]bool{audit.AccountCreated: true, audit.AgreementAccepted: true, audit.Certified: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

// Each unique constraint has its answer, and leaves nothing behind.
func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	first := f.newAccount("maria")
	if _, err := f.Create(f.ctx(), first); err != nil {
		t.Fatalf("Create: %v", err)
	}
	for name, test := range map[string]struct {
		change func(*NewAccount)
		want   error
	}{
		"the username": {func(n *NewAccount) { n.Username = "MARIA" }, ErrUsernameTaken},
		"the member":   {func(n *NewAccount) { n.MemberID = first.MemberID }, ErrMemberHasAccount},
		"the id": {func(n *NewAccount) {
			n.ID, n.PasswordHash, n.AnswerHash = first.ID, first.PasswordHash, first.AnswerHash
		}, ErrExists},
		"no username": {func(n *NewAccount) { n.Username = "a b" }, FlawCharacters},
		"no address":  {func(n *NewAccount) { n.Email = "a" }, FlawFormat},
	} {
		n := f.newAccount("jose")
		test.change(&n)
		if _, err := f.Create(f.ctx(), n); !errors.Is(err, test.want) {
			t.Errorf("Create with %s = %v, want %v", name, err, test.want)
		}
	}
	if n := f.count(`select (select count(*) from accounts) + (select count(*) from account_questions) + (select count(*) from audit_events)`); n != 5 {
		t.Errorf("%d rows, want those of one account", n)
	}
	// An address may serve a family (S-50).
	n := f.newAccount("jose")
	n.Email = first.Email
	if _, err := f.Create(f.ctx(), n); err != nil {
		t.Errorf("Create with a shared address = %v, want nil", err)
	}
}

// Two browsers that register one member make one account.
func TestCreateRace(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 8)
	member := uuid.New()
	var made, refused atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		n := f.newAccount("u" + uuid.NewString()[:8])
		n.MemberID = member
		all.Go(func() {
			err := f.db.InTx(f.ctx(), func(ctx context.Context) error {
				_, err := f.Create(ctx, n)
				return err
			})
			switch {
			case err == nil:
				made.Add(1)
			case errors.Is(err, ErrMemberHasAccount):
				refused.Add(1)
			default:
				t.Errorf("Create: %v", err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 || refused.Load() != 7 {
		t.Errorf("%d accounts, %d refused, want 1 and 7", made.Load(), refused.Load())
	}
}

// S-46, S-58: nothing personal lies in the tables in the clear.
func TestNothingInTheClear(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	for _, secret := range []string{"example.com", "linterna", "argon2id", rightPassword} {
		n := f.count(`
			select count(*) from accounts a join account_questions q on q.account_id = a.id
			where position($1::text in a::text || q::text) > 0 or position(encode($1::text::bytea, 'hex') in a::text || q::text) > 0`, secret)
		if n != 0 {
			t.Errorf("%q is in the tables", secret)
		}
	}
}

func TestUsernames(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	for name, want := range map[string]bool{"maria": true, "MARIA": true, "jose": false, "a b": false} {
		if got, err := f.UsernameTaken(f.ctx(), name); got != want || err != nil {
			t.Errorf("UsernameTaken(%q) = %v, %v, want %v", name, got, err, want)
		}
	}
	for _, name := range []string{"maria", "unnombredeexactamentetreintaydos"} {
		names, err := f.SuggestUsernames(f.ctx(), name)
		if err != nil || len(names) != suggestions {
			t.Errorf("SuggestUsernames(%q) = %v, %v, want %d", name, names, err, suggestions)
		}
		for _, suggested := range names {
			if canonical, err := CheckUsername(suggested); err != nil || canonical != suggested {
				t.Errorf("suggested %q: %v", suggested, err)
			}
		}
	}
}
