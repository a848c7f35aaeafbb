package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// request is what the middleware knows about the current request.
type request struct {
	id               string
	source           netip.Prefix
	lang             string
	chosen           bool   // lang was chosen by this request, not by cookie or header
	browser          []byte // value of the browser cookie, 32 bytes; nil without one
	form             url.Values
	owner, formOwner owner        // of the response's pages; of the posted form
	owners           []owner      // everything found to belong to the browser
	resumed          string       // path of the postponed form that this GET carries
	arrived          time.Time    // when that was first sent
	shownID          string       // of the form's request, if this one shows its result
	ours             bool         // from our own form, not from an app
	json             bool         // errors are JSON
	problem          bool         // errors are problem+json
	notAccepted      bool         // the form was refused
	switched         string       // the language that the form was posted to switch to
	person           *personMarks // of the person who begins with this request; nil: those of the cookie
	refused          string       // why nothing was done, a fixed word for metrics
	factor           int          // see SourceFactor; 0 for 1
	kiosk            bool         // see Kiosk
}

type requestKey struct{}

func requestIn(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

func requestOf(c *gin.Context) *request {
	if r := requestIn(c.Request.Context()); r != nil {
		return r
	}
	r := &request{} // outside an Engine: a handler's unit test
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestKey{}, r))
	return r
}

// RequestID returns the ID of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	if r := requestIn(ctx); r != nil {
		return r.id
	}
	return ""
}

// LangOf returns the language of the response that ctx belongs to, or "".
func LangOf(ctx context.Context) string {
	if r := requestIn(ctx); r != nil {
		return r.lang
	}
	return ""
}

// Refused notes why a request was refused, for metrics: an error code or fixed word, never what was sent.
func Refused(c *gin.Context, reason string) { requestOf(c).refused = reason }

// SourceFactor returns the factor by which the per-source limits are raised for the request that ctx belongs to: many
// people share the address of a clinic (S-09). It is 1 for most, and outside a request.
func SourceFactor(ctx context.Context) int {
	if r := requestIn(ctx); r != nil && r.factor > 0 {
		return r.factor
	}
	return 1
}

// begin names the request and writes one access log line at its end (S-70): the route's pattern instead of the path,
// never the query, IDs or headers.
func (w *Web) begin(c *gin.Context) {
	started := time.Now() // monotonic, for a duration
	ctx, id, end := w.trace(c)
	r := &request{id: id, source: w.sourceOf(c.Request),
		problem: w.problems != "" && strings.HasPrefix(c.Request.URL.Path, w.problems)}
	if within(r.source.Addr(), w.limits.Wide) {
		r.factor = w.limits.WideFactor
	}
	r.kiosk = within(r.source.Addr(), w.kiosks)
	c.Request = c.Request.WithContext(context.WithValue(ctx, requestKey{}, r))
	c.Header("X-Request-Id", r.id)
	defer func() {
		took := time.Since(started)
		method, route, status := knownMethod(c.Request.Method), c.FullPath(), c.Writer.Status()
		end(status)
		w.logger.LogAttrs(c.Request.Context(), slog.LevelInfo, "request",
			slog.String("request_id", r.id), slog.String("method", method), slog.String("route", route),
			slog.Int("status", status), slog.Int("bytes", max(0, c.Writer.Size())),
			slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("source", r.source.String()))
		if w.observe != nil {
			w.observe(method, route, status, took)
		}
		if w.refused != nil && r.refused != "" {
			w.refused(r.refused)
		}
	}()
	c.Next()
}

// knownMethod bounds what clients can write into logs and metric labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// recoverPanic answers 500 and logs the panic with its stack, without headers.
func (w *Web) recoverPanic(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause) // net/http's own way to abort a response
		}
		w.logger.LogAttrs(c.Request.Context(), slog.LevelError, "panic", slog.String("request_id", requestOf(c).id),
			slog.String("route", c.FullPath()), slog.Any("panic", cause), slog.String("stack", string(debug.Stack())))
		if !c.Writer.Written() {
			w.answer(c, &Error{Status: http.StatusInternalServerError, Key: KeyUnexpected})
		}
		c.Abort()
	}()
	c.Next()
}
