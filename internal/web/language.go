package web

import (
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	langCookie    = "lang"
	langCookieAge = 365 * 24 * time.Hour
)

// Lang returns the language of the answer: one of the catalog's.
func Lang(c *gin.Context) string { return requestOf(c).lang }

func (w *Web) chooseLanguage(c *gin.Context) {
	r := requestOf(c)
	chosen := append([]string{c.Query("lang")}, strings.Fields(c.Query("ui_locales"))...)
	for _, tag := range chosen {
		if r.lang = w.supported(tag); r.lang != "" {
			r.chosen = true
			return
		}
	}
	if r.lang = w.supported(w.Cookie(c, langCookie)); r.lang != "" {
		return
	}
	r.lang = w.templates.Match(limited(c.GetHeader("Accept-Language")), w.language)
}

// limited keeps a hostile header from being parsed at length.
func limited(accept string) string {
	if len(accept) > 200 {
		return ""
	}
	return accept
}

// Languages are those of the catalogs.
func (w *Web) Languages() []string { return w.templates.Languages() }

// supported returns the catalog's language for a tag such as "en-US", or "".
func (w *Web) supported(tag string) string {
	base, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-") // es_PR is how programs write es-PR
	for _, lang := range w.templates.Languages() {
		if strings.EqualFold(tag, lang) || strings.EqualFold(base, lang) {
			return lang
		}
	}
	return ""
}

// rememberLanguage keeps a language that came with the request for the pages that
// follow.
func (w *Web) rememberLanguage(c *gin.Context) {
	if r := requestOf(c); r.chosen && w.Cookie(c, langCookie) != r.lang {
		w.SetCookie(c, langCookie, r.lang, langCookieAge)
	}
}

// UseLanguage answers in the language of who is signed in, where none was chosen in this browser. It is not remembered: others may
// use the browser next.
func (w *Web) UseLanguage(c *gin.Context, tag string) {
	r := requestOf(c)
	if lang := w.supported(tag); lang != "" && !r.chosen && w.supported(w.Cookie(c, langCookie)) == "" {
		r.lang = lang
	}
}

// PreferLanguage answers in, and remembers, the first supported of the given tags
// (ui_locales of OpenID Connect Core 3.1.2.1). Without one nothing changes.
func (w *Web) PreferLanguage(c *gin.Context, tags ...string) {
	for _, tag := range tags {
		if lang := w.supported(tag); lang != "" {
			r := requestOf(c)
			r.lang, r.chosen = lang, true
			w.rememberLanguage(c)
			return
		}
	}
}
