package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// contentSecurityPolicy allows our own files only (S-27). formAction are further
// origins that a form on the page may lead to: browsers apply form-action to the
// redirect after the post as well (conformance.md 12.10).
func contentSecurityPolicy(formAction ...string) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'")
	for _, origin := range formAction {
		b.WriteString(" " + origin)
	}
	b.WriteString("; frame-ancestors 'none'; base-uri 'none'; object-src 'none'")
	return b.String()
}

var defaultPolicy = contentSecurityPolicy()

// securityHeaders are those of S-28. A handler that serves cacheable bytes sets its
// own Cache-Control.
func (w *Web) securityHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", defaultPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if w.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// originOf returns the origin of an absolute http(s) address as a CSP source, or ""
// when the address has none that is safe to write into a header. A custom scheme
// of a native app becomes a scheme source.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || strings.ContainsAny(u.Host, " ;,'\"") {
		return ""
	}
	switch u.Scheme {
	case "https", "http":
		if u.Host == "" {
			return ""
		}
		return u.Scheme + "://" + u.Host
	case "javascript", "data", "blob", "file":
		return ""
	}
	return u.Scheme + ":"
}

// checkHost answers 421 unless the request names a host that we serve (S-68).
// Forwarded hosts are never looked at.
func (w *Web) checkHost(c *gin.Context) {
	if !w.hosts[strings.ToLower(c.Request.Host)] {
		w.abort(c, &Error{Status: http.StatusMisdirectedRequest, Key: KeyNotFound})
	}
}
