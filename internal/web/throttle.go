package web

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"

	"github.com/gin-gonic/gin"
)

// exits are the routes by which people leave. They have a count of their own: in a library nobody's session stays open because
// others at the same address opened too many pages.
var exits = []string{"/leave", "/leave/done", "/logout", "/logout/done"}

// limitSource answers 429 with Retry-After to a source that sends too many requests (S-09).
func (w *Web) limitSource(pages, leaving *Meter[netip.Prefix]) gin.HandlerFunc {
	return func(c *gin.Context) {
		m := pages
		if slices.Contains(exits, c.FullPath()) {
			m = leaving
		}
		if wait := m.Take(requestOf(c).source, SourceFactor(c.Request.Context()), w.now()); wait > 0 {
			w.abort(c, &Error{Status: http.StatusTooManyRequests, Key: KeyTooMany, Wait: wait, Err: errors.New("source limit reached")})
		}
	}
}
