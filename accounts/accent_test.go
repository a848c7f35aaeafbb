package accounts

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"huskyidp/internal/postgres/postgrestest"
)

// A new username that differs from another by accents alone is taken, wherever it is chosen; who has one from before keeps it.
func TestUsernameDiffersByAccentsAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4)
	f.register("maria.n")
	named := func(name string) NewAccount {
		n := f.newAccount("x.n")
		n.Username = name
		return n
	}
	for name, want := range map[string]bool{"maría.n": true, "MARÍA.Ñ": true, "maria-n": false, "mario.n": false} {
		if taken, err := f.UsernameTaken(f.ctx(), name); err != nil || taken != want {
			t.Errorf("UsernameTaken(%q) = %v, %v", name, taken, err)
		}
	}
	for who, make := range map[string]func(ctx context.Context) (Account, error){
		"member": func(ctx context.Context) (Account, error) { return f.Create(ctx, named("maría.n")) },
		"staff": func(ctx context.Context) (Account, error) {
			return f.CreateStaff(ctx, NewStaff{Username: "mária.n", Email: "a@example.org", Language: "es"})
		},
	} {
		err := f.db.InTx(f.ctx(), func(ctx context.Context) error {
			_, err := make(ctx)
			return err
		})
		if !errors.Is(err, ErrUsernameTaken) {
			t.Errorf("an account for a %s = %v", who, err)
		}
	}
	one := Import{Username: "marïa.n", Email: "b@example.org", Language: "es", MemberID: uuid.New()}
	if outcomes, err := f.ImportAll(f.ctx(), []Import{one}, false, false); err != nil || outcomes[0] != ErrUsernameTaken {
		t.Errorf("ImportAll = %v, %v", outcomes, err)
	}
	f.register("juan.n")
	postgrestest.Exec(t, f.db, `update accounts set username = 'maría.n' where username = 'juan.n'`) // from before
	for _, name := range []string{"maria.n", "maría.n"} {
		if a, err := f.ByUsername(f.ctx(), name); err != nil || a.Username != name {
			t.Errorf("ByUsername(%q) = %q, %v", name, a.Username, err)
		}
	}
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for i, name := range []string{"jose", "josé", "jósé", "jôse", "jose", "josè", "jòse", "josë"} {
		wait.Go(func() {
			errs[i] = f.db.InTx(f.ctx(), func(ctx context.Context) error {
				_, err := f.Create(ctx, named(name))
				return err
			})
		})
	}
	wait.Wait()
	if n := len(slices.DeleteFunc(errs, func(err error) bool { return err != nil })); n != 1 {
		t.Errorf("%d of those who chose at once have the name", n)
	}
}
