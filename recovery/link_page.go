package recovery

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

const (
	pathNotMe      = "/not-me"
	pathNotMeDone  = pathNotMe + "/done"
	pathWasMe      = pathNotMe + "/was-me"
	pathCancel     = "/cancel-change"
	pathCancelDone = pathCancel + "/done"
	pathHistory    = "/account/history" // where a link of a session that is over leads: it says why, and makes another
)

// The pages behind the links of notices: opening one changes nothing, the button does (S-51).
type (
	notMePage struct {
		Link, Username         string
		Event, QuestionChanged time.Time
		Closed                 accounts.Closure
	}
	cancelPage struct {
		Link, Username string
		Act            Act
		Email          string // the new address, if any
		Own            bool   // asked for in the account
		AskedAt        time.Time
	}
	oldLinkPage struct {
		Stopped bool // what it would have stopped was stopped otherwise, just before
		Closed  accounts.Closure
	}
	notMeDonePage struct {
		Username string
		Closed   accounts.Closure
	}
	wasMePage   struct{}
	stoppedPage struct {
		Open   bool // the account will not be closed
		Closed accounts.Closure
	}
)

func (h *Handler) showNotMe(c *gin.Context) error {
	link := c.Query("link")
	h.web.LinkOpened(c)
	d, err := h.service.accounts.Disownable(c.Request.Context(), link, web.Browser(c))
	switch {
	case errors.Is(err, accounts.ErrLink):
		return h.oldLink(c, !seal.IsToken(link))
	case errors.Is(err, accounts.ErrNoSession):
		return web.SeeOther(c, pathHistory)
	case err != nil:
		return err
	}
	return h.page(c, http.StatusOK, "recovery/not_me", notMePage{link, d.Username, d.Event, d.QuestionChanged, d.Closed})
}

func (h *Handler) submitNotMe(c *gin.Context) error {
	link := web.Form(c).Get("link")
	ctx := c.Request.Context()
	var done accounts.Disowned
	err := h.service.NotMe(ctx, link, web.Browser(c))
	if err == nil || errors.Is(err, accounts.ErrLink) { // for some minutes it gets the same answer as the press that used it
		done, err = h.service.accounts.Disowned(ctx, link)
	}
	switch {
	case errors.Is(err, accounts.ErrNoSession):
		return web.SeeOther(c, pathHistory)
	case err != nil:
		return err
	case !done.Just:
		return h.oldLink(c, !seal.IsToken(link))
	case done.QuestionClosed:
		return h.toDesk(c, "protected")
	case done.Disabled, done.Closed.Kind != "" && done.Closed.Until.IsZero():
		return h.toDesk(c, "closed")
	}
	return h.toDone(c, pathNotMeDone+"?link="+link)
}

// showNotMeDone names the account: whoever opened the link may have another of their own.
func (h *Handler) showNotMeDone(c *gin.Context) error {
	if !h.web.JustDone(c) {
		return h.to(c, pathSignIn)
	}
	done, err := h.service.accounts.Disowned(c.Request.Context(), c.Query("link"))
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/not_me_done", notMeDonePage{done.Username, done.Closed})
}

// showWasMe says that nothing was done, which is so whoever opens it.
func (h *Handler) showWasMe(c *gin.Context) error {
	return h.page(c, http.StatusOK, "recovery/was_me", wasMePage{})
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
	h.web.LinkOpened(c)
	change, account, err := h.service.Stoppable(c.Request.Context(), link)
	if errors.Is(err, ErrLink) {
		return h.oldLink(c, !seal.IsToken(link))
	}
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/cancel", cancelPage{link, account.Username, change.Act, change.ShownEmail(), change.AskedBy == "", change.AskedAt})
}

func (h *Handler) submitCancel(c *gin.Context) error {
	link := web.Form(c).Get("link")
	ctx := c.Request.Context()
	var done stopped
	_, err := h.service.Stop(ctx, link)
	if err == nil || errors.Is(err, ErrLink) {
		done, err = h.service.Stopped(ctx, link)
	}
	switch {
	case err != nil:
		return err
	case done.act == "":
		return h.oldLink(c, !seal.IsToken(link))
	case !done.byLink:
		return h.page(c, http.StatusGone, "recovery/old_link", oldLinkPage{true, done.closed})
	}
	address := pathCancelDone + "?link=" + link
	if done.act == CloseAccount {
		address += "&note=open"
	}
	return h.toDone(c, address)
}

func (h *Handler) showStopped(c *gin.Context) error {
	if !h.web.JustDone(c) {
		return h.to(c, pathSignIn)
	}
	done, err := h.service.Stopped(c.Request.Context(), c.Query("link"))
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/cancel_done", stoppedPage{c.Query("note") == "open", done.closed})
}
