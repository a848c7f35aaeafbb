package registration

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

const (
	cookie         = "registration"
	finishedCookie = "finished" // owner of the registration that has just ended with an account

	personMax = 40 // code points of a first name that are shown
)

// Handler is the HTTP interface of the Service.
type Handler struct {
	service    *Service
	web        *web.Web
	sessions   Sessions
	cardDigits int
}

// NewHandler returns a Handler that renders with w. cardDigits is the length of a member number, for the texts of the
// form.
func NewHandler(s *Service, w *web.Web, sessions Sessions, cardDigits int) (*Handler, error) {
	if s == nil || w == nil || sessions == nil || cardDigits < 1 {
		return nil, errors.New("registration: the handler needs a service, pages, sessions and the length of a member number")
	}
	return &Handler{s, w, sessions, cardDigits}, nil
}

// Mount adds the routes.
func (h *Handler) Mount(r gin.IRouter) {
	pages := h.web.Pages(r)
	for _, route := range []struct {
		path         string
		show, submit func(*gin.Context) error
	}{
		{stepAgreement.Path, h.showAgreement, h.submitAgreement},
		{stepPersonal.Path, h.showPersonal, h.submitPersonal},
		{stepCredentials.Path, h.showCredentials, h.submitCredentials},
		{stepCode.Path, h.showCode, h.submitCode},
		{stepReview.Path, h.showReview, h.submitReview},
	} {
		pages.GET(route.path, h.handle(route.show))
		pages.POST(route.path, h.handle(route.submit))
	}
	pages.GET("/register", h.web.Handle(func(c *gin.Context) error {
		return web.SeeOther(c, withFlow(stepAgreement.Path, web.Flow(c)))
	}))
	pages.GET(pathOpen, h.handle(h.showOpen))
	pages.POST(pathOpen, h.handle(h.submitOpen))
	pages.GET(pathLocked, h.handle(h.showLocked))
	pages.POST(pathLocked, h.handle(h.startOver))
	pages.GET(pathDone, h.handle(h.showDone))
	pages.GET("/agreement", h.handle(h.showText))
}

// handle answers the outcomes that all steps share: a step that is not open, a registration that is gone or busy.
func (h *Handler) handle(fn func(*gin.Context) error) gin.HandlerFunc {
	return h.web.Handle(func(c *gin.Context) error {
		err := fn(c)
		if moved, ok := errors.AsType[*movedError](err); ok {
			return web.SeeOther(c, withFlow(moved.path, web.Flow(c)))
		}
		if foreign, ok := errors.AsType[*foreignError](err); ok { // it leads to the entrance, never to the other registration
			h.web.AskFirst(c, web.OfRegistration)
			h.web.SetCookie(c, displacedCookie, foreign.id.String(), idle)
			return &web.Error{Status: http.StatusConflict, Key: web.KeyForeignForm, Href: withFlow("/login", web.Flow(c))}
		}
		switch {
		case errors.Is(err, errGone):
			return h.showGone(c, errors.Is(err, errFinished))
		case errors.Is(err, errBusy):
			return &web.Error{Status: http.StatusServiceUnavailable, Key: web.KeyUnavailable, Wait: 2 * time.Second, Err: err}
		}
		return err
	})
}

// visit describes the request.
func (h *Handler) visit(c *gin.Context) Visit {
	return Visit{
		Token: h.web.Cookie(c, cookie), Browser: web.Browser(c), Source: web.Source(c), Language: web.Lang(c), Flow: web.Flow(c),
		RequestID: web.RequestID(c.Request.Context()),
		Owns:      func(id string) bool { return web.Belongs(c, web.OfRegistration, id) },
		Back:      web.Form(c).Has("back") || c.Query("back") != "",
		Another:   h.web.Asks(c, web.OfRegistration),
	}
}

// at reads the registration for a page of a step, or returns where to go instead. Whoever returns after a while is
// asked first who they are.
func (h *Handler) at(c *gin.Context, step Step) (*Registration, error) {
	r, err := h.service.Load(c.Request.Context(), h.visit(c))
	if err != nil {
		return nil, err
	}
	now := h.service.Now()
	if c.Request.Method == http.MethodGet && !h.web.WasRefused(c) && r.begun() && r.awayAt(now) && !r.lockedAt(now) {
		return nil, &movedError{pathOpen}
	}
	if !open(r, step, now) {
		return nil, &movedError{next(r, now)}
	}
	return r, nil
}

// page renders a page that names the app whose request is pending.
func (h *Handler) page(c *gin.Context, status int, name string, page any, opts ...web.PageOption) error {
	flow, err := h.flow(c, nil)
	if err != nil {
		return err
	}
	return h.web.Page(c, status, name, page, append([]web.PageOption{web.WithApp(flow.App)}, opts...)...)
}

// flow is the pending request: that of this address, or of the registration.
func (h *Handler) flow(c *gin.Context, r *Registration) (web.Pending, error) {
	return h.service.Flows.Flow(c.Request.Context(), flowID(c, r), web.Browser(c))
}

func flowID(c *gin.Context, r *Registration) string {
	if id := web.Flow(c); id != "" || r == nil {
		return id
	}
	return r.Flow
}

func withFlow(path, flow string) string {
	if flow == "" {
		return path
	}
	return path + "?" + url.Values{"flow": {flow}}.Encode()
}

// noted is withFlow with a note for the page.
func noted(path, flow, note string) string {
	query := url.Values{"note": {note}}
	if flow != "" {
		query.Set("flow", flow)
	}
	return path + "?" + query.Encode()
}

// back is the agreement for a member who returned to it.
func back(flow string) string {
	query := url.Values{"back": {"1"}}
	if flow != "" {
		query.Set("flow", flow)
	}
	return stepAgreement.Path + "?" + query.Encode()
}

// person names the person that a page after the match is for.
func person(r *Registration) web.PageOption {
	return web.WithPerson(web.Clip(r.Identity.FirstName, personMax))
}

// act returns the button that submitted the form, or first if none is named: Enter presses a form's first button.
func act(c *gin.Context, first string) string {
	if pressed := web.Form(c).Get("act"); pressed != "" {
		return pressed
	}
	return first
}

// leave erases the registration and returns to the sign-in page.
func (h *Handler) leave(c *gin.Context, reason, note string) error {
	if err := h.service.Leave(c.Request.Context(), h.visit(c), reason); err != nil {
		return err
	}
	h.forget(c)
	to := url.Values{}
	if flow := web.Flow(c); flow != "" {
		to.Set("flow", flow)
	}
	if note != "" {
		to.Set("note", note)
	}
	if len(to) == 0 {
		return web.SeeOther(c, "/login")
	}
	return h.web.SeeDone(c, "/login?"+to.Encode())
}

// keep extends the cookie to the life of the registration.
func (h *Handler) keep(c *gin.Context) {
	h.web.SetCookie(c, cookie, h.web.Cookie(c, cookie), idle)
}

// gonePage has whose session is open, "" for none.
type gonePage struct{ Username string }

// showGone answers for a registration that is gone: a member who has an account by now is shown how to sign in, others
// how to begin. Finalizar takes the cookie: who has it, and a session, was registering when somebody else signed in.
func (h *Handler) showGone(c *gin.Context, finished bool) error {
	session, signedIn := h.sessions.Current(c)
	isForm, erased := c.Request.Method == http.MethodPost, h.web.Cookie(c, cookie) != ""
	if owner, err := url.QueryUnescape(h.web.Cookie(c, finishedCookie)); isForm && err == nil && owner != "" && web.Owned(c, web.OfRegistration) && !web.OfAnother(c, web.OfRegistration, owner) {
		finished = true // its form again, while the page after it was on its way
	}
	switch {
	case signedIn && (finished || !isForm && !erased):
		return web.SeeOther(c, withFlow(pathDone, web.Flow(c)))
	case finished:
		h.web.ClearCookie(c, cookie)
		return web.SeeOther(c, withFlow("/login", web.Flow(c)))
	case signedIn: // the cookie stays, for the next time they go back
		return h.page(c, http.StatusGone, "registration/gone", gonePage{session.Username}, web.SignedIn(session.Username))
	}
	h.web.ClearCookie(c, cookie)
	return h.page(c, http.StatusGone, "registration/gone", gonePage{})
}

// refused shows a form again with its problems.
func (h *Handler) refused(c *gin.Context, status int, name string, page any, p problems, opts ...web.PageOption) error {
	return h.page(c, status, name, page, append(opts, web.WithProblems([]templates.Problem(p)...))...)
}
