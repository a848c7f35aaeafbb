package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/keys"
	"huskyidp/provider"
)

// meters are the counters of the packages, each with a name and labels of ours. No label contains what a client
// typed; each has a list of values, and all others are "other". stateMetrics has the state of database and keys.
type meters struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	hashes   *prometheus.HistogramVec
	calls    *prometheus.HistogramVec
	mails    *prometheus.CounterVec
	events   *eventMetrics
}

func newMetrics(a *app) *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		requests: histogram("idp_request_duration_seconds", "Time to answer a request.",
			[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}, "method", "route", "status"),
		refused: counter("idp_refused_requests_total", "Requests that were refused, by the error page or the error code of the answer.", "reason"),
		tokens:  counter("idp_token_answers_total", "Answers of the token endpoint with tokens, by grant and the client's profile.", "grant", "profile"),
		hashes: histogram("idp_hash_wait_seconds", "Wait for a slow hash, by whether there was one in time.",
			[]float64{.001, .01, .05, .1, .25, .5, 1, 1.5, 2}, "outcome"),
		calls: histogram("idp_outbound_call_duration_seconds", "Calls to addresses that clients registered.",
			[]float64{.05, .1, .25, .5, 1, 2.5, 5}, "outcome"),
		mails:  counter("idp_mail_tries_total", "Mails handed to the mail server, or not: sent, failed and expired are final.", "outcome"),
		events: newEventMetrics(),
	}
	m.registry.MustRegister(m.requests, m.refused, m.tokens, m.hashes, m.calls, m.mails, buildInfo(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("idp_database_connections", "Connections open.", func() float64 { return float64(a.db.Pool().Stat().TotalConns()) }),
		gauge("idp_database_connections_in_use", "Connections lent out.", func() float64 { return float64(a.db.Pool().Stat().AcquiredConns()) }),
		gauge("idp_database_connections_max", "Connections at most.", func() float64 { return float64(a.db.Pool().Stat().MaxConns()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "idp_database_waits_total", Help: "Requests that waited for a connection."},
			func() float64 { return float64(a.db.Pool().Stat().EmptyAcquireCount()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "idp_database_waits_given_up_total", Help: "Requests that got no connection in time."},
			func() float64 { return float64(a.db.Pool().Stat().CanceledAcquireCount()) }))
	m.registry.MustRegister(m.events.collectors()...)
	for _, outcome := range []string{"sent", "failed", "expired", "retried"} {
		m.mails.WithLabelValues(outcome)
	}
	for _, outcome := range []string{"answered", "failed"} {
		m.calls.WithLabelValues(outcome)
	}
	for _, entered := range []bool{true, false} {
		m.hashes.WithLabelValues(hashOutcome(entered))
	}
	for _, reason := range refusals {
		m.refused.WithLabelValues(reason)
	}
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

func gauge(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
}

// oneOf returns the value if the label may have it.
func oneOf(known []string, value string) string {
	if slices.Contains(known, value) {
		return value
	}
	return "other"
}

// request counts by route pattern and known method, never by what a client sent.
func (m *meters) request(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "unknown"
	}
	if http.StatusText(status) == "" && status != 499 {
		status = http.StatusInternalServerError
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// refusals are the reasons of pages and of the specifications.
var refusals = func() []string {
	all := provider.ErrorCodes()
	for _, key := range web.Keys() {
		all = append(all, strings.TrimPrefix(key, "error."))
	}
	slices.Sort(all)
	return append(slices.Compact(all), "other")
}()

func (m *meters) refusal(reason string) {
	m.refused.WithLabelValues(oneOf(refusals, strings.TrimPrefix(reason, "error."))).Inc()
}

// grants maps grant types to the short values of the label.
var grants = map[string]string{
	"authorization_code": "authorization_code", "refresh_token": "refresh_token", "client_credentials": "client_credentials",
	"urn:ietf:params:oauth:grant-type:device_code": "device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer": "jwt_bearer",
}

func (m *meters) issued(grant string, client *provider.Client) {
	word, known := grants[grant]
	if !known {
		word = "other"
	}
	m.tokens.WithLabelValues(word, oneOf(profiles, string(client.Metadata.Profile))).Inc()
}

var profiles = []string{string(provider.ProfileOwn), string(provider.ProfilePartner), string(provider.ProfileService), string(provider.ProfileSmart),
	string(provider.ProfileFAPI2), string(provider.ProfileCertification)}

func (m *meters) waited(wait time.Duration, entered bool) {
	m.hashes.WithLabelValues(hashOutcome(entered)).Observe(wait.Seconds())
}

func hashOutcome(entered bool) string {
	if entered {
		return "entered"
	}
	return "refused"
}

func (m *meters) called(outcome string, took time.Duration) {
	m.calls.WithLabelValues(outcome).Observe(took.Seconds())
}

func (m *meters) mailTried(outcome string) { m.mails.WithLabelValues(outcome).Inc() }

// watch adds what is read from the database at a scrape.
func (m *meters) watch(a *app, signing *keys.Service) {
	m.registry.MustRegister(&stateMetrics{db: a.jobs, signing: signing, logger: a.loopLogger, now: time.Now})
}

// hashQueue adds the queue for slow hashes at a scrape.
func (m *meters) hashQueue(people *accounts.Service) {
	m.registry.MustRegister(
		gauge("idp_hash_queue_length", "Requests that wait for a slow hash.", func() float64 { n, _ := people.HashQueue(); return float64(n) }),
		gauge("idp_hash_queue_seconds", "How long the last of them will wait.", func() float64 { _, wait := people.HashQueue(); return wait.Seconds() }))
}
