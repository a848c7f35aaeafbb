package accounts

import (
	"errors"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/web"
)

const (
	sessionCookie = "session"
	deviceCookie  = "device"
)

// Handler holds the account pages, and keeps the session of a browser for the other
// features.
type Handler struct {
	service *Service
	web     *web.Web
	cards   Cards
	app     App
}

// App is where a member may want to go from the account page; zero for nowhere.
type App struct{ Name, URI string }

// NewHandler checks that nothing is missing.
func NewHandler(s *Service, w *web.Web, cards Cards, app App) (*Handler, error) {
	if s == nil || w == nil || cards == nil {
		return nil, errors.New("accounts: a dependency is missing")
	}
	return &Handler{s, w, cards, app}, nil
}

// Mount adds the pages.
func (h *Handler) Mount(r gin.IRouter) {
	pages := h.web.Pages(r)
	pages.GET("/account", h.web.Handle(h.showHome))
}

// lookup is the outcome of Lookup, kept for the rest of the request.
type lookup struct {
	session Session
	found   bool
}

const lookupKey = "huskyidp/accounts.lookup"

// Lookup returns the session of the browser, with one round trip per request. It is no
// error when there is none.
func (h *Handler) Lookup(c *gin.Context) (Session, bool, error) {
	if kept, ok := c.Get(lookupKey); ok {
		l := kept.(lookup)
		return l.session, l.found, nil
	}
	var l lookup
	if token := h.web.Cookie(c, sessionCookie); token != "" {
		session, err := h.service.Session(c.Request.Context(), token)
		switch {
		case err == nil:
			l = lookup{session, true}
		case !errors.Is(err, ErrNoSession):
			return Session{}, false, err
		}
	}
	c.Set(lookupKey, l)
	return l.session, l.found, nil
}

// Current is Lookup for those who treat a failure as not signed in.
func (h *Handler) Current(c *gin.Context) (Session, bool) {
	session, found, err := h.Lookup(c)
	return session, found && err == nil
}

// SignIn starts a session for an account whose every required proof was given, and sets
// the cookies. The session that the browser had before ends (S-22).
func (h *Handler) SignIn(c *gin.Context, account Account, amr []string) (Session, error) {
	started, err := h.service.StartSession(c.Request.Context(), h.start(c, account, amr))
	if err != nil {
		return Session{}, err
	}
	h.opened(c, started)
	return started.Session, nil
}

// QueueSignIn is SignIn for a batch that is sent later, in the transaction that makes the
// account; opened sets the cookies and is called once that is committed.
func (h *Handler) QueueSignIn(c *gin.Context, b *pgx.Batch, account Account, amr []string) (opened func()) {
	started := h.service.QueueSession(c.Request.Context(), b, h.start(c, account, amr))
	return func() { h.opened(c, started) }
}

func (h *Handler) start(c *gin.Context, account Account, amr []string) SessionStart {
	return SessionStart{
		Account: account, AMR: amr, UserAgent: c.Request.UserAgent(), Device: h.web.Cookie(c, deviceCookie),
		Replaces: h.web.Cookie(c, sessionCookie),
	}
}

func (h *Handler) opened(c *gin.Context, started Started) {
	h.web.SetCookie(c, sessionCookie, started.Token, 0)
	h.web.SetCookie(c, deviceCookie, started.Device, knownDeviceAge)
	c.Set(lookupKey, lookup{started.Session, true})
}

// SignOut ends the browser's session, if it has one, and clears its cookie. The device
// stays known.
func (h *Handler) SignOut(c *gin.Context) error {
	session, found, err := h.Lookup(c)
	if err != nil {
		return err
	}
	if found {
		if err := h.service.endSession(c.Request.Context(), session.SID, audit.SignedOut); err != nil {
			return err
		}
	}
	h.web.ClearCookie(c, sessionCookie)
	c.Set(lookupKey, lookup{})
	return nil
}

// Require returns the session, or sends the browser to sign in: ok is then false and
// the answer is given.
func (h *Handler) Require(c *gin.Context) (session Session, ok bool, err error) {
	session, ok, err = h.Lookup(c)
	if ok || err != nil {
		return session, ok, err
	}
	path := "/login"
	if h.web.Cookie(c, sessionCookie) != "" { // it had one, which ended
		h.web.ClearCookie(c, sessionCookie)
		path = "/login?note=ended"
	}
	return session, false, web.SeeOther(c, path)
}
