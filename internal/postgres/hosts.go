package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"reflect"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// findDeadHosts keeps an unresponsive server, such as a machine without power, from delaying requests: the pool
// abandons its connections and tries the next host of the address, which is available within 5 s of its promotion.
func findDeadHosts(cfg *pgxpool.Config) {
	// No request waits this long for a connection (see acquireTimeout): it serves the next request. A single host gets
	// more time than each of several.
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	for _, next := range cfg.ConnConfig.Fallbacks {
		if next.Host != cfg.ConnConfig.Host || next.Port != cfg.ConnConfig.Port {
			cfg.ConnConfig.ConnectTimeout = 2 * time.Second
		}
	}
	cfg.PingTimeout = hangs
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 3}}
	cfg.ConnConfig.DialFunc = dialer.DialContext
}

// readGreeting decides target_session_attrs=read-write by what a server reports when a connection begins (PostgreSQL 14
// and later), as libpq does. pgx asks instead, which costs each new connection a round trip.
func readGreeting(cfg *pgx.ConnConfig) {
	ask := cfg.ValidateConnect
	if reflect.ValueOf(ask).Pointer() != reflect.ValueOf(pgconn.ValidateConnectTargetSessionAttrsReadWrite).Pointer() {
		return
	}
	cfg.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		standby, readOnly := conn.ParameterStatus("in_hot_standby"), conn.ParameterStatus("default_transaction_read_only")
		switch {
		case standby == "" || readOnly == "": // an older server
			return ask(ctx, conn)
		case standby == "on" || readOnly == "on":
			return pgconn.ErrReadOnlyConnection
		}
		return nil
	}
}

// hangs is how long a connection may take for an empty query; it leaves time to try another connection.
const hangs = acquireTimeout / 2

// tryIdle leaves it to acquire to try connections that were idle. For others, such as the job queue, pgx does.
func tryIdle(ctx context.Context, p pgxpool.ShouldPingParams) bool {
	return ctx.Value(triedKey{}) == nil && p.IdleDuration > time.Second
}

// answers tries a connection. If it hangs, the idle connections hang as well: they are dropped together, and the pool
// dials new ones at once instead of trying each.
func answers(ctx context.Context, pool *pgxpool.Pool, conn *pgxpool.Conn) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangs) // the caller may be gone while the connection is fine
	defer cancel()
	err := conn.Ping(ctx)
	if !errors.Is(err, context.DeadlineExceeded) {
		return err == nil
	}
	for _, idle := range pool.AcquireAllIdle(context.Background()) {
		hung := idle.Hijack()
		go func() {
			end, cancel := context.WithTimeout(context.Background(), hangs)
			defer cancel()
			_ = hung.Close(end) // the server does not answer
		}()
	}
	return false
}

// Reach makes the first connection, with enough time for each host of the address to answer.
func (db *DB) Reach(ctx context.Context) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	conn.Release()
	return nil
}

// quiet reports that the server has neither closed an idle connection nor sent anything through it, which it does before
// it closes one. It looks at what has arrived in this machine: a microsecond, and no round trip.
func quiet(conn *pgx.Conn) bool {
	socket := conn.PgConn().Conn()
	if secured, ok := socket.(*tls.Conn); ok {
		socket = secured.NetConn()
	}
	descriptor, ok := socket.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := descriptor.SyscallConn()
	if err != nil {
		return false
	}
	var arrived error
	err = raw.Control(func(fd uintptr) {
		_, _, arrived = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err == nil && errors.Is(arrived, syscall.EAGAIN)
}
