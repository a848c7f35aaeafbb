// Package outage stops loops from filling the log while a dependency is unavailable: a line that repeats is written once, then once a
// minute with a count, and its end is written too.
package outage

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	again = time.Minute
	over  = 2 * time.Minute // longer than any loop's pause but for sweeps
)

// Handler applies these rules to warnings and errors, and passes everything else through. Lines count as the same if
// their message and their attribute "work" are equal.
type Handler struct {
	slog.Handler
	*lines
}

type lines struct {
	mu    sync.Mutex
	known map[line]*repeats
}

type line struct{ message, work string }

type repeats struct {
	first, last, logged time.Time
	times, unlogged     int
	end                 *time.Timer
}

// NewHandler returns a Handler that writes to next.
func NewHandler(next slog.Handler) *Handler {
	return &Handler{next, &lines{known: map[line]*repeats{}}}
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return h.Handler.Handle(ctx, r)
	}
	l := line{message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "work" {
			l.work = a.Value.String()
		}
		return true
	})
	h.mu.Lock()
	known := h.known[l]
	if known == nil {
		known = &repeats{first: r.Time, logged: r.Time.Add(-again)}
		known.end = time.AfterFunc(over, func() { h.ended(l) })
		h.known[l] = known
	}
	known.end.Reset(over)
	known.last = r.Time
	known.times++
	known.unlogged++
	if r.Time.Sub(known.logged) < again {
		h.mu.Unlock()
		return nil
	}
	if known.unlogged > 1 {
		r = r.Clone()
		r.Add("times", known.unlogged)
	}
	known.logged, known.unlogged = r.Time, 0
	h.mu.Unlock()
	return h.Handler.Handle(ctx, r)
}

func (h *Handler) ended(l line) {
	h.mu.Lock()
	known := h.known[l]
	if known == nil || time.Since(known.last) < over { // it came again just now
		h.mu.Unlock()
		return
	}
	delete(h.known, l)
	h.mu.Unlock()
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "recovered", 0)
	r.Add("from", l.message, "times", known.times, "first", known.first, "last", known.last)
	if l.work != "" {
		r.Add("work", l.work)
	}
	_ = h.Handler.Handle(context.Background(), r) // as slog does
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{h.Handler.WithAttrs(attrs), h.lines}
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.Handler.WithGroup(name), h.lines}
}
