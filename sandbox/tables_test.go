package sandbox

import (
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/postgrestest"
)

// TestEveryTableIsDecidedOn walks the schema: a table without a line in tables.go would keep what testers left, or lose what must stay.
func TestEveryTableIsDecidedOn(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	rows, err := db.From(t.Context()).Query(t.Context(), `
		select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) < 60 {
		t.Fatalf("the schema has %d tables, %v", len(names), err)
	}
	decided := map[string]bool{}
	for _, d := range tables {
		if decided[d.Table] || (d.Keep == "") == (d.Empty == "") {
			t.Errorf("%s is decided on twice, or neither kept nor emptied", d.Table)
		}
		decided[d.Table] = true
	}
	for _, name := range names {
		if !decided[name] {
			t.Errorf("%s: what does a reset of a sandbox do with it? Say so in sandbox/tables.go", name)
		}
		delete(decided, name)
	}
	if len(decided) > 0 {
		t.Errorf("not in the schema: %v", slices.Collect(maps.Keys(decided)))
	}
}
