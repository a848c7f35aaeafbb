package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// The paths of the console.
const (
	signInPath    = "/signin"
	callbackPath  = "/callback"
	searchPath    = "/search"
	queuePath     = "/queue"
	approvalsPath = "/approvals"
	activityPath  = "/activity"
	figuresPath   = "/figures"
	auditPath     = "/audit"
	appsPath      = "/apps"
	alertsPath    = "/alerts"
	peoplePath    = "/people"
)

// Console serves the desk's pages. It is a relying party of the provider like the programme's other apps: its users
// have signed in there with a second step.
type Console struct {
	service *Service
	web     *web.Web
	party   *party
}

// NewConsole serves pages at o.Base.
func NewConsole(s *Service, w *web.Web, o PartyOptions) (*Console, error) {
	if s == nil || w == nil {
		return nil, errors.New("admin: the console needs a service and a web")
	}
	p, err := newParty(o)
	if err != nil {
		return nil, err
	}
	return &Console{s, w, p}, nil
}

// Mount adds the routes.
func (h *Console) Mount(r gin.IRouter) {
	pages := h.web.Pages(r).Group("", h.comeAgain)
	pages.GET("/", h.web.Handle(h.showDoor))
	pages.GET(signInPath, h.web.Handle(h.signIn))
	pages.GET(callbackPath, h.web.Handle(h.callback))
	pages.GET("/logout", h.web.Handle(h.with(h.showSignOut)))
	pages.POST("/logout", h.web.Handle(h.with(h.signOut)))
	pages.GET("/left", h.web.Handle(h.left))
	pages.GET("/ended", h.web.Handle(h.showEnded))
	pages.POST("/alive", h.web.Handle(h.with(h.alive)))
	for _, page := range []struct {
		path      string
		show, act func(c *gin.Context, v visit) error
	}{
		{searchPath, h.showSearch, h.search},
		{"/members/:id", h.showMember, nil},
		{"/members/:id/verify", h.showVerify, h.verify},
		{"/members/:id/acts/:act", h.showAct, h.act},
		{queuePath, h.showQueue, h.helpFromQueue},
		{queuePath + "/:matter", h.showCase, h.helpWithCase},
		{approvalsPath, h.showApprovals, nil},
		{approvalsPath + "/:id", h.showApproval, h.decide},
		{activityPath, h.showActivity, nil},
		{figuresPath, h.showFigures, nil},
		{figuresPath + "/csv", h.figuresFile, nil},
		{figuresPath + "/apps", h.showAppFigures, nil},
		{alertsPath, h.showAlerts, h.takeAlert},
		{peoplePath, h.showPeople, nil},
		{peoplePath + "/new", h.showNewPerson, h.addPerson},
		{peoplePath + "/:id", h.showPerson, h.changePerson},
		{auditPath, h.showAudit, h.exportAudit},
		{appsPath, h.showApps, nil},
		{appsPath + "/:id", h.showApp, h.changeApp},
	} {
		pages.GET(page.path, h.web.Handle(h.with(page.show)))
		if page.act != nil {
			pages.POST(page.path, h.web.Handle(h.with(page.act)))
		}
	}
}

// enterPage is shown briefly on the way to the provider, and to browsers led here by another site: their
// SameSite=Strict cookies are missing, and come along once our own page leads to the same place.
type enterPage struct{ To string }

// comeAgain handles visits from other sites: the provider's response to a sign-in, and links.
func (h *Console) comeAgain(c *gin.Context) {
	if c.Request.Method != http.MethodGet || !web.FromElsewhere(c) {
		return
	}
	c.Abort()
	to, ok := web.LocalPath(c.Request.URL.RequestURI())
	if !ok {
		to = "/"
	}
	h.web.Handle(func(c *gin.Context) error { return h.enterBy(c, to) })(c)
}

func (h *Console) enterBy(c *gin.Context, to string) error {
	return h.web.Page(c, http.StatusOK, "admin/enter", enterPage{to}, web.Onward(to, 0))
}

// visit is a signed-in person on a page.
type visit struct {
	Person
	session sessionRow
	waiting int // open requests of others
	alerts  int // that nobody has handled
}

// with identifies the signed-in person or leads to the sign-in. Roles are read for every page.
func (h *Console) with(page func(c *gin.Context, v visit) error) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		ctx := c.Request.Context()
		session, err := h.service.consoleSession(ctx, h.web.Cookie(c, sessionCookie), true)
		if errors.Is(err, accounts.ErrNoSession) {
			return h.toDoor(c)
		}
		if err != nil {
			return err
		}
		p, err := h.service.Who(ctx, session.AccountID, session.AuthTime)
		if errors.Is(err, ErrNoRole) {
			isOwn := web.Belongs(c, web.OfSession, session.Visit.String()) && web.Owned(c, web.OfSession)
			return h.leftDesk(c, session.AccountID, isOwn)
		}
		if err != nil {
			return err
		}
		p.Session = session.Visit.String()
		v := visit{Person: p, session: session}
		if !web.Belongs(c, web.OfSession, session.Visit.String()) || !web.Owned(c, web.OfSession) {
			return web.ForeignForm(p.Name, v.home())
		}
		if web.Form(c).Has(keepField) { // the page thought that the session was over
			return h.keepTyped(c, session)
		}
		if v.waiting, err = h.service.Waiting(ctx, p); err != nil {
			return err
		}
		if v.alerts, err = h.service.openAlerts(ctx, p); err != nil {
			return err
		}
		return h.answer(c, v, page(c, v))
	}
}

// leftDesk tells somebody that they no longer work at the desk, or why they are shut out, and shows what they wrote in a form of their own.
func (h *Console) leftDesk(c *gin.Context, id uuid.UUID, isOwn bool) error {
	h.web.ClearCookie(c, sessionCookie)
	if texts := written(c); len(texts) > 0 && isOwn {
		protected, err := h.service.protected(c.Request.Context(), id)
		if err != nil {
			return err
		}
		return h.web.Page(c, http.StatusForbidden, "admin/denied", deniedPage{Written: texts, Protected: protected}, web.InPlace())
	}
	return h.noRole(c, id)
}

// toDoor leads to the sign-in, and back afterwards. What somebody wrote in a form
// while the session ended is kept for them, and which button they pressed. Who was removed from the desk, which ends the session as
// well, is told so.
func (h *Console) toDoor(c *gin.Context) error {
	ctx := c.Request.Context()
	session, err := h.service.store.endedSession(ctx, seal.Digest(h.web.Cookie(c, sessionCookie)))
	if err != nil && !errors.Is(err, accounts.ErrNoSession) {
		return err
	}
	isKnown := err == nil
	if isKnown {
		if _, err := h.service.Who(ctx, session.AccountID, time.Time{}); errors.Is(err, ErrNoRole) {
			return h.leftDesk(c, session.AccountID, !web.OfAnother(c, web.OfSession, session.Visit.String()))
		} else if err != nil {
			return err
		}
	}
	back := url.Values{"return": {c.Request.URL.Path}}
	if c.Request.Method == http.MethodGet {
		return web.SeeOther(c, "/?"+back.Encode())
	}
	if path := c.Request.URL.Path; path == "/logout" || path == "/alive" {
		return web.SeeOther(c, "/")
	}
	wrote := len(written(c)) > 0
	isKept := isKnown && !web.OfAnother(c, web.OfSession, session.Visit.String()) && (wrote || buttonOf(c.Request.URL.Path, web.Form(c)) != "")
	switch {
	case !isKept:
		return h.web.SeeDone(c, "/?said="+saidLost)
	case wrote:
		back.Set("said", saidKept)
	default:
		back.Set("said", saidPress)
	}
	if err := h.keepForm(c, session); err != nil {
		return err
	}
	return h.web.SeeDone(c, "/?"+back.Encode())
}

// keepTyped keeps a form that was not sent, and shows it again.
func (h *Console) keepTyped(c *gin.Context, session sessionRow) error {
	if err := h.keepForm(c, session); err != nil {
		return err
	}
	return web.SeeOther(c, c.Request.URL.Path)
}

// answer turns errors that a page does not handle into a page; other errors are returned.
func (h *Console) answer(c *gin.Context, v visit, err error) error {
	limit, isLimit := errors.AsType[*LimitError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrStepUp):
		return h.stepUp(c, v)
	case errors.Is(err, ErrForbidden) && c.Request.Method == http.MethodPost:
		return h.rolesChanged(c, v)
	case errors.Is(err, ErrForbidden):
		return &web.Error{Status: http.StatusForbidden, Key: web.KeyForbidden, Href: v.home(), Options: []web.PageOption{h.frame(c, v)}, Err: err}
	case errors.Is(err, ErrNotFound):
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound, Href: v.home(), Options: []web.PageOption{h.frame(c, v)}, Err: err}
	case isLimit:
		return &web.Error{Status: http.StatusTooManyRequests, Key: web.KeyTooMany, Wait: limit.Wait, Href: v.home(), Options: []web.PageOption{h.frame(c, v)}, Err: err}
	}
	return err
}

// page answers with a page in the desk's frame.
func (h *Console) page(c *gin.Context, v visit, status int, name string, page any, opts ...web.PageOption) error {
	opts = append(opts, web.InPlace()) // the desk's forms are refused at an address other than their own
	return h.web.Page(c, status, name, page, append([]web.PageOption{h.frame(c, v)}, opts...)...)
}

// frame is the band with name, roles and places.
func (h *Console) frame(c *gin.Context, v visit) web.PageOption {
	d := &templates.Desk{Name: v.Name, Approvals: v.waiting, Alerts: v.alerts, Here: placeOf(c.Request.URL.Path)}
	for _, role := range v.Roles {
		d.Roles = append(d.Roles, string(role))
	}
	for _, place := range []struct {
		path string
		act  Act
	}{{searchPath, Find}, {queuePath, ListQueue}, {approvalsPath, ListRequests}, {activityPath, Activity}, {alertsPath, ListAlerts}, {figuresPath, Figures}, {peoplePath, ListPeople}, {appsPath, ListApps}, {auditPath, ExportAudit}} {
		if v.may(place.act) {
			d.Places = append(d.Places, place.path)
		}
	}
	return web.WithDesk(d)
}

// home returns the first page that the person may open.
func (v visit) home() string {
	for _, place := range []struct {
		path string
		act  Act
	}{{searchPath, Find}, {auditPath, ExportAudit}, {appsPath, ListApps}} {
		if v.may(place.act) {
			return place.path
		}
	}
	return activityPath
}

// placeOf returns the menu entry that a page belongs to.
func placeOf(path string) string {
	if strings.HasPrefix(path, "/members/") {
		return searchPath
	}
	for _, place := range []string{searchPath, queuePath, approvalsPath, activityPath, alertsPath, figuresPath, peoplePath, appsPath, auditPath} {
		if path == place || strings.HasPrefix(path, place+"/") {
			return place
		}
	}
	return ""
}

// onceOf identifies a form, so that a second click or going back does nothing twice.
func onceOf(c *gin.Context) *Once {
	form := url.Values{}
	for name, values := range web.Form(c) {
		if name != web.CSRFField && name != "key" {
			form[name] = slices.Clone(values)
		}
	}
	key := "console " + web.Form(c).Get("key")
	return &Once{Key: key, Body: []byte(c.Request.URL.Path + "\n" + form.Encode())}
}
