package recovery

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
)

// referrals of one source in an hour; a number is cheap, but rows are not free.
var referrals = ratelimit.Limit{Name: "support_referral", Count: 20, Per: time.Hour}

// needs are what the page of choices offers; each is a reason that support reads.
var needs = []string{"username", "password", "other"}

// Handler speaks HTTP for the Service.
type Handler struct {
	service *Service
	web     *web.Web
	flows   Flows
}

// NewHandler answers with pages of w.
func NewHandler(s *Service, w *web.Web, flows Flows) (*Handler, error) {
	if s == nil || w == nil || flows == nil {
		return nil, errors.New("recovery: the handler needs a service, pages and flows")
	}
	return &Handler{s, w, flows}, nil
}

// Mount adds the pages.
func (h *Handler) Mount(r gin.IRouter) {
	pages := h.web.Pages(r)
	pages.GET("/recover", h.web.Handle(h.showHub))
	pages.POST("/recover", h.web.Handle(h.submitHub))
	pages.GET("/support", h.web.Handle(h.showSupport))
	pages.GET("/privacy", h.web.Handle(h.showPrivacy))
	pages.GET("/language-help", h.web.Handle(h.showLanguages))
}

// The structs of the pages.
type (
	hubPage       struct{}
	supportPage   struct{ Reference string } // "" if this browser has none
	privacyPage   struct{}
	languagesPage struct{}
)

// page answers with a page that names the app that waits.
func (h *Handler) page(c *gin.Context, status int, name string, page any) error {
	flow, err := h.flows.Flow(c.Request.Context(), web.Flow(c), web.Browser(c))
	if err != nil {
		return err
	}
	return h.web.Page(c, status, name, page, web.WithApp(flow.App))
}

func (h *Handler) showHub(c *gin.Context) error {
	return h.page(c, http.StatusOK, "recovery/hub", hubPage{})
}

// submitHub hands out a reference number and sends the member to the support page. Nothing is asked, so nothing is told
// about any account (S-52).
func (h *Handler) submitHub(c *gin.Context) error {
	need := web.Form(c).Get("need")
	if !slices.Contains(needs, need) {
		need = "other"
	}
	err := h.service.db.InTx(c.Request.Context(), func(ctx context.Context) error {
		limit := referrals
		limit.Count *= web.SourceFactor(ctx)
		if err := h.service.limiter.Take(ctx, limit, web.Source(c), h.service.now()); err != nil {
			return err
		}
		b := &pgx.Batch{}
		if _, err := h.service.Refer(ctx, b, need, web.Browser(c), uuid.Nil, web.Lang(c)); err != nil {
			return err
		}
		return h.service.db.Finish(ctx, b)
	})
	if err != nil {
		return err
	}
	to := "/support"
	if flow := web.Flow(c); flow != "" {
		to += "?" + url.Values{"flow": {flow}}.Encode()
	}
	return web.SeeOther(c, to)
}

func (h *Handler) showSupport(c *gin.Context) error {
	reference, err := h.service.Reference(c.Request.Context(), web.Browser(c))
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/support", supportPage{reference})
}

func (h *Handler) showPrivacy(c *gin.Context) error {
	return h.page(c, http.StatusOK, "recovery/privacy", privacyPage{})
}

func (h *Handler) showLanguages(c *gin.Context) error {
	return h.page(c, http.StatusOK, "recovery/languages", languagesPage{})
}
