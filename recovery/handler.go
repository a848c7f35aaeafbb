package recovery

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

const cookie = "recovery"

// Handler is the HTTP interface of the Service.
type Handler struct {
	service    *Service
	web        *web.Web
	flows      Flows
	sessions   Sessions
	cardDigits int
}

// NewHandler returns a Handler that renders with w. Without sessions, no page says who is signed in. cardDigits is the length of a member number, for the texts of the
// form.
func NewHandler(s *Service, w *web.Web, flows Flows, sessions Sessions, cardDigits int) (*Handler, error) {
	if s == nil || w == nil || flows == nil || cardDigits < 1 {
		return nil, errors.New("recovery: the handler needs a service, pages, flows and the length of a member number")
	}
	return &Handler{s, w, flows, sessions, cardDigits}, nil
}

// Mount adds the routes.
func (h *Handler) Mount(r gin.IRouter) {
	pages := h.web.Pages(r)
	for _, route := range []struct {
		path         string
		show, submit func(*gin.Context) error
	}{
		{pathRecover, h.showHub, h.submitHub},
		{pathUsername, h.showUsername, h.submitUsername},
		{pathPassword, h.showPassword, h.submitPassword},
		{paths[stepOpen], h.showOpen, h.submitOpen},
		{paths[stepCode], h.showCode, h.submitCode},
		{paths[stepQuestion], h.showQuestion, h.submitQuestion},
		{paths[stepFactor] + "/:method", h.showFactor, h.submitFactor},
		{paths[stepPassword], h.showNewPassword, h.submitNewPassword},
		{pathNotMe, h.showNotMe, h.submitNotMe},
		{pathCancel, h.showCancel, h.submitCancel},
		{pathConfirm, h.showConfirm, h.submitConfirm},
	} {
		pages.GET(route.path, h.handle(route.show))
		pages.POST(route.path, h.handle(route.submit))
	}
	pages.GET(paths[stepFactor], h.handle(h.showFactor))
	pages.GET(pathRecover+"/left", h.handle(h.left))
	pages.POST(pathRecover+"/alive", h.handle(h.alive))
	pages.GET(pathRecover+"/ended", h.handle(h.showEnded))
	for _, done := range []struct {
		path, template, others string // the page for other steps
		page                   any
	}{
		{pathConfirmDone, "confirm_email_done", pathSignIn, confirmedPage{}},
	} {
		pages.GET(done.path, h.handle(func(c *gin.Context) error {
			if !h.web.JustDone(c) {
				return h.to(c, done.others)
			}
			return h.page(c, http.StatusOK, "recovery/"+done.template, done.page)
		}))
	}
	pages.GET(pathCancelDone, h.handle(h.showStopped))
	pages.GET(pathWasMe, h.handle(h.showWasMe))
	pages.GET(pathUsernameSent, h.handle(h.showUsernameSent))
	pages.POST(paths[stepFactor]+"/:method/options", h.handle(h.factorOptions))
	pages.GET(pathNotMeDone, h.handle(h.showNotMeDone))
	pages.GET(paths[stepDone], h.handle(h.showDone))
	pages.GET("/support", h.handle(h.showSupport))
	pages.GET("/privacy", h.handle(h.showPrivacy))
	pages.GET("/nondiscrimination", h.handle(h.showNotice))
	pages.GET("/language-help", h.handle(h.showLanguages))
}

// handle redirects a request for another step to the current one's page.
func (h *Handler) handle(fn func(*gin.Context) error) gin.HandlerFunc {
	return h.web.Handle(func(c *gin.Context) error {
		err := fn(c)
		if moved, ok := errors.AsType[*movedError](err); ok {
			if moved.step == stepEnded || moved.step == stepLate || moved.step == stepLeft || moved.step == stepOver {
				return h.toDone(c, paths[moved.step])
			}
			return h.to(c, paths[moved.step])
		}
		if errors.Is(err, errForeign) {
			return &web.Error{Status: http.StatusConflict, Key: web.KeyForeignForm, Href: pathPassword}
		}
		return err
	})
}

// to is a redirect that keeps the pending request.
func (h *Handler) to(c *gin.Context, path string) error { return web.SeeOther(c, keepFlow(c, path)) }

// toDone is to for a page that confirms what was just done.
func (h *Handler) toDone(c *gin.Context, path string) error {
	return h.web.SeeDone(c, keepFlow(c, path))
}

func keepFlow(c *gin.Context, path string) string {
	u, err := url.Parse(path)
	flow := web.Flow(c)
	if err != nil || flow == "" {
		return path
	}
	q := u.Query()
	q.Set("flow", flow)
	u.RawQuery = q.Encode()
	return u.String()
}

// visit describes the request.
func (h *Handler) visit(c *gin.Context) Visit {
	return Visit{
		Token: h.web.Cookie(c, cookie), Browser: web.Browser(c), Source: web.Source(c), Device: h.web.Cookie(c, web.DeviceCookie), Language: web.Lang(c), Flow: web.Flow(c),
		RequestID: web.RequestID(c.Request.Context()),
		Owns:      func(id string) bool { return web.Belongs(c, web.OfRecovery, id) },
		Another:   h.web.Asks(c, web.OfRecovery),
		Looks:     c.Request.Method == http.MethodGet && !h.web.WasRefused(c),
	}
}

// page renders a page that names the app whose request is pending.
func (h *Handler) page(c *gin.Context, status int, name string, page any, opts ...web.PageOption) error {
	flow, err := h.flows.Flow(c.Request.Context(), web.Flow(c), web.Browser(c))
	if err != nil {
		return err
	}
	return h.web.Page(c, status, name, page, append([]web.PageOption{web.WithApp(flow.App)}, opts...)...)
}

// refused shows a form again with its problems.
func (h *Handler) refused(c *gin.Context, name string, page any, wrong ...templates.Problem) error {
	return h.page(c, http.StatusUnprocessableEntity, name, page, web.WithProblems(wrong...))
}

// problem is one message; field "" means the whole form.
func problem(field, key string, args templates.Args) templates.Problem {
	if args == nil {
		args = templates.Args{}
	}
	return templates.Problem{Field: field, Key: key, Args: args}
}

// refer issues a reference number for a need: username, password or other.
func (h *Handler) refer(c *gin.Context, need string) (reference string, err error) {
	s := h.service
	err = s.db.InTx(c.Request.Context(), func(ctx context.Context) error {
		if err := s.limiter.Take(ctx, referrals.Times(web.SourceFactor(ctx)), web.Source(c), s.now()); err != nil {
			return err
		}
		b := &pgx.Batch{}
		if reference, err = s.Refer(ctx, b, need, web.Browser(c), uuid.Nil, web.Lang(c)); err != nil {
			return err
		}
		return s.db.Finish(ctx, b)
	})
	if err == nil {
		h.web.Began(c, web.OfReference)
	}
	return reference, err
}

// isAnothers reports whether another person may have come since this browser was told a number, here or by a registration. Who asks for one
// again is told it all the same: it is a name for what they are stuck on, and most are the same person.
func (h *Handler) isAnothers(c *gin.Context) bool {
	return h.web.Asks(c, web.OfReference) && h.web.Asks(c, web.OfRegistration)
}
