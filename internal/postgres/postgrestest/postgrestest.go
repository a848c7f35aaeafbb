// Package postgrestest gives each test a PostgreSQL database of its own, cloned
// from a template that holds the migrations. It is used as the application's role,
// so that a missing grant shows; Owner may do more.
//
// The server is TEST_DATABASE_URL, else one that this package starts for the test
// program and that ends with it. A failing test keeps its database and names it; the
// next program that takes such a server removes it.
package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
)

// New returns a migrated database with a pool of one connection: a statement that
// slipped out of its transaction waits for ever and is noticed.
func New(t testing.TB) *postgres.DB {
	t.Helper()
	return NewPool(t, 1)
}

// NewPool is New with a pool of n connections, for races.
func NewPool(t testing.TB, n int32) *postgres.DB {
	t.Helper()
	return Open(t, postgres.Options{DSN: DSN(t), MaxConns: n})
}

// Open opens a pool on a database that DSN made and closes it with the test.
func Open(t testing.TB, o postgres.Options) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("opening the test database: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// DSN makes a migrated database and returns its address.
func DSN(t testing.TB) string {
	t.Helper()
	return clone(t, true)
}

// Empty makes a database without any table and returns its address.
func Empty(t testing.TB) string {
	t.Helper()
	return clone(t, false)
}

func clone(t testing.TB, migrated bool) string {
	t.Helper()
	server, err := server()
	if err != nil {
		t.Fatalf("starting the test database server: %v", err)
	}
	template := server.template
	if !migrated {
		template = "template1"
	}
	name := "test_" + strings.ToLower(rand.Text()[:16])
	if err := run(server.admin, fmt.Sprintf("create database %s template %s strategy file_copy", name, template)); err != nil {
		t.Fatalf("making the test database: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the database is kept: %s", name)
			return
		}
		if err := run(server.admin, fmt.Sprintf("drop database if exists %s with (force)", name)); err != nil {
			t.Logf("dropping the test database: %v", err)
		}
	})
	address := withDatabase(server.admin, name)
	if migrated {
		address += asApplication // a missing grant shows
	}
	return address
}

// OwnerDSN is the owner's address of a database that DSN made.
func OwnerDSN(dsn string) string { return strings.Replace(dsn, asApplication, "", 1) }

const asApplication = " role=" + postgres.AppRole

// Exec does as the owner what the application may not: change the schema, or rows that are append-only.
func Exec(t testing.TB, db *postgres.DB, statements ...string) {
	t.Helper()
	conn := Owner(t, db)
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// Owner is a connection that owns the database of db, for tests that do what the application may not.
func Owner(t testing.TB, db *postgres.DB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), OwnerDSN(db.Pool().Config().ConnString()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func run(admin, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// withDatabase is the server's address with another database, in either form.
func withDatabase(admin, name string) string {
	cfg, err := pgx.ParseConfig(admin)
	if err != nil {
		return admin // reported when it is used
	}
	address := fmt.Sprintf("host=%s port=%d user=%s dbname=%s", cfg.Host, cfg.Port, cfg.User, name)
	if cfg.Password != "" {
		address += " password='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(cfg.Password) + "'"
	}
	if cfg.TLSConfig == nil {
		address += " sslmode=disable"
	}
	return address
}
