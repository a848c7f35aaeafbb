// Package telemetry sends traces and metrics by OTLP over HTTP, configured by the standard OTEL_* variables. It is off
// unless they name an endpoint. Spans and metrics contain nothing that members typed: routes instead of paths,
// statements without values.
package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// Telemetry is what is switched on. The zero value sends nothing.
type Telemetry struct {
	traces      *trace.TracerProvider
	metrics     *metric.MeterProvider
	withMetrics bool
	what        *resource.Resource
}

// Start reads the variables: OTEL_EXPORTER_OTLP_ENDPOINT, or its variant for one signal, switches on;
// OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER=none and OTEL_METRICS_EXPORTER=none switch off. The error names the variable
// at fault.
func Start(ctx context.Context, version string, logger *slog.Logger) (*Telemetry, error) {
	t := &Telemetry{}
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return t, nil
	}
	withTraces, err := wanted("TRACES")
	withMetrics, err2 := wanted("METRICS")
	if err = errors.Join(err, err2); err != nil || !withTraces && !withMetrics {
		return t, err
	}
	t.what, err = resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "idp"), attribute.String("service.version", version)),
		resource.WithHost(), resource.WithProcessPID(), resource.WithFromEnv())
	if err != nil {
		return t, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("telemetry", "error", err.Error()) }))
	if withTraces {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return t, fmt.Errorf("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: %w", err)
		}
		t.traces = trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(t.what))
	}
	t.withMetrics = withMetrics
	return t, nil
}

// wanted reports whether a signal is switched on.
func wanted(signal string) (bool, error) {
	switch exporter := os.Getenv("OTEL_" + signal + "_EXPORTER"); exporter {
	case "none":
		return false, nil
	case "", "otlp":
	default:
		return false, fmt.Errorf("OTEL_%s_EXPORTER: must be otlp or none", signal)
	}
	if cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")) == "" {
		return false, nil
	}
	name := "OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL"
	if os.Getenv(name) == "" {
		name = "OTEL_EXPORTER_OTLP_PROTOCOL"
	}
	if protocol := os.Getenv(name); protocol != "" && protocol != "http/protobuf" {
		return false, fmt.Errorf("%s: must be http/protobuf", name)
	}
	return true, nil
}

// Tracer makes the spans of requests; nil if traces are off.
func (t *Telemetry) Tracer() api.Tracer {
	if t.traces == nil {
		return nil
	}
	return t.traces.Tracer("huskyidp")
}

// QueryTracer makes a span for each statement of a request; nil if traces are off.
func (t *Telemetry) QueryTracer() pgx.QueryTracer {
	if t.traces == nil {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(t.traces), otelpgx.WithDisableConnectionDetailsInAttributes())
}

// Metrics starts sending what a registry gathers.
func (t *Telemetry) Metrics(ctx context.Context, from prometheus.Gatherer) error {
	if !t.withMetrics {
		return nil
	}
	exporter, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return fmt.Errorf("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: %w", err)
	}
	reader := metric.NewPeriodicReader(exporter, metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(from))))
	t.metrics = metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(t.what))
	return nil
}

// Stop sends what is left, within a few seconds.
func (t *Telemetry) Stop(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if t.traces != nil {
		err = t.traces.Shutdown(ctx)
	}
	if t.metrics != nil {
		err = errors.Join(err, t.metrics.Shutdown(ctx))
	}
	return err
}
