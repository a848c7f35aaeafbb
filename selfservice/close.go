package selfservice

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// Closings holds the closing of an account until its member has had time to take it back.
type Closings interface {
	// HoldClosing begins the hold and ends every session. A closing that is already on hold stays. The error is accounts.ErrNoSession
	// if the session has ended meanwhile, *ratelimit.Exceeded if it was asked for too often, or the database's.
	HoldClosing(ctx context.Context, session accounts.Session) error
	// ClosingHold is how long it is held.
	ClosingHold() time.Duration
}

const (
	pathClose   = "/account/close"
	pathClosing = "/account/closing"
)

// closePage says what closing the account means, before and after it was asked for.
type closePage struct{ Days int }

func (h *Handler) closeDays() closePage {
	return closePage{int((h.closings.ClosingHold() + 12*time.Hour) / (24 * time.Hour))}
}

// closeSession requires a fresh sign-in of a member. People of the desk leave by their operator.
func (h *Handler) closeSession(c *gin.Context) (session accounts.Session, ok bool, err error) {
	session, ok, err = h.RequireFresh(c, accounts.Fresh)
	if ok && (h.closings == nil || session.MemberID == uuid.Nil) {
		return session, false, web.SeeOther(c, "/account")
	}
	return session, ok, err
}

// justClosed answers a press after, or beside, the one that closed the account: however it ends by itself, as in a busy moment, the
// account is closing.
func (h *Handler) justClosed(c *gin.Context) (done bool, err error) {
	token := h.web.Cookie(c, sessionCookie)
	if token == "" || h.closings == nil {
		return false, nil
	}
	just, err := h.service.JustClosing(c.Request.Context(), token)
	if !just || err != nil {
		return false, err
	}
	return true, h.web.SeeDone(c, pathClosing)
}

func (h *Handler) showClose(c *gin.Context) error {
	if done, err := h.justClosed(c); done || err != nil {
		return err
	}
	session, ok, err := h.closeSession(c)
	if !ok {
		return err
	}
	return h.page(c, http.StatusOK, "close", session, h.closeDays())
}

// submitClose asks for the password even right after a sign-in: people of one family take turns at a browser, and a
// button alone would close the account of whoever is signed in by then.
func (h *Handler) submitClose(c *gin.Context) error {
	token := h.web.Cookie(c, sessionCookie)
	if token == "" { // a second press after the answer to the first, or somebody who has to sign in
		return web.SeeOther(c, pathClosing)
	}
	if done, err := h.justClosed(c); done || err != nil { // a second press
		return err
	}
	session, ok, err := h.closeSession(c)
	if !ok {
		return err
	}
	if status, problem, err := h.provePassword(c, session); status != 0 || err != nil {
		switch done, closedErr := h.justClosed(c); {
		case done || closedErr != nil: // by a press beside this one
			return closedErr
		case err != nil:
			return err
		}
		return h.page(c, status, "close", session, h.closeDays(), web.WithProblems(problem))
	}
	account, err := h.service.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	if err := h.closings.HoldClosing(c.Request.Context(), session); err != nil {
		if done, closedErr := h.justClosed(c); done || closedErr != nil {
			return closedErr
		}
		if often, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
			return h.page(c, http.StatusTooManyRequests, "close", session, h.closeDays(),
				web.WithProblems(templates.Problem{Key: "accounts.close.often", Args: templates.Args{"time": often.RetryAfter()}}))
		}
		return err
	}
	if err := h.SignOut(c); err != nil {
		return err
	}
	if device := h.service.RenewDevice(account, h.web.Cookie(c, web.DeviceCookie)); device != "" { // who changes their mind here is no stranger
		h.web.SetCookie(c, web.DeviceCookie, device, accounts.KnownDeviceAge)
	}
	h.web.SetCookie(c, formerCookie, token, 0) // forms of other tabs hear why they are not saved
	return h.web.SeeDone(c, pathClosing)
}

// showClosing is for the browser that just closed an account; it names nobody.
func (h *Handler) showClosing(c *gin.Context) error {
	if h.closings == nil || !h.web.JustDone(c) {
		return web.SeeOther(c, "/login")
	}
	return h.web.Page(c, http.StatusOK, "accounts/closing", h.closeDays(), web.ForAnybody())
}
