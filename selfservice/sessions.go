package selfservice

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// sessionsPage lists the open sessions, this browser's first, the browsers that are spared the second step, and the apps
// that stay connected whatever session ends.
type sessionsPage struct {
	This   accounts.OpenSession
	Others []accounts.OpenSession
	Apps   []accounts.ConnectedApp

	Remembered []accounts.RememberedBrowser
}

func (h *Handler) showSessions(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	all, err := h.service.OpenSessions(c.Request.Context(), session.AccountID, session.SID)
	if err != nil {
		return err
	}
	var page sessionsPage
	if page.Apps, err = h.connected(c, session); err != nil {
		return err
	}
	if page.Remembered, err = h.service.RememberedBrowsers(c.Request.Context(), session.AccountID, h.web.Cookie(c, rememberedCookie)); err != nil {
		return err
	}
	for _, s := range all {
		if s.SID == session.SID {
			page.This = s
		} else {
			page.Others = append(page.Others, s)
		}
	}
	notice, err := h.endedWith(c, session)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "sessions", session, page, notice...)
}

// endedWith reports what just ended according to the records, since anybody can write an address.
func (h *Handler) endedWith(c *gin.Context, session accounts.Session) ([]web.PageOption, error) {
	key := map[string]string{"ended": "accounts.sessions.ended", "ended_others": "accounts.sessions.ended_others"}[c.Query("note")]
	if key == "" || h.apps == nil || !h.web.JustDone(c) {
		return nil, nil
	}
	names, err := h.apps.EndedWith(c.Request.Context(), session.AccountID, h.now().Add(-time.Minute))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return []web.PageOption{web.WithNotice("ok", key, nil)}, nil
	}
	return []web.PageOption{web.WithNotice("ok", key+"_apps", templates.Args{"apps": strings.Join(names, ", ")})}, nil
}

// endSessions ends one other session, or all of them, or has one browser prove the second step again. It is idempotent.
func (h *Handler) endSessions(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	note := ""
	err = h.service.InSession(c.Request.Context(), session, func(ctx context.Context) error {
		if id, err := uuid.Parse(web.Form(c).Get("forget")); err == nil {
			note = "forgotten"
			return h.service.Forget(ctx, session, id)
		}
		switch sid := web.Form(c).Get("end"); sid {
		case "", session.SID:
			return nil
		case "others":
			note = "ended_others"
			return h.service.EndSessions(ctx, session.AccountID, session.SID)
		default:
			note = "ended"
			return h.service.EndOwnSession(ctx, session.AccountID, sid)
		}
	})
	if err != nil {
		return err
	}
	return h.back(c, "/account/sessions", note)
}
