package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// operations is the listener for those who run the service: health and metrics. None
// of it is on the public listener.
func (a *app) operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeState(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{}))
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

// requestMetrics count by route pattern, never by what a stranger typed.
type requestMetrics struct {
	seconds *prometheus.HistogramVec
}

func newMetrics(a *app) (*prometheus.Registry, *requestMetrics) {
	registry := prometheus.NewRegistry()
	m := &requestMetrics{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "idp_request_seconds", Help: "Time to answer a request.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}, []string{"method", "route", "status"})}
	pool := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	registry.MustRegister(m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		pool("idp_database_connections", "Connections open.", func() float64 { return float64(a.db.Pool().Stat().TotalConns()) }),
		pool("idp_database_connections_in_use", "Connections lent out.", func() float64 { return float64(a.db.Pool().Stat().AcquiredConns()) }),
		pool("idp_database_connections_max", "Connections at most.", func() float64 { return float64(a.db.Pool().Stat().MaxConns()) }))
	return registry, m
}

func (m *requestMetrics) observe(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "unknown"
	}
	m.seconds.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}
