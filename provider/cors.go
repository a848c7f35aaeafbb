package provider

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// allowOrigins lets the pages of public clients read the answers of the endpoints that a
// browser app calls itself (S-28): the origin must be that of a redirect URI which a
// public client registered, it is compared and never reflected unseen, and cookies are
// never allowed.
func (h *Handler) allowOrigins(c *gin.Context) {
	header := c.Writer.Header()
	header.Add("Vary", "Origin")
	from := c.GetHeader("Origin")
	if from == "" || !h.service.clients.knowsOrigin(from) {
		return
	}
	header.Set("Access-Control-Allow-Origin", from)
	header.Set("Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce, Retry-After")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// preflight answers what a browser asks before the call itself.
func (h *Handler) preflight(c *gin.Context) {
	header := c.Writer.Header()
	if header.Get("Access-Control-Allow-Origin") != "" {
		header.Set("Access-Control-Allow-Methods", "GET, POST")
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
		header.Set("Access-Control-Max-Age", "600")
	}
	c.Status(http.StatusNoContent)
}

// knowsOrigin tells whether a public client has a redirect URI there.
func (r *Clients) knowsOrigin(from string) bool { return r.snapshot.Load().origins[from] }
