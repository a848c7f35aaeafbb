package recovery

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

const (
	pathNotMe      = "/not-me"
	pathNotMeDone  = pathNotMe + "/done"
	pathCancel     = "/cancel-change"
	pathCancelDone = pathCancel + "/done"
	pathHistory    = "/account/history" // where a link of a session that is over leads: it says why, and makes another
)

// The pages behind the links of notices: opening one changes nothing, the button does (S-51).
type (
	notMePage  struct{ Link, Username string }
	cancelPage struct {
		Link, Username string
		Act            Act
	}
	oldLinkPage   struct{}
	notMeDonePage struct{}
	stoppedPage   struct{}
)

func (h *Handler) showNotMe(c *gin.Context) error {
	link := c.Query("link")
	account, err := h.service.accounts.Disownable(c.Request.Context(), link, web.Browser(c))
	switch {
	case errors.Is(err, accounts.ErrLink):
		return h.oldLink(c, !seal.IsToken(link))
	case errors.Is(err, accounts.ErrNoSession):
		return web.SeeOther(c, pathHistory)
	case err != nil:
		return err
	}
	return h.page(c, http.StatusOK, "recovery/not_me", notMePage{link, account.Username})
}

func (h *Handler) submitNotMe(c *gin.Context) error {
	link := web.Form(c).Get("link")
	ctx, just := c.Request.Context(), true
	closed, err := h.service.NotMe(ctx, link, web.Browser(c))
	if errors.Is(err, accounts.ErrLink) { // for some minutes it gets the same answer as the press that used it
		just, closed, err = h.service.accounts.Disowned(ctx, link)
	}
	switch {
	case errors.Is(err, accounts.ErrNoSession):
		return web.SeeOther(c, pathHistory)
	case err != nil:
		return err
	case !just:
		return h.oldLink(c, !seal.IsToken(link))
	case closed:
		return h.toDesk(c, "protected")
	}
	return h.toDone(c, pathNotMeDone)
}

// oldLink answers for a link that is not valid, or not any more. One that was cut or garbled on its way was never used:
// a part of it is missing.
func (h *Handler) oldLink(c *gin.Context, cut bool) error {
	if cut {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyAddress}
	}
	return h.page(c, http.StatusGone, "recovery/old_link", oldLinkPage{})
}

func (h *Handler) showCancel(c *gin.Context) error {
	link := c.Query("link")
	change, account, err := h.service.Stoppable(c.Request.Context(), link)
	if errors.Is(err, ErrLink) {
		return h.oldLink(c, !seal.IsToken(link))
	}
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/cancel", cancelPage{link, account.Username, change.Act})
}

func (h *Handler) submitCancel(c *gin.Context) error {
	link := web.Form(c).Get("link")
	ctx, just := c.Request.Context(), true
	err := h.service.Stop(ctx, link)
	if errors.Is(err, ErrLink) {
		just, err = h.service.Stopped(ctx, link)
	}
	switch {
	case err != nil:
		return err
	case !just:
		return h.oldLink(c, !seal.IsToken(link))
	}
	return h.toDone(c, pathCancelDone)
}
