package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// findDeadHosts sees to it that a server which is gone without a word, as a machine without power is, holds nobody up: the
// pool leaves its connections and goes on to the next host of the address, which is up within 5 s of its promotion.
func findDeadHosts(cfg *pgxpool.Config) {
	// Nobody waits as long for a connection, see acquireTimeout: it is there for the next. One host has more time than each
	// of several.
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

// hangs is how long a connection may take for nothing at all; where one hangs another still has time.
const hangs = acquireTimeout / 2

// tryIdle tries what was idle for a second before it is lent. Where one hangs the others that are idle hang as well: without
// them the pool makes new ones at once, instead of trying each in its turn.
func (db *DB) tryIdle(ctx context.Context, p pgxpool.ShouldPingParams) bool {
	if p.IdleDuration < time.Second {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangs) // whoever asked may have gone; the connection is good
	defer cancel()
	err := p.Conn.Ping(ctx)
	if err == nil || !errors.Is(err, context.DeadlineExceeded) {
		return err != nil // it is closed then, and the pool finds that out
	}
	for _, idle := range db.pool.AcquireAllIdle(context.Background()) {
		conn := idle.Hijack()
		go func() {
			end, cancel := context.WithTimeout(context.Background(), hangs)
			defer cancel()
			_ = conn.Close(end) // nobody is there to say farewell to
		}()
	}
	return true
}

// Reach makes the first connection: at a start there is time for each host of the address to answer, or not to.
func (db *DB) Reach(ctx context.Context) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	conn.Release()
	return nil
}
