package mailbox

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"huskyidp/internal/site"
	"huskyidp/templates"
)

// Path is the address of the demo's list of mails.
const Path = "/demo/mail"

// Source has the mails that are shown, the newest first.
type Source interface {
	List(ctx context.Context) ([]Mail, error)
	Find(ctx context.Context, id string) (m Mail, found bool, err error)
}

// Handler serves the pages, their stylesheet included. It can be mounted alone or under its path and what is below of another site.
type Handler struct {
	box  Source
	path string
	site *site.Site
	http http.Handler
}

// NewHandler shows the box.
func NewHandler(box *Box, set *templates.Set, logger *slog.Logger) *Handler {
	return NewHandlerOf(box, Path, &site.Site{Templates: set, Logger: logger, Prefix: "mailbox_"})
}

// NewHandlerOf shows a source at a path of the site.
func NewHandlerOf(box Source, path string, s *site.Site) *Handler {
	h := &Handler{box: box, path: path, site: s}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, h.list)
	mux.HandleFunc("GET "+path+"/{id}", h.read)
	mux.HandleFunc("GET "+path+"/{id}/html", h.html)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/", http.RedirectHandler(path, http.StatusSeeOther))
	h.http = h.site.Handler(mux)
	return h
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.http.ServeHTTP(w, r) }

type listPage struct{ Mails []listed }

type listed struct {
	Path, Subject, To string
	At                time.Time
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) {
	var page listPage
	mails, err := h.box.List(r.Context())
	if err != nil {
		h.failed(w, r, err)
		return
	}
	for _, m := range mails {
		page.Mails = append(page.Mails, listed{h.path + "/" + m.ID, m.Subject, m.To, m.At})
	}
	h.site.Page(w, r, http.StatusOK, "demo/mails", page, site.PageOptions{})
}

type readPage struct {
	Subject, To              string
	At                       time.Time
	Text, HTMLPath, ListPath string
}

func (h *Handler) read(w http.ResponseWriter, r *http.Request) {
	m, ok, err := h.box.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		h.failed(w, r, err)
		return
	}
	if !ok { // it made room for newer ones
		http.Redirect(w, r, h.path, http.StatusSeeOther)
		return
	}
	page := readPage{m.Subject, m.To, m.At, m.Text, h.path + "/" + m.ID + "/html", h.path}
	h.site.Page(w, r, http.StatusOK, "demo/mail", page, site.PageOptions{Frames: true})
}

// html serves untrusted content: the sandbox directive makes it an origin of its own even when opened outside the
// frame.
func (h *Handler) html(w http.ResponseWriter, r *http.Request) {
	m, ok, err := h.box.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		h.failed(w, r, err)
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'")
	if _, err := w.Write([]byte(m.HTML)); err != nil {
		h.site.Logger.DebugContext(r.Context(), "the visitor has gone", "error", err)
	}
}

// failed is for a source that cannot be read.
func (h *Handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	h.site.Logger.ErrorContext(r.Context(), "reading the mails", "error", err)
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}
