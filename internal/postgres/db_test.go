package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

func TestInTxJoinsAndRollsBack(t *testing.T) {
	db := postgrestest.New(t)
	ctx := t.Context()
	if _, err := db.From(ctx).Exec(ctx, "create temp table things (id int constraint things_pkey primary key)"); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := db.InTx(ctx, func(ctx context.Context) error {
		return db.InTx(ctx, func(ctx context.Context) error {
			if _, err := db.From(ctx).Exec(ctx, "insert into things values (1)"); err != nil {
				return err
			}
			return boom
		})
	})
	if !errors.Is(err, boom) {
		t.Fatalf("InTx = %v, want boom", err)
	}
	var n int
	if err := db.From(ctx).QueryRow(ctx, "select count(*) from things").Scan(&n); err != nil || n != 0 {
		t.Fatalf("after a rollback: %d rows, %v", n, err)
	}
	insert := func(ctx context.Context) error {
		_, err := db.From(ctx).Exec(ctx, "insert into things values (1)")
		return err
	}
	if err := db.InTx(ctx, insert); err != nil {
		t.Fatal(err)
	}
	if got := postgres.Violated(db.InTx(ctx, insert)); got != "things_pkey" {
		t.Errorf("Violated = %q, want things_pkey", got)
	}
}

func TestInTxRetriesSerializationFailures(t *testing.T) {
	db := postgrestest.New(t)
	tries := 0
	err := db.InTx(t.Context(), func(context.Context) error {
		tries++
		if tries < 3 {
			return &pgconn.PgError{Code: "40001"}
		}
		return nil
	})
	if err != nil || tries != 3 {
		t.Errorf("InTx = %v after %d tries, want success after 3", err, tries)
	}
}

func TestPoolExhaustedIsUnavailable(t *testing.T) {
	db := postgrestest.New(t) // one connection
	err := db.InTx(t.Context(), func(context.Context) error {
		_, err := db.From(t.Context()).Exec(t.Context(), "select 1") // outside the transaction
		return err
	})
	if !errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("second connection of a pool of one: %v, want ErrUnavailable", err)
	}
}

func TestPooledBatchesAndRowsGiveTheirConnectionBack(t *testing.T) {
	db := postgrestest.New(t)
	for range 3 {
		b := &pgx.Batch{}
		b.Queue("select 1")
		if err := db.From(t.Context()).SendBatch(t.Context(), b).Close(); err != nil {
			t.Fatal(err)
		}
		rows, err := db.From(t.Context()).Query(t.Context(), "select generate_series(1, 3)")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := pgx.CollectRows(rows, pgx.RowTo[int]); err != nil || len(got) != 3 {
			t.Fatalf("CollectRows = %v, %v", got, err)
		}
	}
}
