package accounts

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// sessionsPage lists the open sessions, this browser's first.
type sessionsPage struct {
	This   OpenSession
	Others []OpenSession
}

func (h *Handler) showSessions(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	all, err := h.service.OpenSessions(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	var page sessionsPage
	for _, s := range all {
		if s.SID == session.SID {
			page.This = s
		} else {
			page.Others = append(page.Others, s)
		}
	}
	return h.page(c, http.StatusOK, "sessions", session, page)
}

// endSessions ends one other session, or all of them. One that is gone is no mistake.
func (h *Handler) endSessions(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, Fresh)
	if !ok {
		return err
	}
	ctx := c.Request.Context()
	switch sid := web.Form(c).Get("end"); sid {
	case "", session.SID:
		return h.back(c, "/account/sessions", "")
	case "others":
		err = h.service.EndSessions(ctx, session.AccountID, session.SID)
	default:
		err = h.service.EndOwnSession(ctx, session.AccountID, sid)
	}
	if err != nil {
		return err
	}
	return h.back(c, "/account/sessions", "ended")
}
