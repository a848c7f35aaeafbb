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

// Lang returns the language of the response, one of the catalog's.
func Lang(c *gin.Context) string { return requestOf(c).lang }

func (w *Web) chooseLanguage(c *gin.Context) {
	r := requestOf(c)
	var chosen []string
	if c.Request.URL.RawQuery != "" {
		chosen = append([]string{c.Query("lang")}, strings.Fields(c.Query("ui_locales"))...)
	}
	for _, tag := range chosen {
		if r.lang = w.supported(tag); r.lang != "" {
			r.chosen = true
			return
		}
	}
	if r.lang = w.supported(w.Cookie(c, langCookie)); r.lang != "" {
		return
	}
	if accept := limited(c.GetHeader("Accept-Language")); accept != "" {
		r.lang = w.templates.Match(accept, w.language)
	} else {
		r.lang = w.language
	}
}

// limited bounds the parsing of a hostile header.
func limited(accept string) string {
	if len(accept) > 200 {
		return ""
	}
	return accept
}

// Languages returns the languages of the catalogs.
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

// rememberLanguage keeps a language chosen by this request for the following pages.
func (w *Web) rememberLanguage(c *gin.Context) {
	if r := requestOf(c); r.chosen && w.Cookie(c, langCookie) != r.lang {
		w.SetCookie(c, langCookie, r.lang, langCookieAge)
	}
}

// UseLanguage answers in the language of the signed-in member unless one was chosen in this browser. It is not
// remembered, since others may use the browser next.
func (w *Web) UseLanguage(c *gin.Context, tag string) {
	r := requestOf(c)
	if lang := w.supported(tag); lang != "" && !r.chosen && w.supported(w.Cookie(c, langCookie)) == "" {
		r.lang = lang
	}
}

// PreferLanguage answers in the first supported of the given tags, and remembers it (ui_locales of OpenID Connect Core
// 3.1.2.1). Without one nothing changes.
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
