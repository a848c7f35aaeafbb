package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A pooler in transaction mode lends a server session for one transaction; afterwards the session, with whatever it keeps,
// serves other clients.
//
//	prepared statements      unnamed only; pgx caches their descriptions, which saves the round trip
//	timeouts                 set on the role (deploy/roles.sql), since the pooler rejects or drops them as start parameters
//	LISTEN                   unavailable: the job queue polls
//	advisory locks           transaction-level only; Migrate, which needs a session-level one, refuses a pooler
//	SET LOCAL, temp tables   within one transaction, as everywhere

// ErrPooler says that there is a pooler between this program and the server, but the settings do not say so.
var ErrPooler = errors.New("a pooler is between this program and the server")

// ErrNoTimeouts says that statements would run without limits.
var ErrNoTimeouts = errors.New("the role has no time-outs of its own")

// Pooled reports whether connections go through a pooler in transaction mode.
func (db *DB) Pooled() bool { return db.pooled }

// IsPooler reports whether err is caused by a pooler that the settings do not mention: it rejects or drops the timeouts
// that a server accepts as start parameters.
func IsPooler(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return errors.Is(err, ErrPooler) || ok && pg.Code == "08P01" && strings.Contains(pg.Message, "startup parameter")
}

// throughPooler avoids everything that depends on a session.
func throughPooler(cfg *pgx.ConnConfig) {
	for name := range timeouts {
		delete(cfg.RuntimeParams, name)
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	cfg.StatementCacheCapacity, cfg.DescriptionCacheCapacity = 0, 512
}

// CheckPooler checks that the connection is as Options say, and that statements have timeouts: behind a pooler they
// disappear silently.
func CheckPooler(ctx context.Context, db *DB) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer db.release(conn)
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

// direct returns ErrPooler unless the process that answers is the one that the connection was made with.
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
