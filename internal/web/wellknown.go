package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// WellKnown is what programs look for at fixed addresses of every host.
type WellKnown struct {
	SecurityContact string // mailto:, tel: or https: address for security reports (RFC 9116); "" for none
	ChangePassword  string // page on which a person changes the password; "" for none
}

// MountWellKnown adds these, robots.txt and favicon.ico. Programs look for anything else there too, and get no page.
func (w *Web) MountWellKnown(r gin.IRouter, o WellKnown) {
	w.Programs(func(string) string { return "*" }, "/.well-known/")
	w.Programs(nil, "/.well-known/change-password", "/.well-known/security.txt")
	program := w.Protocol(r)
	program.GET("/robots.txt", func(c *gin.Context) { c.String(http.StatusOK, "User-agent: *\nDisallow: /\n") })
	program.GET("/favicon.ico", func(c *gin.Context) { c.Redirect(http.StatusFound, w.templates.Asset("icon.svg")) })
	if o.ChangePassword != "" {
		program.GET("/.well-known/change-password", func(c *gin.Context) { c.Redirect(http.StatusFound, o.ChangePassword) })
	}
	if o.SecurityContact != "" {
		program.GET("/.well-known/security.txt", func(c *gin.Context) { c.String(http.StatusOK, "%s", w.securityText(o.SecurityContact)) })
	}
}

// securityText expires in half a year: RFC 9116 2.5.5 recommends less than a year.
func (w *Web) securityText(contact string) string {
	expires := w.now().UTC().Truncate(24*time.Hour).AddDate(0, 6, 0).Format(time.RFC3339)
	return fmt.Sprintf("Contact: %s\nExpires: %s\nPreferred-Languages: %s\nCanonical: %s/.well-known/security.txt\n",
		contact, expires, strings.Join(w.Languages(), ", "), w.origin)
}
