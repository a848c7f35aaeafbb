package selfservice

import (
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// App is where a member may want to go from the account page; zero for nowhere.
type App struct{ Name, URI string }

// Apps stores what members have allowed apps to do.
type Apps interface {
	ConnectedApps(ctx context.Context, accountID uuid.UUID) ([]accounts.ConnectedApp, error)
	// Launches are what other systems said when they opened apps for the member.
	Launches(ctx context.Context, accountID uuid.UUID) ([]accounts.AppLaunch, error)
	StopApp(ctx context.Context, accountID uuid.UUID, clientID string) error
	// Complain stores a complaint about an app; Complaints returns the member's.
	Complain(ctx context.Context, accountID uuid.UUID, c accounts.Complaint) (number uuid.UUID, err error)
	Complaints(ctx context.Context, accountID uuid.UUID) ([]accounts.Complaint, error)
	// StopWatched ends the permissions that somebody with the former password may have given. It takes part in the transaction of ctx.
	StopWatched(ctx context.Context, account accounts.Account) error
	// EndedWith names the apps that lost access with the sessions ended since.
	EndedWith(ctx context.Context, accountID uuid.UUID, since time.Time) ([]string, error)
}

// Deps are the dependencies of the pages. Service, Web, Keyring, Now and Roster are required.
type Deps struct {
	Service  *accounts.Service
	Web      *web.Web
	Keyring  *seal.Keyring
	Now      func() time.Time
	Roster   Roster
	Apps     Apps                     // nil: no app is ever connected
	Changes  Changes                  // nil: nothing is ever on hold
	Emails   Emails                   // nil: support alone changes addresses (design.md section 2)
	Closings Closings                 // nil: support alone closes accounts
	Resume   func(flow string) string // returns the path where a pending authorization request continues; nil: none is ever pending
	App      App

	EmailNeedsFactor bool // only members with a second step may change their address
	NoQuestions      bool // secret questions are switched off (S-56)
}

// Handler serves the account pages, and keeps a browser's session for the other features.
type Handler struct {
	service  *accounts.Service
	web      *web.Web
	keyring  *seal.Keyring
	now      func() time.Time
	roster   Roster
	apps     Apps
	changes  Changes
	emails   Emails
	closings Closings
	resume   func(flow string) string
	app      App

	emailNeedsFactor, noQuestions bool
}

// NewHandler returns an error if a dependency is missing.
func NewHandler(d Deps) (*Handler, error) {
	if d.Service == nil || d.Web == nil || d.Keyring == nil || d.Now == nil || d.Roster == nil {
		return nil, errors.New("selfservice: Service, Web, Keyring, Now and Roster are required")
	}
	h := &Handler{d.Service, d.Web, d.Keyring, d.Now, d.Roster, d.Apps, d.Changes, d.Emails, d.Closings, d.Resume, d.App, d.EmailNeedsFactor, d.NoQuestions}
	d.Web.GuardForms(func(c *gin.Context) error {
		if c.FullPath() == pathLeave { // whoever is signed in
			return nil
		}
		_, _, err := h.Lookup(c)
		return err
	})
	return h, nil
}

// Mount adds the routes.
func (h *Handler) Mount(r gin.IRouter) {
	pages := h.web.Pages(r)
	pages.GET("/account/left", h.web.Handle(h.left))
	pages.GET(accounts.WelcomePath, h.web.Handle(h.showWelcome))
	pages.POST(accounts.WelcomePath, h.web.Handle(h.submitWelcome))
	pages.GET(pathLeave, h.web.Handle(h.showLeave))
	pages.POST(pathLeave, h.web.Handle(h.leave))
	pages.GET(pathLeft, h.web.Handle(h.showLeft))
	pages.GET(pathClosing, h.web.Handle(h.showClosing))
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
		{"/account/data", h.showData, h.giveData},
		{pathClose, h.showClose, h.submitClose},
		{"/account/held/:id/stop", h.showHeld, h.stopHeld},
		{"/account/apps", h.showApps, nil},
		{"/account/apps/:id", h.showApp, nil},
		{"/account/apps/:id/stop", h.showStopApp, h.stopApp},
		{"/account/apps/:id/complaint", h.showComplaint, h.complain},
		{"/account/factors", h.showFactors, nil},
		{"/account/factors/totp", h.showAddTOTP, h.addTOTP},
		{"/account/factors/totp/remove", h.showRemoveTOTP, h.removeTOTP},
		{"/account/factors/passkey", h.showAddPasskey, h.addPasskey},
		{"/account/factors/passkey/options", nil, h.passkeyOptions},
		{"/account/factors/passkey/:id/remove", h.showRemovePasskey, h.removePasskey},
		{"/account/factors/saved-codes", h.showSavedCodes, h.makeSavedCodes},
		{"/account/factors/saved-codes/file", nil, h.savedCodesFile},
		{"/account/factors/saved-codes/kept", nil, h.savedCodesKept},
	} {
		if route.show != nil {
			settled.GET(route.path, h.web.Handle(route.show))
		}
		if route.submit != nil {
			settled.POST(route.path, h.web.Handle(func(c *gin.Context) error {
				err := route.submit(c)
				if errors.Is(err, accounts.ErrNoSession) { // ended while the form was worked on: its page says so
					return web.SeeOther(c, c.Request.URL.EscapedPath())
				}
				return err
			}))
		}
	}
}
