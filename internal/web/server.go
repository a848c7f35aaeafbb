package web

import (
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// foreignCookies is how many bytes of headers are read so that a page can report too many cookies, which other sites
// may have set for a parent domain.
const foreignCookies = 256 << 10 // bytes

// maxConnections bounds what slow clients can hold open on one instance.
const maxConnections = 10_000

// Server returns a server with the time limits of R-09. Its header limit exceeds ours, so that a page can say what was
// too large.
func (w *Web) Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           headAsGet(handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    w.limits.HeaderBytes + w.limits.URLBytes + foreignCookies,
		ErrorLog:          slog.NewLogLogger(w.logger.Handler(), slog.LevelWarn),
	}
}

// headAsGet answers HEAD like GET (RFC 9110 9.3.2): handlers see a GET, and net/http, which knows the original method,
// omits the body.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			asked := *r
			asked.Method = http.MethodGet
			r = &asked
		}
		next.ServeHTTP(w, r)
	})
}

// Listen opens a TCP listener that accepts at most maxConnections at a time.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return netutil.LimitListener(l, maxConnections), nil
}
