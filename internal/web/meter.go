package web

import (
	"time"

	"github.com/maypok86/otter/v2"
)

// keysKept bounds the memory of one meter (S-69): about 8 MB.
const keysKept = 100_000

// Meter is a GCRA limit in memory, for one instance: each key owns one instant, up to which
// its calls are paid for. It is exact under concurrency, and the coldest keys are forgotten
// first.
type Meter[K comparable] struct {
	interval, burst time.Duration
	paidUntil       *otter.Cache[K, time.Time]
}

// NewMeter allows count calls of a key in per, all at once if they come so.
func NewMeter[K comparable](count int, per time.Duration) *Meter[K] {
	return &Meter[K]{interval: per / time.Duration(count), burst: per, paidUntil: otter.Must(&otter.Options[K, time.Time]{
		MaximumSize:      keysKept,
		ExpiryCalculator: otter.ExpiryWriting[K, time.Time](per),
	})}
}

// Take returns how long key must wait; 0 takes one call from its limit, which counts factor
// times.
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
