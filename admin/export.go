package admin

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

const (
	exportSpan = 31 * 24 * time.Hour
	exportTime = 25 * time.Second // below the server's write timeout
)

// Span says which part of the audit a person asks for, and why.
type Span struct {
	From, To       time.Time
	Reason, Ticket string
}

// ExportAudit writes the audit rows of a span after recording the export itself. The error is Invalid, those of allow,
// or the database's.
func (s *Service) ExportAudit(ctx context.Context, p Person, span Span) (write func(ctx context.Context, w io.Writer) error, err error) {
	a := Ask{Reason: span.Reason, Ticket: span.Ticket}
	if err := a.check(ExportAudit, s.roster); err != nil {
		return nil, err
	}
	if !span.From.Before(span.To) || span.To.Sub(span.From) > exportSpan {
		return nil, Invalid{"from": "span"}
	}
	err = s.record(ctx, p, entry{act: ExportAudit, reason: a.Reason, ticket: a.Ticket}, func(_ context.Context, e *entry) error {
		e.data = map[string]string{"from": span.From.UTC().Format(time.RFC3339), "to": span.To.UTC().Format(time.RFC3339)}
		return s.allow(p, ExportAudit, nil)
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, w io.Writer) error { return s.audit.Export(ctx, w, span.From, span.To) }, nil
}

type exportBody struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to" doc:"at most 31 days later; rows of this instant are not in it"`
	Reason string    `json:"reason" doc:"10 to 500 letters"`
	Ticket string    `json:"ticket" doc:"case number"`
}

func (h *API) export(c *gin.Context, p Person) error {
	var in exportBody
	if _, err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	write, err := h.service.ExportAudit(c.Request.Context(), p, Span(in))
	if err != nil {
		return err
	}
	return writeExport(c, write)
}

// writeExport streams the rows. Once it has begun, an error can only be signalled by truncating the response.
func writeExport(c *gin.Context, write func(ctx context.Context, w io.Writer) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), exportTime)
	defer cancel()
	c.Header("Content-Type", "application/x-ndjson")
	c.Header("Content-Disposition", `attachment; filename="audit.jsonl"`)
	c.Status(http.StatusOK)
	if err := write(ctx, c.Writer); err != nil {
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		c.Header("Content-Disposition", "")
		return err
	}
	return nil
}
