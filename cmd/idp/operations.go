package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// pprofPages serves /debug/pprof/ if the program was built with it (profile.go), else nil.
var pprofPages http.Handler

// operations is the listener for operators: health and metrics. None of it is on the public listener.
func (a *app) operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeState(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.meters.registry, promhttp.HandlerOpts{}))
	if pprofPages != nil {
		mux.Handle("GET /debug/pprof/", pprofPages)
	}
	return mux
}

// How far an instance's clock may be from that of the database, by which others judge what it wrote.
const (
	clockWarn  = time.Second // once a minute
	clockLimit = 5 * time.Second
)

// readyz asks the database within a second, on a separate pool: it must be up and writable, and its clock must
// agree with ours.
func (a *app) readyz(w http.ResponseWriter, r *http.Request) {
	if !a.ready.Load() {
		writeState(w, http.StatusServiceUnavailable, "draining")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	var theirs time.Time
	var readOnly bool
	asked := a.now()
	err := a.health.From(ctx).QueryRow(ctx, `select clock_timestamp(), current_setting('transaction_read_only')::boolean`).Scan(&theirs, &readOnly)
	switch {
	case err != nil:
		writeState(w, http.StatusServiceUnavailable, "no database")
	case readOnly:
		writeState(w, http.StatusServiceUnavailable, "read-only database")
	case a.stalled != nil && a.stalled(ctx):
		writeState(w, http.StatusServiceUnavailable, "database without commits")
	case a.clockApart(asked, theirs, a.now()) > clockLimit:
		writeState(w, http.StatusServiceUnavailable, "clock")
	default:
		writeState(w, http.StatusOK, "ready")
	}
}

// clockApart is how far the database's clock is outside of the interval between question and answer.
func (a *app) clockApart(asked, theirs, answered time.Time) time.Duration {
	apart := max(asked.Sub(theirs), theirs.Sub(answered))
	if last := a.clockWarned.Load(); apart > clockWarn && (last == nil || answered.Sub(*last) >= time.Minute) {
		a.clockWarned.Store(&answered)
		a.logger.Warn("clock apart", "seconds", apart.Seconds())
	}
	return apart
}

func writeState(w http.ResponseWriter, status int, state string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(state + "\n")) // the prober has gone: nothing to do
}
