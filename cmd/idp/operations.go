package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// operations is the listener for those who run the service: health and metrics. None
// of it is on the public listener.
func (a *app) operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeState(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.meters.registry, promhttp.HandlerOpts{}))
	return mux
}

// readyz asks the database, on a pool of its own, within a second.
func (a *app) readyz(w http.ResponseWriter, r *http.Request) {
	if !a.ready.Load() {
		writeState(w, http.StatusServiceUnavailable, "draining")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := a.health.Ping(ctx); err != nil {
		writeState(w, http.StatusServiceUnavailable, "no database")
		return
	}
	writeState(w, http.StatusOK, "ready")
}

func writeState(w http.ResponseWriter, status int, state string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(state + "\n")) // the prober has gone: nothing to do
}
