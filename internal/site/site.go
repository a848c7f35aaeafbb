// Package site serves the pages of the small sites beside the provider: the sample portal and the mailbox. They share
// only the templates with the provider, since they represent other people's applications.
package site

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"huskyidp/templates"
)

// Site renders pages in the visitor's language under strict headers.
type Site struct {
	Templates *templates.Set
	Logger    *slog.Logger
	Prefix    string   // of cookie names: all ports of localhost share cookies
	Secure    bool     // the site is served by https
	Sandbox   bool     // it shows what a sandbox has made
	Hosts     []string // Host values that are answered; none means any
}

const langAge = 365 * 24 * time.Hour

// Lang returns the language of ?lang=, the visitor's last choice, or the browser's preference.
func (s *Site) Lang(r *http.Request) string {
	asked := []string{r.URL.Query().Get("lang"), s.Cookie(r, "lang")}
	for _, lang := range asked {
		if slices.Contains(s.Templates.Languages(), lang) {
			return lang
		}
	}
	accept := r.Header.Get("Accept-Language")
	if len(accept) > 200 { // parsing is not free
		accept = ""
	}
	return s.Templates.Match(accept)
}

// PageOptions vary between pages. Onward is an address that the page leads to at once; Frames allows our own frames.
type PageOptions struct {
	CSRF   string
	Onward string
	Frames bool
}

// Page renders a template as the response.
func (s *Site) Page(w http.ResponseWriter, r *http.Request, status int, name string, page any, o PageOptions) {
	lang := s.Lang(r)
	layout := templates.Layout{Path: r.URL.Path, Query: keepLanguageOut(r.URL.Query()), CSRF: o.CSRF, Sandbox: s.Sandbox}
	body, err := s.Templates.Page(lang, name, layout, page)
	if err != nil {
		s.Logger.ErrorContext(r.Context(), "rendering a page", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	if chosen := r.URL.Query().Get("lang"); chosen == lang {
		s.SetCookie(w, "lang", lang, langAge)
	}
	policy := "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
	if o.Frames {
		policy += "; frame-src 'self'"
	}
	h := w.Header()
	if o.Onward != "" { // no redirect: browsers apply form-action to those that follow a post
		h.Set("Refresh", "0; url="+o.Onward)
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		s.Logger.DebugContext(r.Context(), "the visitor has gone", "error", err)
	}
}

// keepLanguageOut returns the query without the language, which the language switch adds.
func keepLanguageOut(query url.Values) string {
	query.Del("lang")
	return query.Encode()
}

// Handler wraps the site: it sets common headers, serves assets and refuses foreign hosts, so that a name whose DNS
// points at this machine cannot read its pages.
func (s *Site) Handler(pages http.Handler) http.Handler {
	assets := s.Templates.Static()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(s.Hosts) > 0 && !slices.Contains(s.Hosts, strings.ToLower(r.Host)) {
			http.Error(w, http.StatusText(http.StatusMisdirectedRequest), http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if strings.HasPrefix(r.URL.Path, "/static/") {
			assets.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// Cookie returns a cookie of this site, or "".
func (s *Site) Cookie(r *http.Request, name string) string {
	cookie, err := r.Cookie(s.Prefix + name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// SetCookie sets a cookie; 0 lets it live until the browser closes, a negative age removes it.
func (s *Site) SetCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: s.Prefix + name, Value: value, Path: "/", MaxAge: int(age / time.Second),
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode,
	})
}
