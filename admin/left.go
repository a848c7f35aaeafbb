package admin

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// left tells the timer of an open page how long the session lasts. Browsers ask on their own, so it does not extend the
// session (S-23).
func (h *Console) left(c *gin.Context) error {
	session, err := h.service.consoleSession(c.Request.Context(), h.web.Cookie(c, sessionCookie), false)
	switch {
	case errors.Is(err, accounts.ErrNoSession):
		return h.web.SessionLeft(c, time.Time{})
	case err != nil:
		return err
	}
	web.Belongs(c, web.OfSession, session.Visit.String())
	return h.web.SessionLeft(c, session.EndsAt)
}

// showEnded is where a page navigates by itself if it could not ask, or if another session has replaced its own.
// If its own is open after all, it leads back.
func (h *Console) showEnded(c *gin.Context) error {
	ctx := c.Request.Context()
	session, err := h.service.consoleSession(ctx, h.web.Cookie(c, sessionCookie), false)
	switch {
	case errors.Is(err, accounts.ErrNoSession):
		return web.SeeOther(c, "/")
	case err != nil:
		return err
	}
	p, err := h.service.Who(ctx, session.AccountID, session.AuthTime)
	if errors.Is(err, ErrNoRole) {
		return web.SeeOther(c, "/")
	}
	if err != nil {
		return err
	}
	web.Belongs(c, web.OfSession, session.Visit.String())
	home := visit{Person: p}.home()
	if web.OfThisSession(c) {
		return web.SeeOther(c, cmp.Or(localPath(c.Query("return")), home))
	}
	return web.ForeignForm(p.Name, home)
}

// alive handles the warning's button: looking up the session has extended it.
func (h *Console) alive(c *gin.Context, _ visit) error {
	c.Status(http.StatusNoContent)
	return nil
}
