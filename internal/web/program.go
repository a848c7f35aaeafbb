package web

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// Readers decides whether a page may read the responses of program endpoints: it returns the value of
// Access-Control-Allow-Origin for an Origin, "" for none (S-28).
type Readers func(origin string) string

// Programs names addresses called by programs, before the first request: every error there, even before routing, is
// JSON that readers may read. An address ending in a slash covers everything below it. With nil, no other page may
// read.
func (w *Web) Programs(readers Readers, paths ...string) {
	for _, path := range paths {
		w.programs[path] = readers
	}
}

// forPrograms marks requests to those addresses.
func (w *Web) forPrograms(c *gin.Context) {
	path := c.Request.URL.Path
	readers, ok := w.programs[path]
	for end := len(path); !ok && end > 0; {
		end = strings.LastIndex(path[:end], "/")
		readers, ok = w.programs[path[:end+1]]
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

// Preflight answers CORS preflight requests.
func Preflight(c *gin.Context) {
	h := c.Writer.Header()
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
		h.Set("Access-Control-Max-Age", "600")
	}
	c.Status(http.StatusNoContent)
}
