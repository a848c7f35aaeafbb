package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/maypok86/otter/v2"
)

// sourcesKept bounds the memory of one per-source limit (S-69): about 8 MB.
const sourcesKept = 100_000

// perSource is a GCRA limit in memory: each source owns one instant, up to which
// its requests are paid for. It is exact under concurrency, and the coldest sources
// are forgotten first.
type perSource struct {
	interval, burst time.Duration
	wide            []netip.Prefix
	wideFactor      int
	paidUntil       *otter.Cache[netip.Prefix, time.Time]
}

func (w *Web) newPerSource(count int, per time.Duration) *perSource {
	return &perSource{
		interval: per / time.Duration(count), burst: per, wide: w.limits.Wide, wideFactor: w.limits.WideFactor,
		paidUntil: otter.Must(&otter.Options[netip.Prefix, time.Time]{
			MaximumSize:      sourcesKept,
			ExpiryCalculator: otter.ExpiryWriting[netip.Prefix, time.Time](per),
		}),
	}
}

// take returns how long source must wait; 0 takes one request from its limit.
func (p *perSource) take(source netip.Prefix, now time.Time) (wait time.Duration) {
	interval := p.interval
	if within(source.Addr(), p.wide) {
		interval /= time.Duration(p.wideFactor)
	}
	p.paidUntil.Compute(source, func(paid time.Time, _ bool) (time.Time, otter.ComputeOp) {
		if paid.Before(now) {
			paid = now
		}
		next := paid.Add(interval)
		if wait = next.Sub(now.Add(p.burst)); wait > 0 {
			return paid, otter.CancelOp
		}
		wait = 0
		return next, otter.WriteOp
	})
	return wait
}

// limitSource answers 429 with Retry-After to a source that asks too often (S-09).
func (w *Web) limitSource(p *perSource) gin.HandlerFunc {
	return func(c *gin.Context) {
		if wait := p.take(requestOf(c).source, w.now()); wait > 0 {
			w.abort(c, &Error{
				Status: http.StatusTooManyRequests, Key: KeyTooMany, Wait: wait,
				Err: fmt.Errorf("source limit reached"),
			})
		}
	}
}
