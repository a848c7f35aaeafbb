package postgres

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// AppRole is the role with which the service works, where there is one; its owner migrates.
const AppRole = "idp_app"

// Grants are the statements that say what AppRole may do.
//
//go:embed grants.sql
var Grants string

// grant gives AppRole its rights, where there is such a role.
func grant(ctx context.Context, pool *pgxpool.Pool) error {
	var there bool
	err := pool.QueryRow(ctx, `select exists (select from pg_roles where rolname = $1)`, AppRole).Scan(&there)
	if err != nil || !there {
		return err
	}
	if _, err := pool.Exec(ctx, Grants); err != nil { // without arguments: one simple query, one transaction
		return fmt.Errorf("granting rights to %s: %w", AppRole, err)
	}
	return nil
}

// Owns tells whether whoever is connected could alter the schema or the record (S-79).
func Owns(ctx context.Context, db *DB) (owns bool, err error) {
	err = db.From(ctx).QueryRow(ctx, `
		select exists (select from pg_class where oid = 'audit_events'::regclass and pg_has_role(relowner, 'usage'))
			or has_table_privilege('audit_events', 'update') or has_table_privilege('audit_events', 'delete') or has_schema_privilege('public', 'create')`).Scan(&owns)
	return owns, err
}
