package web

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// Readers judge the Origin of a page that calls an endpoint of programs: the value of
// Access-Control-Allow-Origin, "" for none (S-28).
type Readers func(origin string) string

// Programs names addresses that programs call, before the first request: whatever is refused
// there, even before a route is found, is JSON, and readers may read it. An address that ends
// in a slash stands for all below it. Nil lets no other page read.
func (w *Web) Programs(readers Readers, paths ...string) {
	for _, path := range paths {
		w.programs[path] = readers
	}
}

// forPrograms marks requests at those addresses.
func (w *Web) forPrograms(c *gin.Context) {
	path := c.Request.URL.Path
	readers, ok := w.programs[path]
	if !ok {
		readers, ok = w.programs[path[:strings.LastIndex(path, "/")+1]]
	}
	if !ok {
		return
	}
	requestOf(c).json = true
	if readers == nil {
		return
	}
	h, from := c.Writer.Header(), readers(c.GetHeader("Origin"))
	if from != "*" {
		h.Add("Vary", "Origin")
	}
	if from != "" {
		h.Set("Access-Control-Allow-Origin", from)
		h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce, Retry-After")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

// Preflight answers what a browser asks before the call itself.
func Preflight(c *gin.Context) {
	h := c.Writer.Header()
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
		h.Set("Access-Control-Max-Age", "600")
	}
	c.Status(http.StatusNoContent)
}
