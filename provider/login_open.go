package provider

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// loginOpenPage asks whose sign-in is pending for its second step in this browser. It shows nothing of it.
type loginOpenPage struct{ Return string }

// signInWaits reports whether a sign-in is pending for its second step in this browser.
func (h *Handler) signInWaits(c *gin.Context) (bool, error) {
	p, err := h.sessions.Pending(c)
	if errors.Is(err, accounts.ErrNoPending) {
		return false, nil
	}
	return p.SID == "", err
}

func (h *Handler) showLoginOpen(c *gin.Context) error {
	w, err := h.waiting(c.Request.Context(), c)
	if err != nil {
		return err
	}
	waits, err := h.signInWaits(c)
	if err != nil {
		return err
	}
	if !waits {
		return h.nothingWaits(c, w)
	}
	h.web.ForgetRefused(c)
	h.web.AskFirst(c, web.OfSignIn)
	return h.web.Page(c, http.StatusOK, "provider/login_open", loginOpenPage{returnOf(c)}, append(w.options(c), web.ForAnybody())...)
}

func (h *Handler) decideLoginOpen(c *gin.Context) error {
	w, err := h.waiting(c.Request.Context(), c)
	if err != nil {
		return err
	}
	if web.Form(c).Get("act") != "anew" {
		h.web.Began(c, web.OfSignIn)
		return web.SeeOther(c, withFlow("/login/factor", w.flow))
	}
	if err := h.sessions.Drop(c); err != nil {
		return err
	}
	return web.SeeOther(c, withReturn(loginPath(w.flow), returnOf(c)))
}

// withReturn keeps the page of ours that a sign-in is for, "" if none.
func withReturn(path, back string) string {
	switch {
	case back == "":
		return path
	case strings.Contains(path, "?"):
		return path + "&return=" + url.QueryEscape(back)
	}
	return path + "?return=" + url.QueryEscape(back)
}
