package selfservice

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

const (
	pathLeave = "/leave"
	pathLeft  = pathLeave + "/done"
)

// The pages of a kiosk. Elsewhere they lead to the usual ones.
type (
	leavePage struct{}
	leftPage  struct{}
)

func (h *Handler) showLeave(c *gin.Context) error {
	if !web.Kiosk(c) {
		return web.SeeOther(c, "/logout")
	}
	return h.web.Page(c, http.StatusOK, "accounts/leave", leavePage{}, web.ForAnybody())
}

// leave ends the browser's session, whoever's it is and whosever page the button stood on, and what was begun there, and has
// the browser delete the rest.
func (h *Handler) leave(c *gin.Context) error {
	if !web.Kiosk(c) {
		return web.SeeOther(c, "/logout")
	}
	return h.clear(c)
}

func (h *Handler) clear(c *gin.Context) error {
	ctx := c.Request.Context()
	session, err := h.service.Peek(ctx, h.web.Cookie(c, sessionCookie))
	if err == nil {
		err = h.service.SignOut(ctx, session.SID)
	}
	if err != nil && !errors.Is(err, accounts.ErrNoSession) {
		return err
	}
	if err := h.service.EndBrowser(ctx, web.Browser(c)); err != nil {
		return err
	}
	h.web.ClearCookie(c, sessionCookie)
	h.web.NextPerson(c)
	web.ClearSite(c)
	return web.SeeOther(c, pathLeft)
}

func (h *Handler) showLeft(c *gin.Context) error {
	if !web.Kiosk(c) {
		return web.SeeOther(c, "/login")
	}
	return h.web.Page(c, http.StatusOK, "accounts/left", leftPage{}, web.ForAnybody())
}
