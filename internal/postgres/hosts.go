package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

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

// hangs is how long a connection may take for an empty query; it leaves time to try another connection.
const hangs = acquireTimeout / 2

// tryIdle probes a connection that was idle for a second before it is lent. If it hangs, the other idle connections
// hang as well: they are dropped together, and the pool dials new ones at once instead of probing each.
func (db *DB) tryIdle(ctx context.Context, p pgxpool.ShouldPingParams) bool {
	if p.IdleDuration < time.Second {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangs) // the caller may be gone while the connection is fine
	defer cancel()
	err := p.Conn.Ping(ctx)
	if err == nil || !errors.Is(err, context.DeadlineExceeded) {
		return err != nil // it is closed then, and the pool notices
	}
	for _, idle := range db.pool.AcquireAllIdle(context.Background()) {
		conn := idle.Hijack()
		go func() {
			end, cancel := context.WithTimeout(context.Background(), hangs)
			defer cancel()
			_ = conn.Close(end) // the server does not answer
		}()
	}
	return true
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
