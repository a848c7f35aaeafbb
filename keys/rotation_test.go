package keys

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

func TestRotationPublishesBeforeUseAndAfter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := kidOf(t, f.Current(), "ES256")
	oldToken := sign(t, f.Current(), "ES256", "JWT")

	next, err := f.Rotate(t.Context(), "ES256", false)
	if err != nil {
		t.Fatalf("Rotate: %v", err)
	}
	if next.State != Next || !next.NotBefore.Equal(start.Add(24*time.Hour)) {
		t.Errorf("Rotate gave state %s, not before %v, want next, 24 h later", next.State, next.NotBefore)
	}
	if _, ok := f.Current().Key(next.KID); !ok {
		t.Error("the next key is not published")
	}
	again, err := f.Rotate(t.Context(), "ES256", false)
	if !errors.Is(err, ErrNextExists) || again.KID != next.KID {
		t.Errorf("second Rotate = %s, %v, want the waiting key and ErrNextExists", again.KID, err)
	}

	f.advanceTo(t, start.Add(24*time.Hour-time.Second))
	if got := kidOf(t, f.Current(), "ES256"); got != old {
		t.Errorf("before the lead time is over %s signs, want %s", got, old)
	}
	f.advanceTo(t, start.Add(24*time.Hour))
	if got := kidOf(t, f.Current(), "ES256"); got != next.KID {
		t.Errorf("after the lead time %s signs, want %s", got, next.KID)
	}
	if _, err := verify(f.Current(), oldToken); err != nil {
		t.Errorf("a token of the retiring key: %v, want it to verify", err)
	}

	f.advanceTo(t, start.Add(72*time.Hour-time.Second))
	if _, err := verify(f.Current(), oldToken); err != nil {
		t.Errorf("just before the end of publication: %v, want it to verify", err)
	}
	f.advanceTo(t, start.Add(72*time.Hour))
	if _, err := verify(f.Current(), oldToken); err == nil {
		t.Error("after the end of publication the old token verifies")
	}
	if n, err := f.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v, want 1", n, err)
	}
}

func TestRotateAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := kidOf(t, f.Current(), "RS256")
	oldToken := sign(t, f.Current(), "RS256", "JWT")
	waiting, err := f.Rotate(t.Context(), "RS256", false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Rotate(t.Context(), "RS256", true)
	if err != nil || got.KID != waiting.KID || got.State != Active {
		t.Fatalf("Rotate at once = %+v, %v, want the waiting key %s active", got, err, waiting.KID)
	}
	if kid := kidOf(t, f.Current(), "PS256"); kid != waiting.KID || kid == old {
		t.Errorf("now %s signs, want %s", kid, waiting.KID)
	}
	if _, err := verify(f.Current(), oldToken); err != nil {
		t.Errorf("a token of the former key: %v, want it to verify", err)
	}
	if _, err := f.Rotate(t.Context(), "none", true); !errors.Is(err, ErrUnknownAlgorithm) {
		t.Errorf("Rotate(none) = %v, want ErrUnknownAlgorithm", err)
	}
}

// S-45: used for 90 days, without anybody having to think of it.
func TestKeysRotateByThemselves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := kidOf(t, f.Current(), "ES256")
	f.advanceTo(t, start.Add(89*24*time.Hour-time.Second))
	if n := len(f.Current().Public().Keys); n != 2 {
		t.Fatalf("before the term ends %d keys are published, want 2", n)
	}
	f.advanceTo(t, start.Add(89*24*time.Hour))
	if n := len(f.Current().Public().Keys); n != 4 {
		t.Fatalf("a lead time before the term ends %d keys are published, want 4", n)
	}
	f.advanceTo(t, start.Add(90*24*time.Hour))
	if got := kidOf(t, f.Current(), "ES256"); got == old {
		t.Error("after 90 days the first key still signs")
	}
}

func TestTwoInstancesRotateOnce(t *testing.T) {
	t.Parallel()
	f := &fixture{db: postgrestest.NewPool(t, 4), keyring: seal.Ephemeral(), now: start}
	a, b := f.instance(t), f.instance(t)
	if err := a.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, s := range []*Service{a, b} {
		group.Go(func() {
			if _, err := s.Rotate(t.Context(), "ES256", false); err != nil && !errors.Is(err, ErrNextExists) {
				t.Errorf("Rotate: %v", err)
			}
		})
	}
	group.Wait()
	if n := count(t, f.db, `SELECT count(*) FROM signing_keys WHERE alg = 'ES256'`); n != 2 {
		t.Errorf("%d ES256 keys after two rotations at once, want 2", n)
	}
}

// A key for EdDSA exists once it is wanted; wanting it twice, or on two instances, makes one.
func TestWant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 2 {
		if err := f.Want(t.Context(), "EdDSA"); err != nil {
			t.Fatalf("Want(EdDSA) = %v", err)
		}
	}
	if diff := cmp.Diff([]string{"ES256", "EdDSA", "PS256", "RS256"}, f.Current().Algorithms()); diff != "" {
		t.Errorf("Algorithms() (-want +got):\n%s", diff)
	}
	if n := len(f.Current().Public().Keys); n != 3 {
		t.Errorf("%d keys, want 3", n)
	}
	header, err := verify(f.Current(), sign(t, f.Current(), "EdDSA", "JWT"))
	if err != nil || header.Algorithm != "EdDSA" {
		t.Errorf("the token has %v: %v", header.Algorithm, err)
	}
	if err := f.Want(t.Context(), "HS256"); !errors.Is(err, ErrUnknownAlgorithm) {
		t.Errorf("Want(HS256) = %v, want ErrUnknownAlgorithm", err)
	}
}
