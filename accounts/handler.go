package accounts

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/web"
)

const sessionCookie = "session"

// DeviceCookie proves an earlier sign-in in this browser (S-11).
const DeviceCookie = web.DeviceCookie

// App is where a member may want to go from the account page; zero for nowhere.
type App struct{ Name, URI string }

// ConnectedApp is an app that the member has allowed something, or one of the programme's own that
// may act while the member is away.
type ConnectedApp struct {
	ID        uuid.UUID // of the permission: the number of its receipt
	ClientID  string
	Name      string
	Operator  string
	Own       bool // of the programme: signing in was the permission
	Sees      []SeenData
	GrantedAt time.Time
	ExpiresAt time.Time
	LastUsed  time.Time // zero if never
}

// SeenData is a kind of data that an app may see; its words are scope.<Key>.label.
type SeenData struct {
	Key     string
	Name    string // of a kind that has no words of its own
	Changes bool   // the app may change these data too
}

// Apps keeps what members allowed to apps.
type Apps interface {
	ConnectedApps(ctx context.Context, accountID uuid.UUID) ([]ConnectedApp, error)
	StopApp(ctx context.Context, accountID uuid.UUID, clientID string) error
	// EndedWith names the apps that lost what they got in sessions which were ended since.
	EndedWith(ctx context.Context, accountID uuid.UUID, since time.Time) ([]string, error)
}

// HandlerDeps is what the pages are made of. Service, Web and Cards are required.
type HandlerDeps struct {
	Service *Service
	Web     *web.Web
	Cards   Cards
	Apps    Apps                     // nil: no app is connected ever
	Changes Changes                  // nil: nothing waits ever
	Emails  Emails                   // nil: support alone changes addresses (design.md section 2)
	Resume  func(flow string) string // the path where a pending authorization request goes on; nil: none ever waits
	App     App

	NoQuestions bool // secret questions are switched off (S-56)
}

// Handler holds the account pages, and keeps the session of a browser for the other
// features.
type Handler struct {
	service *Service
	web     *web.Web
	cards   Cards
	apps    Apps
	changes Changes
	emails  Emails
	resume  func(flow string) string
	app     App

	noQuestions bool
}

// NewHandler checks that nothing is missing.
func NewHandler(d HandlerDeps) (*Handler, error) {
	if d.Service == nil || d.Web == nil || d.Cards == nil {
		return nil, errors.New("accounts: a dependency is missing")
	}
	h := &Handler{d.Service, d.Web, d.Cards, d.Apps, d.Changes, d.Emails, d.Resume, d.App, d.NoQuestions}
	d.Web.GuardForms(func(c *gin.Context) error {
		_, _, err := h.Lookup(c)
		return err
	})
	return h, nil
}

// Mount adds the pages.
func (h *Handler) Mount(r gin.IRouter) {
	pages := h.web.Pages(r)
	pages.GET("/account/left", h.web.Handle(h.left))
	pages.GET(WelcomePath, h.web.Handle(h.showWelcome))
	pages.POST(WelcomePath, h.web.Handle(h.submitWelcome))
	pages.GET("/account/ended", h.web.Handle(h.showEnded))
	pages.POST("/account/alive", h.web.Handle(h.alive))
	settled := pages.Group("", h.web.Handle(h.settled))
	for _, route := range []struct {
		path         string
		show, submit func(*gin.Context) error
	}{
		{"/account", h.showHome, nil},
		{"/account/history", h.showHistory, h.disownEvent},
		{"/account/language", h.showLanguage, h.changeLanguage},
		{"/account/password", h.showPassword, h.changePassword},
		{"/account/question", h.showQuestion, h.changeQuestion},
		{"/account/email", h.showEmail, h.changeEmail},
		{"/account/email/code", h.showEmailCode, h.proveEmail},
		{"/account/sessions", h.showSessions, h.endSessions},
		{"/account/held/:id/stop", h.showHeld, h.stopHeld},
		{"/account/apps", h.showApps, nil},
		{"/account/apps/:id", h.showApp, nil},
		{"/account/apps/:id/stop", h.showStopApp, h.stopApp},
		{"/account/factors", h.showFactors, nil},
		{"/account/factors/totp", h.showAddTOTP, h.addTOTP},
		{"/account/factors/totp/remove", h.showRemoveTOTP, h.removeTOTP},
		{"/account/factors/passkey", h.showAddPasskey, h.addPasskey},
		{"/account/factors/passkey/options", nil, h.passkeyOptions},
		{"/account/factors/passkey/:id/remove", h.showRemovePasskey, h.removePasskey},
		{"/account/factors/saved-codes", h.showSavedCodes, h.makeSavedCodes},
		{"/account/factors/saved-codes/file", nil, h.savedCodesFile},
	} {
		if route.show != nil {
			settled.GET(route.path, h.web.Handle(route.show))
		}
		if route.submit != nil {
			settled.POST(route.path, h.web.Handle(route.submit))
		}
	}
}

// lookup is the outcome of Lookup, kept for the rest of the request.
type lookup struct {
	session Session
	found   bool
	err     error
}

const lookupKey = "huskyidp/accounts.lookup"

// Lookup returns the session of the browser, with one round trip per request. It is no
// error when there is none. A form that was rendered for another session is an error: it
// would say one person and change another.
func (h *Handler) Lookup(c *gin.Context) (Session, bool, error) {
	if kept, ok := c.Get(lookupKey); ok {
		l := kept.(lookup)
		return l.session, l.found, l.err
	}
	return h.lookup(c, h.service.Session)
}

// Peek is Lookup for what a browser asks by itself: the session is not used (S-23).
func (h *Handler) Peek(c *gin.Context) (Session, bool, error) { return h.lookup(c, h.service.Peek) }

func (h *Handler) lookup(c *gin.Context, find func(ctx context.Context, token string) (Session, error)) (Session, bool, error) {
	var l lookup
	if token := h.web.Cookie(c, sessionCookie); token != "" {
		session, err := find(c.Request.Context(), token)
		switch {
		case err == nil && web.Belongs(c, web.OfSession, session.SID):
			l = lookup{session: session, found: true}
			h.web.UseLanguage(c, session.Language)
		case err == nil:
			l = lookup{err: web.ForeignForm(session.Username, h.wayOn(c))}
		case !errors.Is(err, ErrNoSession):
			return Session{}, false, err
		}
	}
	c.Set(lookupKey, l)
	return l.session, l.found, l.err
}

// wayOn is where whoever is signed in goes on after a form that was not theirs.
func (h *Handler) wayOn(c *gin.Context) string {
	if flow := web.Flow(c); flow != "" && h.resume != nil {
		return h.resume(flow)
	}
	return "/account"
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
		Account: account, AMR: amr, UserAgent: c.Request.UserAgent(), Device: h.web.Cookie(c, DeviceCookie),
		Replaces: h.web.Cookie(c, sessionCookie), Browser: web.Browser(c),
	}
}

// keepLookup is for a session that this very request began or renewed.
func (h *Handler) keepLookup(c *gin.Context, session Session) {
	web.Belongs(c, web.OfSession, session.SID)
	h.web.UseLanguage(c, session.Language)
	c.Set(lookupKey, lookup{session: session, found: true})
}

func (h *Handler) opened(c *gin.Context, started Started) {
	h.web.SetCookie(c, sessionCookie, started.Token, 0)
	h.web.SetCookie(c, DeviceCookie, started.Device, knownDeviceAge)
	h.keepLookup(c, started.Session)
}

// SignOut ends the browser's session, if it has one, and what else was begun there, and
// clears its cookie. The device stays known.
func (h *Handler) SignOut(c *gin.Context) error {
	session, found, err := h.Lookup(c)
	if err != nil {
		return err
	}
	if found {
		if err := h.service.endSession(c.Request.Context(), session.SID, nil, voidsOnline, audit.SignedOut); err != nil {
			return err
		}
	}
	if err := h.service.EndBrowser(c.Request.Context(), web.Browser(c)); err != nil {
		return err
	}
	h.web.ClearCookie(c, sessionCookie)
	c.Set(lookupKey, lookup{})
	return nil
}

// settled keeps all of the account closed to a session whose account is not complete.
func (h *Handler) settled(c *gin.Context) error {
	session, ok, err := h.Lookup(c)
	if ok && session.Unsettled {
		c.Abort()
		return h.welcomeFirst(c)
	}
	return err
}

// Require returns the session, or sends the browser to sign in: ok is then false and the answer is given.
func (h *Handler) Require(c *gin.Context) (session Session, ok bool, err error) {
	session, ok, err = h.Lookup(c)
	if ok && !web.Owned(c, web.OfSession) {
		return session, false, web.ForeignForm(session.Username, h.wayOn(c))
	}
	if ok || err != nil {
		return session, ok, err
	}
	var query []string
	if token := h.web.Cookie(c, sessionCookie); token != "" { // it had one, which ended
		why, err := h.service.WhyEnded(c.Request.Context(), token)
		if err != nil {
			return session, false, err
		}
		h.web.ClearCookie(c, sessionCookie)
		query = append(query, "note="+string(why))
	}
	if back := ReturnPath(c.Request.URL.Path); back != "" && back != "/account" {
		query = append(query, "return="+back)
	}
	if query == nil {
		return session, false, web.SeeOther(c, "/login")
	}
	return session, false, h.web.SeeDone(c, "/login?"+strings.Join(query, "&"))
}
