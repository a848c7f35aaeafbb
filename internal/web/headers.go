package web

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// The policies allow our own files only (S-27). No page names an app's origin: forms are posted to
// ourselves, and what leads to an app is a navigation of its own (Onward).
const (
	policyOfForm  = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
	defaultPolicy = policyOfForm + "; form-action 'self'"
)

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

// checkHost answers 421 unless the request names a host that we serve (S-68).
// Forwarded hosts are never looked at.
func (w *Web) checkHost(c *gin.Context) {
	if !w.hosts[strings.ToLower(c.Request.Host)] {
		w.abort(c, &Error{Status: http.StatusMisdirectedRequest, Key: KeyNotFound})
	}
}
