package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A pooler in transaction mode lends a session of the server for one transaction: what a session keeps is another's next.
//
//	prepared statements      none with a name; pgx keeps their descriptions, which costs no round trip
//	time-outs                by the role (deploy/roles.sql), since the pooler refuses them as start parameters or drops them
//	LISTEN                   not at all: the job queue polls
//	advisory locks           of transactions only; Migrate, which holds one of a session, refuses a pooler
//	SET LOCAL, temp tables   within one transaction, as everywhere

// ErrPooler says that a pooler stands between, and that this is not provided for.
var ErrPooler = errors.New("a pooler stands before the server")

// ErrNoTimeouts says that statements would run without bounds.
var ErrNoTimeouts = errors.New("the role has no time-outs of its own")

// Pooled says whether connections go by way of a pooler in transaction mode.
func (db *DB) Pooled() bool { return db.pooled }

// IsPooler says that err comes of a pooler that is not provided for. It refuses, or drops, the time-outs that the server would
// take when a connection is made.
func IsPooler(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return errors.Is(err, ErrPooler) || ok && pg.Code == "08P01" && strings.Contains(pg.Message, "startup parameter")
}

// throughPooler asks nothing of a connection that a pooler does not keep.
func throughPooler(cfg *pgx.ConnConfig) {
	for name := range timeouts {
		delete(cfg.RuntimeParams, name)
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	cfg.StatementCacheCapacity, cfg.DescriptionCacheCapacity = 0, 512
}

// CheckPooler looks whether the way to the server is the one that Options say, and whether statements are bounded on it:
// behind a pooler time-outs are gone without a word.
func CheckPooler(ctx context.Context, db *DB) error {
	conn, err := acquire(ctx, db.pool)
	if err != nil {
		return err
	}
	defer conn.Release()
	if !db.pooled {
		return direct(ctx, conn.Conn())
	}
	var missing []string
	var user string
	for name := range timeouts {
		missing = append(missing, name)
	}
	err = conn.QueryRow(ctx, `
		select coalesce(array_agg(name order by name desc), '{}'), session_user from pg_settings where name = any ($1) and setting = '0'`, missing).Scan(&missing, &user)
	if err != nil || len(missing) == 0 {
		return unavailable(err)
	}
	var remedy []string
	for _, name := range missing {
		remedy = append(remedy, fmt.Sprintf("alter role %s set %s = %s", pgx.Identifier{user}.Sanitize(), name, timeouts[name]))
	}
	return fmt.Errorf("%w; as a superuser: %s", ErrNoTimeouts, strings.Join(remedy, "; "))
}

// direct is ErrPooler unless the process that answers is the one that the connection was made with.
func direct(ctx context.Context, conn *pgx.Conn) error {
	var pid uint32
	if err := conn.QueryRow(ctx, `select pg_backend_pid()`, pgx.QueryExecModeSimpleProtocol).Scan(&pid); err != nil {
		return unavailable(err)
	}
	if pid != conn.PgConn().PID() {
		return ErrPooler
	}
	return nil
}
