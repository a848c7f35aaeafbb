package mailbox

import (
	"log/slog"
	"net/http"
	"time"

	"huskyidp/internal/site"
	"huskyidp/templates"
)

// Path is the address of the list of mails.
const Path = "/demo/mail"

// Handler serves the pages, their stylesheet included. It can be mounted alone or under Path and Path+"/" of another site.
type Handler struct {
	box  *Box
	site *site.Site
	http http.Handler
}

// NewHandler shows the box.
func NewHandler(box *Box, set *templates.Set, logger *slog.Logger) *Handler {
	h := &Handler{box: box, site: &site.Site{Templates: set, Logger: logger, Prefix: "mailbox_"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, h.list)
	mux.HandleFunc("GET "+Path+"/{id}", h.read)
	mux.HandleFunc("GET "+Path+"/{id}/html", h.html)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/", http.RedirectHandler(Path, http.StatusSeeOther))
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
	for _, m := range h.box.Mails() {
		page.Mails = append(page.Mails, listed{Path + "/" + m.ID, m.Subject, m.To, m.At})
	}
	h.site.Page(w, r, http.StatusOK, "demo/mails", page, site.PageOptions{})
}

type readPage struct {
	Subject, To              string
	At                       time.Time
	Text, HTMLPath, ListPath string
}

func (h *Handler) read(w http.ResponseWriter, r *http.Request) {
	m, ok := h.box.Mail(r.PathValue("id"))
	if !ok { // it made room for newer ones
		http.Redirect(w, r, Path, http.StatusSeeOther)
		return
	}
	page := readPage{m.Subject, m.To, m.At, m.Text, Path + "/" + m.ID + "/html", Path}
	h.site.Page(w, r, http.StatusOK, "demo/mail", page, site.PageOptions{Frames: true})
}

// html serves untrusted content: the sandbox directive makes it an origin of its own even when opened outside the
// frame.
func (h *Handler) html(w http.ResponseWriter, r *http.Request) {
	m, ok := h.box.Mail(r.PathValue("id"))
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
