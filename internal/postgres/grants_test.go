package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// TestApplicationRole: the service's role owns nothing, cannot alter the schema and changes no row of the record (S-79).
func TestApplicationRole(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := t.Context()
	row := `insert into audit_events (id, at, kind, success) values (gen_random_uuid(), now(), 'x', true)`
	if _, err := db.From(ctx).Exec(ctx, row); err != nil {
		t.Fatalf("an insert: %v", err)
	}
	refused := []string{
		`alter table accounts add column x int`, `alter table audit_events disable trigger all`, `alter table audit_events owner to current_user`,
		`drop table rate_limits`, `drop trigger audit_events_append_only on audit_events`, `drop view account_states`, `create table x (y int)`,
		`create view public.x as select 1`, `create index on accounts (username)`, `create function public.x() returns int language sql as 'select 1'`,
		`create trigger x before insert on audit_events for each row execute function audit_retained()`, `create schema x`, `create extension pg_trgm`,
		`create or replace function audit_prune(before timestamptz, most integer) returns bigint language sql as 'select 1::bigint'`,
		`update audit_events set success = false`, `delete from audit_events`, `truncate audit_events`, `truncate accounts cascade`,
		`update audit_chain set position = 7`, `delete from audit_chain`, `truncate audit_chain`, `update audit_checkpoints set position = 7`,
		`delete from audit_checkpoints`, `update audit_unsealed set event_id = gen_random_uuid()`, `update desk_entries set act = ''`,
		`select audit_prune(now() - interval '364 days', 10)`, `set session_replication_role = replica`,
		`insert into goose_db_version (version_id, is_applied) values (99999, true)`, `delete from goose_db_version`, `delete from river_migration`,
		`create role x`, `alter role current_user superuser`, `grant select on accounts to public`, `copy accounts to '/tmp/x'`, `select pg_read_file('PG_VERSION')`,
		`alter system set log_statement = 'all'`, `reindex table accounts`, `comment on table accounts is ''`,
	}
	for _, statement := range refused {
		_, err := db.From(ctx).Exec(ctx, statement)
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "42501" {
			if grant := strings.HasPrefix(statement, "grant "); !grant || err != nil { // a grant without grant option is a warning
				t.Errorf("%s: %v, want insufficient_privilege", statement, err)
			}
		}
	}
	var public bool
	if err := db.From(ctx).QueryRow(ctx, `select has_table_privilege('public', 'accounts', 'select')`).Scan(&public); err != nil || public {
		t.Errorf("everybody reads accounts: %v, %v", public, err)
	}
	if owns, err := postgres.Owns(ctx, db); err != nil || owns {
		t.Errorf("Owns = %v, %v", owns, err)
	}
	for _, right := range []string{"update on audit_events", "update (kind) on audit_events", "delete on audit_events", "truncate on audit_events", "trigger on audit_events", "create on schema public"} {
		postgrestest.Exec(t, db, "grant "+right+" to idp_app")
		if owns, err := postgres.Owns(ctx, db); err != nil || !owns {
			t.Errorf("with %s Owns = %v, %v", right, owns, err)
		}
		postgrestest.Exec(t, db, "revoke "+right+" from idp_app")
	}
	rows, err := db.From(ctx).Query(ctx, `select relname from pg_class where pg_get_userbyid(relowner) = current_user and relpersistence <> 't'`)
	if err != nil {
		t.Fatal(err)
	}
	if owned, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(owned) > 0 {
		t.Errorf("it owns %v, %v", owned, err)
	}
	// every table of the schema may be read, and written but for those of the record and of migrations
	rows, err = db.From(ctx).Query(ctx, `
		select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
			and not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert') and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete'))
		order by relname`)
	if err != nil {
		t.Fatal(err)
	}
	limited, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if want := "audit_chain audit_checkpoints audit_events audit_unsealed desk_entries goose_db_version river_migration"; err != nil || strings.Join(limited, " ") != want {
		t.Errorf("tables with fewer rights: %v, %v, want %s", limited, err, want)
	}
}
