package web

import (
	"maps"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// The policies allow only our own files (S-27). No page names an app's origin: forms are posted to ourselves, and what
// leads to an app is a navigation of its own (Onward).
const (
	policyOfForm  = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
	defaultPolicy = policyOfForm + "; form-action 'self'"
)

// securityHeaders are those of S-28, by canonical name. Responses share the slices, none of which has spare capacity:
// Header.Add copies one instead of writing into it.
var securityHeaders = map[string][]string{
	"Content-Security-Policy":      {defaultPolicy},
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Cache-Control":                {"no-store"},
}

var strictTransport = []string{"max-age=31536000; includeSubDomains"}

// securityHeaders sets them. A handler with a cacheable response sets its own Cache-Control.
func (w *Web) securityHeaders(c *gin.Context) {
	h := c.Writer.Header()
	maps.Copy(h, securityHeaders)
	if w.secure {
		h["Strict-Transport-Security"] = strictTransport
	}
}

// checkHost answers 421 unless the request names one of our hosts (S-68). Forwarded hosts are ignored.
func (w *Web) checkHost(c *gin.Context) {
	if !w.hosts[w.canonicalHost(c.Request.Host)] {
		w.abort(c, &Error{Status: http.StatusMisdirectedRequest, Key: KeyNotFound})
	}
}

// canonicalHost normalises a Host: case, the trailing dot of an absolute name, and the scheme's default port (RFC 9110
// 4.2.3).
func (w *Web) canonicalHost(host string) string {
	usual := ":443"
	if !w.secure {
		usual = ":80"
	}
	host = strings.TrimSuffix(strings.ToLower(host), usual)
	if name, port, ok := strings.Cut(host, ":"); ok && !strings.HasPrefix(host, "[") {
		return strings.TrimSuffix(name, ".") + ":" + port
	}
	return strings.TrimSuffix(host, ".")
}
