package provider

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// accountsPage offers the open session.
type accountsPage struct{ Username string }

func (h *Handler) showAccounts(c *gin.Context) error {
	w, session, done, err := h.memberOf(c)
	if done || err != nil {
		return err
	}
	return h.web.Page(c, http.StatusOK, "provider/accounts", accountsPage{session.Username},
		append(w.options(c), web.SignedIn(session.Username))...)
}

func (h *Handler) chooseAccount(c *gin.Context) error {
	w, err := h.waiting(c.Request.Context(), c)
	if err != nil {
		return err
	}
	if web.Form(c).Get("act") == "other" {
		if err := h.sessions.SignOut(c); err != nil {
			return err
		}
		return web.SeeOther(c, loginPath(w.flow))
	}
	if w.request == nil {
		return h.proceed(c, w)
	}
	if err := h.service.store.selected(c.Request.Context(), w.flow, h.now()); err != nil {
		return err
	}
	return web.SeeOther(c, ResumePath(w.flow))
}

// home is the address "/": the account if signed in, else the sign-in page.
func (h *Handler) home(c *gin.Context) error {
	session, err := h.current(c)
	if err != nil {
		return err
	}
	if session != nil {
		return web.SeeOther(c, "/account")
	}
	return web.SeeOther(c, "/login")
}
