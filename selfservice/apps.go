package selfservice

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// appsPage lists the apps that the member has allowed something.
type appsPage struct{ List []accounts.ConnectedApp }

func (h *Handler) connected(c *gin.Context, session accounts.Session) ([]accounts.ConnectedApp, error) {
	if h.apps == nil {
		return nil, nil
	}
	return h.apps.ConnectedApps(c.Request.Context(), session.AccountID)
}

func (h *Handler) showApps(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	list, err := h.connected(c, session)
	if err != nil {
		return err
	}
	notice, err := h.stopped(c, session)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "apps", session, appsPage{list}, notice...)
}

// stoppedFor is how long the list confirms that an app was stopped.
const stoppedFor = 15 * time.Minute

// stopped returns the notice that names the app just stopped. The name comes from the history, because anybody can
// forge a URL.
func (h *Handler) stopped(c *gin.Context, session accounts.Session) ([]web.PageOption, error) {
	if !h.web.JustDone(c) {
		return nil, nil
	}
	switch c.Query("note") {
	case "stopped":
	case "over":
		return []web.PageOption{web.WithNotice("info", "accounts.apps.receipt_over", nil)}, nil
	default:
		return nil, nil
	}
	events, _, err := h.service.History(c.Request.Context(), session.AccountID, 1)
	for _, e := range events {
		if e.Kind == audit.AppStopped && e.App("") != "" && h.now().Sub(e.At) < stoppedFor {
			return []web.PageOption{web.WithNotice("ok", "accounts.apps.stopped", templates.Args{"app": e.App(web.Lang(c))})}, nil
		}
	}
	return nil, err
}

// appOf returns the app of the address. done means that there is none (any more), and that the member was sent to the
// list, which says so.
func (h *Handler) appOf(c *gin.Context) (session accounts.Session, app accounts.ConnectedApp, done bool, err error) {
	session, ok, err := h.Require(c)
	if !ok {
		return session, app, true, err
	}
	list, err := h.connected(c, session)
	if err != nil {
		return session, app, true, err
	}
	for _, app := range list {
		if app.ID.String() == c.Param("id") {
			return session, app, false, nil
		}
	}
	if c.Request.Method == http.MethodPost { // sent again, after a lost answer
		return session, app, true, h.back(c, "/account/apps", "stopped")
	}
	return session, app, true, h.back(c, "/account/apps", "over")
}

func (h *Handler) showApp(c *gin.Context) error {
	session, app, done, err := h.appOf(c)
	if done {
		return err
	}
	return h.page(c, http.StatusOK, "app", session, app)
}

func (h *Handler) showStopApp(c *gin.Context) error {
	session, app, done, err := h.appOf(c)
	if done {
		return err
	}
	return h.page(c, http.StatusOK, "stop_app", session, app)
}

func (h *Handler) stopApp(c *gin.Context) error {
	session, app, done, err := h.appOf(c)
	if done {
		return err
	}
	err = h.service.InSession(c.Request.Context(), session, func(ctx context.Context) error {
		return h.apps.StopApp(ctx, session.AccountID, app.ClientID)
	})
	if err != nil {
		return err
	}
	return h.back(c, "/account/apps", "stopped")
}
