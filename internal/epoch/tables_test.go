package epoch

import (
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/postgrestest"
)

// TestEveryTableIsDecidedOn walks the schema: a table without a line in tables.go would bring its past back with a restore.
func TestEveryTableIsDecidedOn(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	rows, err := db.From(t.Context()).Query(t.Context(), `
		select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 60 {
		t.Fatalf("the schema has %d tables, %v", len(tables), err)
	}
	decided := map[string]bool{}
	for _, d := range decisions {
		if decided[d.Table] {
			t.Errorf("%s is decided on twice", d.Table)
		}
		if (d.Keep == "") == (d.Void == "") || (d.Void == "") != (d.What == "") {
			t.Errorf("%s is kept, or voided and named", d.Table)
		}
		decided[d.Table] = true
	}
	for _, table := range tables {
		if !decided[table] {
			t.Errorf("%s: what does a restore do with it? Say so in internal/epoch/tables.go", table)
		}
		delete(decided, table)
	}
	if len(decided) > 0 {
		t.Errorf("not in the schema: %v", slices.Collect(maps.Keys(decided)))
	}
}
