package partners

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
	"huskyidp/partners/conformance"
	"huskyidp/templates"
)

// The paths of the area.
const (
	doorPath     = "/"
	joinPath     = "/join"
	linkPath     = "/link"
	homePath     = "/home"
	peoplePath   = "/people"
	requestsPath = "/requests"
	appsPath     = "/apps"
)

const sessionCookie = "session"

// Handler serves the area's pages.
type Handler struct {
	service *Service
	web     *web.Web
	runs    *conformance.Service
}

// NewHandler needs a service with an address, a web, and the runs of checks.
func NewHandler(s *Service, w *web.Web, runs *conformance.Service) (*Handler, error) {
	if s == nil || w == nil || runs == nil || s.webauthn == nil {
		return nil, errors.New("partners: the handler needs a service with an address, a web, and runs")
	}
	return &Handler{s, w, runs}, nil
}

// Mount adds the routes. Those of signed-in people are in one list: with looks each request up.
func (h *Handler) Mount(r gin.IRouter) {
	pages := h.web.Pages(r).Group("", h.comeAgain)
	pages.GET(doorPath, h.web.Handle(h.showDoor))
	pages.POST(doorPath, h.web.Handle(h.signIn))
	pages.POST("/passkey/options", h.web.Handle(h.signInOptions))
	pages.GET(joinPath, h.web.Handle(h.showJoin))
	pages.POST(joinPath, h.web.Handle(h.join))
	pages.GET(joinPath+"/sent", h.web.Handle(h.showSent))
	pages.GET(linkPath, h.web.Handle(h.showLink))
	pages.POST(linkPath, h.web.Handle(h.enter))
	pages.POST(linkPath+"/options", h.web.Handle(h.linkOptions))
	pages.GET("/left", h.web.Handle(h.left))
	pages.GET("/ended", h.web.Handle(h.showEnded))
	conformance.NewHandler(h.runs, h.web).Mount(r)
	for _, route := range h.routes() {
		pages.Handle(route.method, route.path, h.web.Handle(h.with(route.page)))
	}
}

// route is of signed-in people alone.
type route struct {
	method, path string
	page         func(c *gin.Context, v visit) error
}

func (h *Handler) routes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/logout", h.showSignOut}, {post, "/logout", h.signOut}, {post, "/alive", h.alive},
		{get, homePath, h.showHome}, {post, homePath, h.start},
		{get, peoplePath, h.showPeople}, {post, peoplePath, h.changePeople},
		{get, requestsPath + "/:id", h.showRequest}, {post, requestsPath + "/:id", h.changeRequest},
		{get, requestsPath + "/:id/:step", h.showStep}, {post, requestsPath + "/:id/:step", h.save},
		{get, appsPath + "/:client", h.showClient}, {post, appsPath + "/:client", h.changeClient},
		{get, appsPath + "/:client/errors", h.showErrors},
		{get, checksPath, h.showChecks}, {post, checksPath, h.startCheck},
		{get, checksPath + "/:run", h.showCheck}, {post, checksPath + "/:run", h.changeCheck},
	}
}

// visit is a signed-in person on a page.
type visit struct {
	Person
	token string
}

// with identifies the person, for every request anew, or leads to the sign-in.
func (h *Handler) with(page func(c *gin.Context, v visit) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		ctx, token := c.Request.Context(), h.web.Cookie(c, sessionCookie)
		p, err := h.service.Who(ctx, token, true)
		if errors.Is(err, ErrNoSession) {
			return h.toDoor(c, token)
		}
		if err != nil {
			return err
		}
		if !web.Belongs(c, web.OfSession, p.Session.String()) || !web.Owned(c, web.OfSession) {
			return web.ForeignForm(p.Email, homePath)
		}
		v := visit{p, token}
		return h.answer(c, v, page(c, v))
	}
}

// toDoor leads to the sign-in, and back afterwards. A form that its session did not outlive is kept for its sender.
func (h *Handler) toDoor(c *gin.Context, token string) error {
	ctx := c.Request.Context()
	back := url.Values{"return": {c.Request.URL.Path}}
	if c.Request.Method != http.MethodPost {
		return web.SeeOther(c, "/?"+back.Encode())
	}
	session, person, err := h.service.ended(ctx, token)
	switch {
	case errors.Is(err, ErrNoSession):
		return h.web.SeeDone(c, "/?said=removed")
	case err != nil:
		return err
	case c.Param("step") == "" || web.OfAnother(c, web.OfSession, session.String()):
		return web.SeeOther(c, "/")
	}
	if err := h.service.keepDraft(ctx, token, person, draft{c.Request.URL.Path, valuesOf(web.Form(c)).scrub()}); err != nil {
		return err
	}
	back.Set("said", "kept")
	return h.web.SeeDone(c, "/?"+back.Encode())
}

// answer turns what a page does not handle itself into a page. What is another's looks like what is not there, and is noted.
func (h *Handler) answer(c *gin.Context, v visit, err error) error {
	refused := &web.Error{Href: homePath, Options: []web.PageOption{h.frame(c, v)}, Err: err}
	limit, isLimit := errors.AsType[*ratelimit.Exceeded](err)
	switch {
	case errors.Is(err, ErrNotFound):
		if err := h.service.Denied(c.Request.Context(), v.Person, c.FullPath()); err != nil {
			return err
		}
		refused.Status, refused.Key = http.StatusNotFound, web.KeyNotFound
	case isLimit:
		refused.Status, refused.Key, refused.Wait = http.StatusTooManyRequests, web.KeyTooMany, limit.RetryAfter()
	default:
		return err
	}
	return refused
}

// page answers with a page in the area's frame.
func (h *Handler) page(c *gin.Context, v visit, status int, name string, page any, opts ...web.PageOption) error {
	return h.web.Page(c, status, name, page, append([]web.PageOption{h.frame(c, v), web.InPlace()}, opts...)...)
}

func (h *Handler) frame(c *gin.Context, v visit) web.PageOption {
	here := homePath
	if c.FullPath() == peoplePath {
		here = peoplePath
	}
	return web.WithPartner(&templates.Partner{Organisation: v.Name, Email: v.Email, Here: here})
}

type enterPage struct{ To string }

// comeAgain handles visits from other sites, as by the link of a mail: the cookies, which are SameSite=Strict, come along once our own
// page leads to the same place.
func (h *Handler) comeAgain(c *gin.Context) {
	if c.Request.Method != http.MethodGet || !web.FromElsewhere(c) {
		return
	}
	c.Abort()
	to, ok := web.LocalPath(c.Request.URL.RequestURI())
	if !ok {
		to = doorPath
	}
	h.web.Handle(func(c *gin.Context) error {
		return h.web.Page(c, http.StatusOK, "partners/enter", enterPage{to}, web.Onward(to, 0))
	})(c)
}
