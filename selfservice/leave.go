package selfservice

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

const (
	pathLeave = "/leave"
	pathLeft  = pathLeave + "/done"
	pathPhone = "/phone"
)

// The pages of a kiosk. Elsewhere they lead to the usual ones.
type (
	leavePage struct{}
	leftPage  struct{}
	phonePage struct {
		QR            QR
		Address, Back string
	}
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

// entrances are the pages on which people begin: who comes back to one says that it is the same person.
var entrances = []string{"/login", "/register/agreement", "/recover", "/recover/password", "/recover/username"}

// cameFrom is the page that led here.
func cameFrom(c *gin.Context) string {
	local, ok := web.LocalPath(c.Query("return"))
	u, err := url.Parse(local)
	if !ok || err != nil {
		return "/login?back=1"
	}
	if slices.Contains(entrances, u.Path) {
		query := u.Query()
		query.Set("back", "1")
		u.RawQuery = query.Encode()
	}
	return u.String()
}

// showPhone shows the service's address as a picture for one's own phone. It carries nothing of the session.
func (h *Handler) showPhone(c *gin.Context) error {
	if !web.Kiosk(c) {
		return web.SeeOther(c, "/login")
	}
	address := h.web.Origin() + "/"
	qr, err := newQR(address)
	if err != nil {
		return err
	}
	return h.web.Page(c, http.StatusOK, "accounts/phone", phonePage{qr, address, cameFrom(c)}, web.ForAnybody())
}
