package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	collectmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collecttraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"huskyidp/internal/postgres/postgrestest"
)

// collector takes OTLP over HTTP.
type collector struct {
	*httptest.Server
	mu      sync.Mutex
	spans   []*tracepb.Span
	all     string // as JSON
	metrics map[string]bool
}

func newCollector(t *testing.T) *collector {
	c := &collector{metrics: map[string]bool{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		switch r.URL.Path {
		case "/v1/traces":
			var sent collecttraces.ExportTraceServiceRequest
			if err := proto.Unmarshal(body, &sent); err != nil {
				t.Error(err)
			}
			c.all += protojson.Format(&sent)
			for _, from := range sent.ResourceSpans {
				for _, scope := range from.ScopeSpans {
					c.spans = append(c.spans, scope.Spans...)
				}
			}
		case "/v1/metrics":
			var sent collectmetrics.ExportMetricsServiceRequest
			if err := proto.Unmarshal(body, &sent); err != nil {
				t.Error(err)
			}
			for _, from := range sent.ResourceMetrics {
				for _, scope := range from.ScopeMetrics {
					for _, m := range scope.Metrics {
						c.metrics[m.Name] = true
					}
				}
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// traced is the wired program, with what it logged, and what its end sends.
func traced(t *testing.T, ask func(a *app, log *bytes.Buffer)) {
	t.Helper()
	_, s, err := readEnvironment(production())
	if err != nil {
		t.Fatal(err)
	}
	s.dsn, s.agreementDir, s.proxies = postgrestest.DSN(t), "", []netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")}
	var log bytes.Buffer
	a, err := build(t.Context(), s, slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ask(a, &log)
	a.close()
}

func get(a *app, target, peer, parent string) (requestID string) {
	r := httptest.NewRequest("GET", "https://idp.example"+target, nil)
	r.RemoteAddr = peer + ":1234"
	r.Header.Set("X-Forwarded-For", "198.51.100.7")
	if parent != "" {
		r.Header.Set("Traceparent", parent)
	}
	w := httptest.NewRecorder()
	a.engine.ServeHTTP(w, r)
	return w.Header().Get("X-Request-Id")
}

// Traces and metrics go to the collector that the standard variables name; a request has the id of its trace, in the log too.
func TestTelemetry(t *testing.T) {
	c := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	t.Setenv("OTEL_SERVICE_NAME", "idp-test")
	const parent, of = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"
	var own, strangers, proxied string
	traced(t, func(a *app, log *bytes.Buffer) {
		own = get(a, "/recover/not-a-page?typed=maria.secreta", "192.0.2.1", "")
		strangers = get(a, "/account/apps/019aab00-0000-7000-8000-000000000001", "192.0.2.1", parent)
		proxied = get(a, "/login?flow=mariasecreta"+strings.Repeat("A", 31), "192.0.2.9", parent)
		for _, id := range []string{own, strangers, proxied} {
			if len(id) != 32 || !strings.Contains(log.String(), `"request_id":"`+id+`"`) {
				t.Errorf("the request id %q is not a trace id, or not in the log", id)
			}
		}
	})
	if strangers == of || proxied != of {
		t.Errorf("trace ids %s of a stranger and %s of the proxy, want %s for the proxy alone", strangers, proxied, of)
	}
	spans := map[string]*tracepb.Span{}
	statements := 0
	for _, span := range c.spans {
		if id := hex.EncodeToString(span.TraceId); span.Kind == tracepb.Span_SPAN_KIND_SERVER {
			spans[id] = span
		} else if id == proxied {
			statements++
		}
	}
	if span := spans[proxied]; span == nil || span.Name != "GET /login" || len(span.ParentSpanId) == 0 {
		t.Errorf("the span of GET /login is %v", span)
	}
	if statements == 0 {
		t.Error("no statement of the request has a span")
	}
	if span := spans[strangers]; span == nil || span.Name != "GET /account/apps/:id" {
		t.Errorf("the span of an app's page is %v, want its route", span)
	}
	for _, secret := range []string{"maria.secreta", "mariasecreta", "019aab00", "198.51.100.7", "hunter2"} {
		if strings.Contains(c.all, secret) {
			t.Errorf("a span holds %q", secret)
		}
	}
	if !strings.Contains(c.all, "idp-test") {
		t.Error("the spans do not name the service")
	}
	for _, name := range []string{"idp_request_duration_seconds", "idp_build_info"} {
		if !c.metrics[name] {
			t.Errorf("the metric %s was not sent, but %d others", name, len(c.metrics))
		}
	}
}

// Without the variables nothing is sent, and ids are as before.
func TestTelemetryIsOff(t *testing.T) {
	for _, vars := range []map[string]string{{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "on", "OTEL_SDK_DISABLED": "true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "on", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}} {
		c := newCollector(t)
		for name, value := range vars {
			if value == "on" {
				value = c.URL
			}
			t.Setenv(name, value)
		}
		traced(t, func(a *app, _ *bytes.Buffer) {
			if id := get(a, "/login", "192.0.2.9", ""); len(id) != 16 {
				t.Errorf("%v: the request id is %q, want 16 letters", vars, id)
			}
		})
		if len(c.spans)+len(c.metrics) > 0 {
			t.Errorf("%v: %d spans and %d metrics were sent", vars, len(c.spans), len(c.metrics))
		}
	}
}

// An unsupported setting is reported at the start, by the variable's name.
func TestTelemetryRefusesSettings(t *testing.T) {
	for name, value := range map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/json"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
			t.Setenv(name, value)
			_, s, err := readEnvironment(production())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := build(t.Context(), s, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), name+": must be") {
				t.Errorf("build = %v, want %s named", err, name)
			}
		})
	}
}

// A collector that is gone holds up no request and no end.
func TestTelemetryWithoutCollector(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "500")
	traced(t, func(a *app, _ *bytes.Buffer) {
		if id := get(a, "/login", "192.0.2.9", ""); len(id) != 32 {
			t.Errorf("the request id is %q", id)
		}
	})
}
