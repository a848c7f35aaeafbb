package seal

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

var resealColumn = Column{Purpose: PII, Table: "things", Column: "sealed", Row: "id::text || '/x'"}

func thing(id int) Place {
	return Place{Table: "things", Column: "sealed", Row: fmt.Sprint(id) + "/x"}
}

func thingsOf(t *testing.T, k *Keyring, db *postgres.DB, from, to int) {
	t.Helper()
	for id := from; id < to; id++ {
		if _, err := db.From(t.Context()).Exec(t.Context(), `insert into things values ($1, $2)`, id, k.Seal(PII, thing(id), []byte(fmt.Sprint("secret ", id)))); err != nil {
			t.Fatal(err)
		}
	}
}

// S-47: a new version is added, writes, takes over the old values in batches, and the old one is dropped; a reader that
// knows all versions never fails, and no step comes before the instances know of the last.
func TestRotate(t *testing.T) {
	t.Parallel()
	db := postgrestest.NewPool(t, 4)
	kek, _ := testKEK(t)
	k, err := Load(t.Context(), db, kek)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(statement string) {
		if _, err := db.From(t.Context()).Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	postgrestest.Exec(t, db, `create table things (id int primary key, sealed bytea)`, `grant all on things to public`)
	exec(`insert into things values (-1, null)`)
	thingsOf(t, k, db, 0, 1203)
	other, err := Load(t.Context(), db, kek) // another instance
	if err != nil {
		t.Fatal(err)
	}
	step := func(want Step, changed int64) {
		t.Helper()
		got, n, err := k.Rotate(t.Context(), PII, []Column{resealColumn})
		if err != nil || got != want || n != changed {
			t.Fatalf("Rotate = %s, %d, %v, want %s, %d", got, n, err, want, changed)
		}
	}
	later := func() {
		exec(`update data_keys set since = since - interval '2 minutes'`)
		if err := other.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := k.Rotate(t.Context(), Index, []Column{resealColumn}); err == nil {
		t.Error("Rotate takes a key of digests, whose old version would be dropped")
	}
	step(StepWaits, 0)
	later()
	step(StepAdded, 0)
	step(StepWaits, 0)
	later()
	step(StepPromoted, 0)
	step(StepWaits, 0)
	if n, err := k.Left(t.Context(), resealColumn); err != nil || n != 1203 {
		t.Errorf("Left = %d, %v", n, err)
	}
	later()
	ctx, stop := context.WithCancel(t.Context())
	var reader sync.WaitGroup
	reader.Go(func() {
		for id := 0; ctx.Err() == nil; id = (id + 7) % 1203 {
			var sealed []byte
			if err := db.From(t.Context()).QueryRow(t.Context(), `select sealed from things where id = $1`, id).Scan(&sealed); err != nil {
				t.Error(err)
				return
			}
			if plain, err := other.Open(PII, thing(id), sealed); err != nil || string(plain) != fmt.Sprint("secret ", id) {
				t.Errorf("thing %d while it is re-encrypted: %q, %v", id, plain, err)
				return
			}
		}
	})
	time.Sleep(10 * time.Millisecond)
	step(StepDropped, 1203)
	stop()
	reader.Wait()
	list, err := k.DataKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range list {
		if key.Purpose == PII && (key.Version != 2 || key.State != "writing") {
			t.Errorf("version %d is %s", key.Version, key.State)
		}
	}
}

// A pass that was ended continues where it was, and a row that is locked is left to the next.
func TestResealLeavesLockedRows(t *testing.T) {
	t.Parallel()
	db := postgrestest.NewPool(t, 4)
	kek, _ := testKEK(t)
	k, err := Load(t.Context(), db, kek)
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.Exec(t, db, `create table things (id int primary key, sealed bytea)`, `grant all on things to public`)
	thingsOf(t, k, db, 0, 3)
	if err := k.AddVersion(t.Context(), PII); err != nil {
		t.Fatal(err)
	}
	if err := k.Promote(t.Context(), PII); err != nil {
		t.Fatal(err)
	}
	err = db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := db.From(ctx).Exec(ctx, `select from things where id = 1 for update`); err != nil {
			return err
		}
		if n, err := k.Reseal(t.Context(), resealColumn); err != nil || n != 2 {
			t.Errorf("Reseal beside a lock = %d, %v, want 2", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := k.Left(t.Context(), resealColumn); err != nil || n != 1 {
		t.Errorf("Left = %d, %v, want 1", n, err)
	}
	if n, err := k.Reseal(t.Context(), resealColumn); err != nil || n != 1 {
		t.Errorf("Reseal again = %d, %v, want 1", n, err)
	}
}
