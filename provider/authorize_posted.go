package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/internal/web"
)

const (
	postedParameter = "posted"  // only in our own address, never in an app's request
	postedPrefix    = "posted:" // separates its handles from request_uris: posting is not pushing
	longestQuery    = 12 << 10  // bytes; addresses end at 16 KiB
)

// comeBack answers a cross-site form post, which carries no cookies (SameSite=Lax), by redirecting the browser here
// with GET. A request that is too long for an address is stored and replaced by a handle.
func (h *Handler) comeBack(c *gin.Context) error {
	form := web.Form(c)
	query := form.Encode()
	if len(query) > longestQuery {
		client, err := h.service.clients.Find(c.Request.Context(), form.Get("client_id"))
		if err != nil {
			return h.refuse(c, nil, fosite.ErrInvalidClient)
		}
		if err := h.service.takeRow(c.Request.Context(), client, web.Source(c), h.now()); err != nil {
			return err
		}
		handle, err := h.service.store.keepForm(c.Request.Context(), postedPrefix, client, form, h.now())
		if err != nil {
			return err
		}
		query = url.Values{"client_id": {client.ID}, postedParameter: {handle}}.Encode()
	}
	c.Redirect(http.StatusSeeOther, "/authorize?"+query)
	return nil
}

// sentParameters returns the parameters of the address, or of the post that it refers to. Only resource may be
// repeated (RFC 6749 3.1, RFC 8707 2).
func (h *Handler) sentParameters(ctx context.Context, c *gin.Context, query url.Values, now time.Time) (url.Values, error) {
	if handle := query.Get(postedParameter); handle != "" {
		form, err := h.service.store.pushedForm(ctx, postedPrefix, handle, query.Get("client_id"), now)
		if errors.Is(err, errRequestURI) {
			return nil, h.goneRequestURI(c, query.Get("client_id"), "")
		}
		if err != nil {
			return nil, err
		}
		query = form
	}
	for name, values := range query {
		if len(values) > 1 && name != "resource" {
			return nil, &web.Error{Status: http.StatusBadRequest, Key: web.KeyApp, Code: "invalid_request", Parameter: name}
		}
	}
	return query, nil
}
