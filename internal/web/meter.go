package web

import (
	"time"

	"github.com/maypok86/otter/v2"
)

// keysKept bounds the memory of one meter (S-69): about 8 MB.
const keysKept = 100_000

// Meter is a GCRA limit in memory, for one instance: each key has one instant up to which its calls are paid for. It is
// exact under concurrency; the least recently used keys are dropped first.
type Meter[K comparable] struct {
	interval, burst time.Duration
	paidUntil       *otter.Cache[K, time.Time]
}

// NewMeter allows count calls per key within per, all at once if need be.
func NewMeter[K comparable](count int, per time.Duration) *Meter[K] {
	return &Meter[K]{interval: per / time.Duration(count), burst: per, paidUntil: otter.Must(&otter.Options[K, time.Time]{
		MaximumSize:      keysKept,
		ExpiryCalculator: otter.ExpiryWriting[K, time.Time](per),
	})}
}

// Take returns how long key must wait; 0 means that one call was taken from a limit of count times factor.
func (m *Meter[K]) Take(key K, factor int, now time.Time) (wait time.Duration) {
	interval := m.interval / time.Duration(factor)
	m.paidUntil.Compute(key, func(paid time.Time, _ bool) (time.Time, otter.ComputeOp) {
		if paid.Before(now) {
			paid = now
		}
		next := paid.Add(interval)
		if wait = next.Sub(now.Add(m.burst)); wait > 0 {
			return paid, otter.CancelOp
		}
		wait = 0
		return next, otter.WriteOp
	})
	return wait
}
