package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// turns bound how many requests at once go to the database for one key. A row that somebody holds locked makes each request
// for it keep a connection until the lock's time-out: without a bound those for one row would soon hold them all.
type turns struct {
	share int // of one key
	mu    sync.Mutex
	keys  map[string]*turn
}

type turn struct {
	free chan struct{}
	used int // by who holds or waits; the last one drops it
}

// Turn lets a quarter of the pool's connections, and one at least, be busy for one key: the token of a row that the request
// will lock. The others wait without a connection, as long as they would for one. The caller calls done. The error is
// ErrUnavailable, or ctx's.
func (db *DB) Turn(ctx context.Context, key []byte) (done func(), err error) {
	if db.Tx(ctx) != nil { // it has its connection already, and would keep it while it waits
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
