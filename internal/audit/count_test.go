package audit

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"huskyidp/internal/postgres/postgrestest"
)

func TestKinds(t *testing.T) {
	source, err := os.ReadFile("kind.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := regexp.MustCompile(`Kind\s+= "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	for _, m := range constants {
		if !slices.Contains(Kinds(), Kind(m[1])) {
			t.Errorf("Kinds lacks %s", m[1])
		}
	}
	if len(constants) != len(Kinds()) {
		t.Errorf("%d constants, %d in Kinds", len(constants), len(Kinds()))
	}
}

// An event counts once the database has taken it, also in a batch of others; one that it refuses does not.
func TestCounts(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	var counted []Kind
	log := New(db).CountTo(func(e Event) { counted = append(counted, e.Kind) })
	if err := log.Record(t.Context(), Event{Kind: SignedIn, At: time.Now()}, Event{Kind: NewDevice, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := db.InTx(t.Context(), func(ctx context.Context) error {
		return log.Record(ctx, Event{Kind: SignedOut, At: time.Now()})
	}); err != nil {
		t.Fatal(err)
	}
	if err := log.Record(t.Context(), Event{Kind: SignedIn, At: time.Now(), AccountID: "no id"}); err == nil {
		t.Error("an event of an account without an id is taken")
	}
	undone := errors.New("undone")
	_ = db.InTx(t.Context(), func(ctx context.Context) error { return undone })
	if want := []Kind{SignedIn, NewDevice, SignedOut}; !slices.Equal(counted, want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}
