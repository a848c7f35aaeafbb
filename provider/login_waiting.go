package provider

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// waiting is what a page knows of the request that it serves; zero without one. If the request is over, only flow and
// client are known: the page works, and resume decides how to continue.
type waiting struct {
	flow    string
	client  *Client // nil if unknown
	request *authorizeRequest
	i       *interaction
}

// app returns what is shown of the app in the language of the page, which the session decides once it is known.
func (w waiting) app(c *gin.Context) shown {
	if w.client == nil {
		return shown{}
	}
	return w.client.in(web.Lang(c))
}

// loginHint returns whom the app expects, to prefill the username (Core 3.1.2.1).
func (w waiting) loginHint() string {
	if w.request == nil {
		return ""
	}
	return web.Clip(w.request.form.Get("login_hint"), repeatedMax)
}

func (w waiting) options(c *gin.Context) []web.PageOption {
	return []web.PageOption{web.WithApp(w.app(c).Name)}
}

// waiting finds a page's pending request.
func (h *Handler) waiting(ctx context.Context, c *gin.Context) (waiting, error) {
	flow := web.Flow(c)
	if flow == "" {
		return waiting{}, nil
	}
	i, err := h.pending(c)
	var r *authorizeRequest
	if err == nil {
		if r, err = h.service.storedRequest(ctx, i.form, i.requestedAt); err != nil {
			err = h.over(i)
		}
	}
	if over, ok := errors.AsType[*overError](err); ok {
		return waiting{flow: flow, client: over.client}, nil
	}
	if err != nil {
		return waiting{}, err
	}
	return waiting{flow, r.client, r, i}, nil
}

// returnOf returns the page of ours that a sign-in is for, "" if none.
func returnOf(c *gin.Context) string {
	asked := c.Query("return")
	if asked == "" {
		asked = web.Form(c).Get("return")
	}
	return accounts.ReturnPath(asked)
}

// memberOf returns the pending request, if any, and the session of a page that requires one; done means that the member
// was redirected to sign in.
func (h *Handler) memberOf(c *gin.Context) (w waiting, session *accounts.Session, done bool, err error) {
	if w, err = h.waiting(c.Request.Context(), c); err != nil {
		return w, nil, true, err
	}
	if session, err = h.mine(c); err != nil {
		return w, nil, true, err
	}
	if session == nil {
		if over, err := h.sessionOver(c, w.flow); over || err != nil {
			return w, nil, true, err
		}
		return w, nil, true, web.SeeOther(c, loginPath(w.flow))
	}
	return w, session, false, nil
}

// sessionOver answers a page or form whose session is over or was left: the sign-in page says why. It does nothing in a browser
// that had none, and for the second of two presses, which continues with the session that the first one renewed.
func (h *Handler) sessionOver(c *gin.Context, flow string) (over bool, err error) {
	note, err := h.sessions.OverNote(c)
	if note == "" || err != nil || note == string(accounts.EndedRenewed) && c.Request.Method == http.MethodPost {
		return false, err
	}
	return true, h.web.SeeDone(c, noted(loginPath(flow), note))
}

// noted adds the name of the notice that the page shows.
func noted(path, note string) string {
	if strings.Contains(path, "?") {
		return path + "&note=" + note
	}
	return path + "?note=" + note
}

func loginPath(flow string) string { return withFlow("/login", flow) }

// withFlow adds the ID of the pending request, if any, to a path of our own.
func withFlow(path, flow string) string {
	if flow == "" {
		return path
	}
	return path + "?flow=" + flow
}

// current returns the member's session, or nil.
func (h *Handler) current(c *gin.Context) (*accounts.Session, error) {
	return openOf(h.sessions.Lookup(c))
}

func openOf(session accounts.Session, ok bool, err error) (*accounts.Session, error) {
	if err != nil || !ok {
		return nil, err
	}
	return &session, nil
}

// mine is current for a page that changes something of the session; a form rendered for another session is refused.
func (h *Handler) mine(c *gin.Context) (*accounts.Session, error) {
	session, err := h.current(c)
	if session != nil && !web.Owned(c, web.OfSession) {
		return nil, web.ForeignForm(session.Username, "/account")
	}
	return session, err
}
