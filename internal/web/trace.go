package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// trace begins the span of a request and names the request after its trace; without a tracer the name is random. Only
// trusted proxies may continue a trace, since anybody else could have all their requests recorded.
func (w *Web) trace(c *gin.Context) (ctx context.Context, id string, end func(status int)) {
	ctx = c.Request.Context()
	if w.tracer == nil {
		return ctx, strings.ToLower(rand.Text()[:16]), func(int) {}
	}
	if w.trusted(peerOf(c.Request)) {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(c.Request.Header))
	}
	method := knownMethod(c.Request.Method)
	ctx, span := w.tracer.Start(ctx, strings.TrimSpace(method+" "+c.FullPath()), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", method), attribute.String("http.route", c.FullPath())))
	return ctx, span.SpanContext().TraceID().String(), func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
