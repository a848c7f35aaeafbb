package web

import (
	"errors"
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"
)

// limitSource answers 429 with Retry-After to a source that sends too many requests (S-09).
func (w *Web) limitSource(m *Meter[netip.Prefix]) gin.HandlerFunc {
	return func(c *gin.Context) {
		if wait := m.Take(requestOf(c).source, SourceFactor(c.Request.Context()), w.now()); wait > 0 {
			w.abort(c, &Error{Status: http.StatusTooManyRequests, Key: KeyTooMany, Wait: wait, Err: errors.New("source limit reached")})
		}
	}
}
