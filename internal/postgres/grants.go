package postgres

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// AppRole is the role of the service, if it exists; the role that migrates owns the tables.
const AppRole = "idp_app"

// Grants are the statements that define the privileges of AppRole.
//
//go:embed grants.sql
var Grants string

// grant gives AppRole its privileges, if the role exists.
func grant(ctx context.Context, pool *pgxpool.Pool) error {
	var there bool
	err := pool.QueryRow(ctx, `select exists (select from pg_roles where rolname = $1)`, AppRole).Scan(&there)
	if err != nil || !there {
		return err
	}
	if _, err := pool.Exec(ctx, Grants); err != nil { // no arguments, hence one simple query in one transaction
		return fmt.Errorf("granting rights to %s: %w", AppRole, err)
	}
	return nil
}

// Owns reports whether the current role could alter the schema or the audit (S-79).
func Owns(ctx context.Context, db *DB) (owns bool, err error) {
	err = db.From(ctx).QueryRow(ctx, `
		select exists (select from pg_class where oid = 'audit_events'::regclass and pg_has_role(relowner, 'usage'))
			or has_table_privilege('audit_events', 'delete, truncate, trigger') or has_any_column_privilege('audit_events', 'update')
			or has_schema_privilege('public', 'create')`).Scan(&owns)
	return owns, err
}
