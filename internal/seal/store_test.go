package seal

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
)

func TestLoadCreatesEachKeyOnceAndFindsItAgain(t *testing.T) {
	db := postgrestest.New(t)
	kek, _ := testKEK(t)
	first, err := Load(t.Context(), db, kek)
	if err != nil {
		t.Fatalf("Load on an empty database: %v", err)
	}
	at := Place{Table: "t", Column: "c", Row: "r"}
	for _, p := range purposes {
		sealed := first.Seal(p, at, []byte("secret"))
		second, err := Load(t.Context(), db, kek)
		if err != nil {
			t.Fatalf("second Load: %v", err)
		}
		if got, err := second.Open(p, at, sealed); err != nil || string(got) != "secret" {
			t.Errorf("purpose %s: Open after a restart = %q, %v, want what was sealed before", p, got, err)
		}
	}
	var stored int
	if err := db.From(t.Context()).QueryRow(t.Context(), `SELECT count(*) FROM data_keys`).Scan(&stored); err != nil || stored != len(purposes) {
		t.Errorf("data_keys has %d rows, %v, want %d", stored, err, len(purposes))
	}
}

func TestFirstStartOfManyInstancesMakesOneKeyPerPurpose(t *testing.T) {
	db := postgrestest.NewPool(t, 8)
	kek, _ := testKEK(t)
	rings := make([]*Keyring, 8)
	var group sync.WaitGroup
	for i := range rings {
		group.Go(func() {
			var err error
			if rings[i], err = Load(t.Context(), db, kek); err != nil {
				t.Errorf("instance %d: Load: %v", i, err)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	for _, p := range purposes {
		want := rings[0].MAC(p, []byte("x"))
		for i, ring := range rings {
			if !bytes.Equal(ring.MAC(p, []byte("x")), want) {
				t.Errorf("instance %d has another %s key than instance 0", i, p)
			}
		}
	}
}

func TestLoadNamesTheMissingKEKAndChangesNothing(t *testing.T) {
	db := postgrestest.New(t)
	right, _ := testKEK(t)
	wrong, _ := testKEK(t)
	if _, err := Load(t.Context(), db, right); err != nil {
		t.Fatal(err)
	}
	if _, err := db.From(t.Context()).Exec(t.Context(), `DELETE FROM data_keys WHERE purpose = 'csrf'`); err != nil {
		t.Fatal(err)
	}
	_, err := Load(t.Context(), db, wrong)
	unwrap, ok := errors.AsType[*UnwrapError](err)
	if !ok || unwrap.KEKID != right.ID() {
		t.Fatalf("Load with a wrong KEK = %v, want an *UnwrapError naming %s", err, right.ID())
	}
	var stored int
	if err := db.From(t.Context()).QueryRow(t.Context(), `SELECT count(*) FROM data_keys`).Scan(&stored); err != nil || stored != len(purposes)-1 {
		t.Errorf("after the refusal data_keys has %d rows, %v, want %d as before", stored, err, len(purposes)-1)
	}
}

func TestWrappedKeyCopiedToAnotherPurposeFailsClosed(t *testing.T) {
	db := postgrestest.New(t)
	kek, _ := testKEK(t)
	if _, err := Load(t.Context(), db, kek); err != nil {
		t.Fatal(err)
	}
	if _, err := db.From(t.Context()).Exec(t.Context(), `
		UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE purpose = 'csrf') WHERE purpose = 'pii'`); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), db, kek); err == nil {
		t.Error("Load accepted the wrapped key of another purpose, want an error")
	}
}

func TestLoadRefusesMissingAndDoubleKEKs(t *testing.T) {
	db := postgrestest.New(t)
	kek, _ := testKEK(t)
	for name, keks := range map[string][]KEK{"none": nil, "zero": {{}}, "twice the same": {kek, kek}} {
		if _, err := Load(t.Context(), db, keks...); err == nil {
			t.Errorf("Load with %s succeeded, want an error", name)
		}
	}
}

func TestKEKRotation(t *testing.T) {
	db := postgrestest.New(t)
	old, _ := testKEK(t)
	fresh, _ := testKEK(t)
	before, err := Load(t.Context(), db, old)
	if err != nil {
		t.Fatal(err)
	}
	at := Place{Table: "t", Column: "c", Row: "r"}
	sealed := before.Seal(TOTP, at, []byte("secret"))

	both, err := Load(t.Context(), db, fresh, old)
	if err != nil {
		t.Fatalf("Load with the new and the old KEK: %v", err)
	}
	if n, err := both.Rewrap(t.Context()); err != nil || n != len(purposes) {
		t.Fatalf("Rewrap = %d, %v, want %d", n, err, len(purposes))
	}
	if n, err := both.Rewrap(t.Context()); err != nil || n != 0 {
		t.Errorf("second Rewrap = %d, %v, want 0", n, err)
	}
	after, err := Load(t.Context(), db, fresh)
	if err != nil {
		t.Fatalf("Load with the new KEK alone: %v", err)
	}
	if got, err := after.Open(TOTP, at, sealed); err != nil || string(got) != "secret" {
		t.Errorf("Open after the rotation = %q, %v, want what was sealed before it", got, err)
	}
}

func TestDataKeyRotationAcrossInstances(t *testing.T) {
	db := postgrestest.New(t)
	ctx := t.Context()
	kek, _ := testKEK(t)
	a, err := Load(ctx, db, kek)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load(ctx, db, kek)
	if err != nil {
		t.Fatal(err)
	}
	at := Place{Table: "t", Column: "c", Row: "r"}
	old, oldMAC := a.Seal(PII, at, []byte("old")), a.MAC(PII, []byte("x"))

	if err := a.Promote(ctx, PII); err == nil {
		t.Error("Promote without a waiting version succeeded, want an error")
	}
	for range 2 { // asking twice adds one version
		if err := a.AddVersion(ctx, PII); err != nil {
			t.Fatalf("AddVersion: %v", err)
		}
	}
	if !bytes.Equal(a.MAC(PII, []byte("x")), oldMAC) {
		t.Error("a version that is next already writes")
	}
	if err := b.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.Promote(ctx, PII); err != nil {
		t.Fatalf("Promote: %v", err)
	}
	fresh, freshMAC := a.Seal(PII, at, []byte("new")), a.MAC(PII, []byte("x"))
	if bytes.Equal(freshMAC, oldMAC) {
		t.Error("after Promote the old version still writes")
	}
	for name, k := range map[string]*Keyring{"the instance that promoted": a, "the one that only refreshed before": b} {
		for want, sealed := range map[string][]byte{"old": old, "new": fresh} {
			if got, err := k.Open(PII, at, sealed); err != nil || string(got) != want {
				t.Errorf("%s: Open(%s value) = %q, %v", name, want, got, err)
			}
		}
		if !k.VerifyMAC(PII, oldMAC, []byte("x")) || !k.VerifyMAC(PII, freshMAC, []byte("x")) {
			t.Errorf("%s: VerifyMAC refuses a MAC of one of the two versions", name)
		}
		if macs := k.MACs(PII, []byte("x")); len(macs) != 2 {
			t.Errorf("%s: MACs gave %d values, want 2", name, len(macs))
		}
	}
}
