package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// Begin travels with the first statement, and commit with what Finish is given.
func TestRoundTripsOfATransaction(t *testing.T) {
	t.Parallel()
	counter := &postgrestest.Trips{}
	db := postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: 1, Tracer: counter})
	if _, err := db.From(t.Context()).Exec(t.Context(), "create temp table things (id int constraint things_pkey primary key)"); err != nil {
		t.Fatal(err)
	}
	insert := func(id int) *pgx.Batch {
		b := &pgx.Batch{}
		b.Queue("insert into things values ($1)", id)
		return b
	}
	boom := errors.New("boom")
	for _, test := range []struct {
		name  string
		fn    func(ctx context.Context) error
		trips int64
		rows  int // afterwards
		fails string
	}{
		{"nothing", func(context.Context) error { return nil }, 0, 0, ""},
		{"a read, and Finish", func(ctx context.Context) error {
			var n int
			if err := db.From(ctx).QueryRow(ctx, "select count(*) from things").Scan(&n); err != nil {
				return err
			}
			return db.Finish(ctx, insert(1))
		}, 2, 1, ""},
		{"Finish alone", func(ctx context.Context) error { return db.Finish(ctx, insert(2)) }, 1, 2, ""},
		{"a batch, and a commit of its own", func(ctx context.Context) error {
			return db.From(ctx).SendBatch(ctx, insert(3)).Close()
		}, 2, 3, ""},
		{"Finish in an inner transaction does not commit", func(ctx context.Context) error {
			if _, err := db.From(ctx).Exec(ctx, "select 1"); err != nil {
				return err
			}
			if err := db.InTx(ctx, func(ctx context.Context) error { return db.Finish(ctx, insert(4)) }); err != nil {
				return err
			}
			return boom
		}, 3, 3, "boom"},
		{"a violation in Finish undoes what came before", func(ctx context.Context) error {
			if err := db.From(ctx).SendBatch(ctx, insert(5)).Close(); err != nil {
				return err
			}
			return db.Finish(ctx, insert(1))
		}, 3, 3, "things_pkey"},
		{"a violation in the first statement", func(ctx context.Context) error {
			_, err := db.From(ctx).Exec(ctx, "insert into things values (1)")
			return err
		}, 2, 3, "things_pkey"},
		{"rows of the first statement that nobody reads to the end", func(ctx context.Context) error {
			rows, err := db.From(ctx).Query(ctx, "select id from things order by id")
			if err != nil {
				return err
			}
			rows.Next()
			rows.Close()
			return db.Finish(ctx, insert(6))
		}, 2, 4, ""},
		{"nothing may follow Finish", func(ctx context.Context) error {
			if err := db.Finish(ctx, insert(7)); err != nil {
				return err
			}
			_, err := db.From(ctx).Exec(ctx, "insert into things values (8)")
			if err == nil {
				t.Error("a statement after Finish went through")
			}
			return nil
		}, 1, 5, ""},
		{"COPY", func(ctx context.Context) error {
			_, err := db.From(ctx).CopyFrom(ctx, pgx.Identifier{"things"}, []string{"id"}, pgx.CopyFromRows([][]any{{9}, {10}}))
			return err
		}, 2, 7, ""}, // COPY itself is not traced
	} {
		var err error
		trips, _ := counter.Of(func() { err = db.InTx(t.Context(), test.fn) })
		switch {
		case test.fails == "" && err != nil, test.fails == "boom" && !errors.Is(err, boom),
			test.fails != "" && test.fails != "boom" && postgres.Violated(err) != test.fails:
			t.Errorf("%s: InTx = %v, want %q", test.name, err, test.fails)
		}
		if trips != test.trips {
			t.Errorf("%s: %d round trips, want %d", test.name, trips, test.trips)
		}
		var rows int
		if err := db.From(t.Context()).QueryRow(t.Context(), "select count(*) from things").Scan(&rows); err != nil || rows != test.rows {
			t.Errorf("%s: %d rows afterwards, %v, want %d", test.name, rows, err, test.rows)
		}
	}
}
