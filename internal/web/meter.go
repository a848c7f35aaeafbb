package web

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// keysKept bounds the memory of one meter (S-69): about 8 MB.
const keysKept = 100_000

// Meter is a GCRA limit in memory, for one instance: each key has one instant up to which its calls are paid for. It is
// exact under concurrency; the least recently used keys are dropped first.
type Meter[K comparable] struct {
	interval, burst time.Duration
	mu              sync.Mutex
	paidUntil       *simplelru.LRU[K, time.Time]
}

// NewMeter allows count calls per key within per, all at once if need be.
func NewMeter[K comparable](count int, per time.Duration) *Meter[K] {
	kept, err := simplelru.NewLRU[K, time.Time](keysKept, nil)
	if err != nil { // of a size below 1
		panic(err)
	}
	return &Meter[K]{interval: per / time.Duration(count), burst: per, paidUntil: kept}
}

// Take returns how long key must wait; 0 means that one call was taken from a limit of count times factor.
func (m *Meter[K]) Take(key K, factor int, now time.Time) (wait time.Duration) {
	interval := m.interval / time.Duration(factor)
	m.mu.Lock()
	defer m.mu.Unlock()
	paid, _ := m.paidUntil.Get(key)
	if paid.Before(now) {
		paid = now
	}
	next := paid.Add(interval)
	if wait = next.Sub(now.Add(m.burst)); wait > 0 {
		return wait
	}
	m.paidUntil.Add(key, next)
	return 0
}
