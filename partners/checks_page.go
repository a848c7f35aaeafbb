package partners

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/web"
	"huskyidp/partners/conformance"
	"huskyidp/templates"
)

const checksPath = "/checks"

type (
	checksPage struct {
		Runs                                      []conformance.Run
		Choices                                   []string
		Name, RedirectURIs, Auth, JWKS, LogoutURI string
	}
	checkPage struct {
		conformance.Run
		Issuer string
		Live   bool // it follows by itself
	}
)

// While an app was at work at most live ago, the page of its run follows every follow.
const live, follow = 5 * time.Minute, 5 * time.Second

func (h *Handler) showChecks(c *gin.Context, v visit) error {
	page := checksPage{Auth: authSecret}
	if id, err := uuid.Parse(c.Query("request")); err == nil {
		a, err := h.service.Application(c.Request.Context(), v.Person, id)
		if err != nil {
			return err
		}
		page.Name, page.RedirectURIs, page.JWKS = a.Name(), a.Values["redirect_uris"], a.Values["jwks"]
		if a.Values["auth"] != "" {
			page.Auth = a.Values["auth"]
		}
	}
	var opts []web.PageOption
	if h.web.JustDone(c) && c.Query("done") == "removed" {
		opts = append(opts, web.WithNotice("ok", "partners.checks.removed", nil))
	}
	return h.checks(c, v, http.StatusOK, page, opts...)
}

func (h *Handler) checks(c *gin.Context, v visit, status int, page checksPage, opts ...web.PageOption) (err error) {
	page.Choices = []string{authSecret, authNone, authKeys}
	if page.Runs, err = h.runs.Runs(c.Request.Context(), v.Organisation); err != nil {
		return err
	}
	return h.page(c, v, status, "partners/checks", page, opts...)
}

// startCheck begins a run.
func (h *Handler) startCheck(c *gin.Context, v visit) error {
	form := web.Form(c)
	page := checksPage{Name: strings.TrimSpace(form.Get("name")), RedirectURIs: form.Get("redirect_uris"), Auth: form.Get("auth"), JWKS: strings.TrimSpace(form.Get("jwks")), LogoutURI: strings.TrimSpace(form.Get("logout_uri"))}
	if page.Name == "" || len([]rune(page.Name)) > 100 {
		return h.checks(c, v, http.StatusUnprocessableEntity, page, web.WithProblems(templates.Problem{Field: "name", Key: "partners.wrong.missing"}))
	}
	r, err := h.runs.Start(c.Request.Context(), v.Organisation, conformance.Settings{Name: page.Name, RedirectURIs: strings.Fields(page.RedirectURIs), LogoutURI: page.LogoutURI, Auth: page.Auth, JWKS: page.JWKS})
	fault, isFault := errors.AsType[*conformance.Fault](err)
	switch {
	case isFault:
		field := map[string]string{"redirect_uris": "redirect_uris", "backchannel_logout_uri": "logout_uri", "jwks": "jwks"}[fault.Member]
		if field == "" {
			field = "auth"
		}
		return h.checks(c, v, http.StatusUnprocessableEntity, page, web.WithProblems(templates.Problem{Field: field, Key: "partners.wrong.rule", Args: templates.Args{"rule": fault.Rule}}))
	case errors.Is(err, conformance.ErrTooMany):
		return h.checks(c, v, http.StatusUnprocessableEntity, page, web.WithProblems(templates.Problem{Key: "partners.checks.too_many"}))
	case err != nil:
		return err
	}
	return h.web.SeeDone(c, checksPath+"/"+r.ID)
}

func (h *Handler) showCheck(c *gin.Context, v visit) error {
	r, err := h.runs.Run(c.Request.Context(), v.Organisation, c.Param("run"))
	if errors.Is(err, conformance.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	page := checkPage{Run: r, Issuer: h.runs.Issuer(r), Live: c.Query("still") == "" && h.service.Now().Sub(r.UsedAt) < live}
	var opts []web.PageOption
	if page.Live {
		opts = append(opts, web.Onward(checksPath+"/"+r.ID, follow))
	}
	return h.page(c, v, http.StatusOK, "partners/check", page, opts...)
}

func (h *Handler) changeCheck(c *gin.Context, v visit) error {
	ctx, form, id := c.Request.Context(), web.Form(c), c.Param("run")
	var err error
	switch do := form.Get("do"); {
	case form.Get("again") != "":
		err = h.runs.Again(ctx, v.Organisation, id, form.Get("again"))
	case do == "logout":
		err = h.runs.Logout(ctx, v.Organisation, id)
	case do == "remove":
		if err = h.runs.Remove(ctx, v.Organisation, id); err == nil {
			return h.web.SeeDone(c, checksPath+"?done=removed")
		}
	default:
		err = h.runs.Finish(ctx, v.Organisation, id)
	}
	if errors.Is(err, conformance.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	return web.SeeOther(c, checksPath+"/"+id)
}
