package selfservice

import (
	"context"
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
	leavePage struct{ End string } // what could not be ended, sealed; "" for nothing
	leftPage  struct{}
)

func (h *Handler) showLeave(c *gin.Context) error {
	page := leavePage{}
	if _, _, again := h.web.Unended(c); again {
		page.End = web.Ending(c)
	} else if !web.Kiosk(c) {
		return web.SeeOther(c, "/logout")
	}
	return h.web.Page(c, http.StatusOK, "accounts/leave", page, web.ForAnybody())
}

// leave ends the browser's session, whoever's it is and whosever page the button stood on, and what was begun there, and has
// the browser delete the rest. It also ends what could not be ended before; elsewhere than at a kiosk only that.
func (h *Handler) leave(c *gin.Context) error {
	ctx := c.Request.Context()
	token, browser, again := h.web.Unended(c)
	if again {
		if err := h.end(ctx, token, browser); err != nil {
			return err
		}
	}
	if !web.Kiosk(c) {
		if again {
			return web.SeeOther(c, "/logout/done")
		}
		return web.SeeOther(c, "/logout")
	}
	return h.clear(c)
}

func (h *Handler) clear(c *gin.Context) error {
	if err := h.end(c.Request.Context(), h.web.Cookie(c, sessionCookie), web.Browser(c)); err != nil {
		return err
	}
	h.web.ClearCookie(c, sessionCookie)
	h.web.NextPerson(c)
	web.ClearSite(c)
	return web.SeeOther(c, pathLeft)
}

// end ends a session, if there is one, and what a browser has begun.
func (h *Handler) end(ctx context.Context, token string, browser []byte) error {
	session, err := h.service.Peek(ctx, token)
	if err == nil {
		err = h.service.SignOut(ctx, session.SID)
	}
	if err != nil && !errors.Is(err, accounts.ErrNoSession) {
		return err
	}
	return h.service.EndBrowser(ctx, browser)
}

func (h *Handler) showLeft(c *gin.Context) error {
	if !web.Kiosk(c) {
		return web.SeeOther(c, "/login")
	}
	return h.web.Page(c, http.StatusOK, "accounts/left", leftPage{}, web.ForAnybody())
}
