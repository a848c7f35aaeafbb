package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// turns limit how many requests for one key use the database at once. While a row is locked, each request for it
// occupies a connection until the lock timeout; without a limit, requests for one row would soon occupy all connections
//
type turns struct {
	share int // connections per key
	mu    sync.Mutex
	keys  map[string]*turn
}

type turn struct {
	free chan struct{}
	used int // holders and waiters; the last one removes the entry
}

// Turn lets requests for one key, the token of a row that they will lock, occupy at most a quarter of the pool's
// connections, but at least one. The others wait without a connection, for at most acquireTimeout. The caller calls
// done. The error is ErrUnavailable or ctx's.
func (db *DB) Turn(ctx context.Context, key []byte) (done func(), err error) {
	if db.Tx(ctx) != nil { // it already has its connection and would keep it while waiting
		return func() {}, nil
	}
	t := &db.turns
	t.mu.Lock()
	one := t.keys[string(key)]
	if one == nil {
		one = &turn{free: make(chan struct{}, t.share)}
		t.keys[string(key)] = one
	}
	one.used++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		if one.used--; one.used == 0 {
			delete(t.keys, string(key))
		}
		t.mu.Unlock()
	}
	timer := time.NewTimer(acquireTimeout)
	defer timer.Stop()
	select {
	case one.free <- struct{}{}:
		return func() { <-one.free; leave() }, nil
	case <-timer.C:
		err = fmt.Errorf("%w: too many requests for one row", ErrUnavailable)
	case <-ctx.Done():
		err = ctx.Err()
	}
	leave()
	return nil, err
}
