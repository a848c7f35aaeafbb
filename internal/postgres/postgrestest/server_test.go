package postgrestest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/embedded"
)

// A program that takes a server finds nothing of the one before but the template of today's migrations.
func TestDropLeftovers(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp(fastFolder(), "idp-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL runs as another user
		t.Fatal(err)
	}
	s, err := embedded.Start(t.Context(), embedded.Options{DataDir: filepath.Join(dir, "server"), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	current, err := templateName()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"test_killed", "template_old", "testimony", current} {
		if err := run(s.DSN("postgres"), "create database "+name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"template_old", current} {
		if err := run(s.DSN("postgres"), "alter database "+name+" is_template true"); err != nil {
			t.Fatal(err)
		}
	}
	if err := dropLeftovers(t.Context(), s.DSN("postgres")); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), s.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, _ := conn.Query(t.Context(), "select datname from pg_database order by datname")
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"postgres", "template0", "template1", current, "testimony"}
	slices.Sort(want)
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("databases = %q, want %q", names, want)
	}
}
