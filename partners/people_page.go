package partners

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

type (
	homePage struct {
		Requests []Application
		Clients  []OwnClient
	}
	peoplePage struct {
		People []Colleague
		me     uuid.UUID
		Email  string // as typed
	}
)

// Me reports whether somebody is the viewer.
func (p peoplePage) Me(c Colleague) bool { return c.ID == p.me }

func (h *Handler) showHome(c *gin.Context, v visit) error { return h.home(c, v, http.StatusOK) }

func (h *Handler) home(c *gin.Context, v visit, status int, opts ...web.PageOption) error {
	ctx := c.Request.Context()
	requests, err := h.service.Applications(ctx, v.Person)
	if err != nil {
		return err
	}
	clients, err := h.service.Clients(ctx, v.Person)
	if err != nil {
		return err
	}
	return h.page(c, v, status, "partners/home", homePage{requests, clients}, opts...)
}

// start makes a new request, and leads to its first step.
func (h *Handler) start(c *gin.Context, v visit) error {
	id, err := h.service.Start(c.Request.Context(), v.Person)
	if errors.Is(err, ErrTooMany) {
		return h.home(c, v, http.StatusConflict, web.WithProblems(templates.Problem{Key: "partners.home.too_many"}))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(c, requestPath(id)+"/"+string(AboutOrganisation))
}

func (h *Handler) showPeople(c *gin.Context, v visit) error {
	var opts []web.PageOption
	if done := c.Query("done"); h.web.JustDone(c) && (done == "invited" || done == "removed") {
		opts = append(opts, web.WithNotice("ok", "partners.people."+done, nil))
	}
	return h.people(c, v, http.StatusOK, "", opts...)
}

func (h *Handler) people(c *gin.Context, v visit, status int, typed string, opts ...web.PageOption) error {
	people, err := h.service.People(c.Request.Context(), v.Organisation)
	if err != nil {
		return err
	}
	return h.page(c, v, status, "partners/people", peoplePage{people, v.ID, typed}, opts...)
}

// changePeople invites an address, or removes a colleague.
func (h *Handler) changePeople(c *gin.Context, v visit) error {
	ctx, form := c.Request.Context(), web.Form(c)
	if text := form.Get("remove"); text != "" {
		id, err := uuid.Parse(text)
		if err != nil {
			return ErrNotFound
		}
		err = h.service.Remove(ctx, v.Person, id)
		if errors.Is(err, ErrState) {
			return h.people(c, v, http.StatusConflict, "", web.WithProblems(templates.Problem{Key: "partners.people.self"}))
		}
		if err != nil {
			return err
		}
		return h.web.SeeDone(c, peoplePath+"?done=removed")
	}
	typed := form.Get("email")
	err := h.service.Invite(ctx, v.Person, typed, web.Lang(c))
	flaw, isFlaw := errors.AsType[accounts.Flaw](err)
	switch {
	case isFlaw:
		return h.people(c, v, http.StatusUnprocessableEntity, typed, web.WithProblems(emailProblem(flaw)))
	case errors.Is(err, ErrTooMany):
		return h.people(c, v, http.StatusConflict, typed, web.WithProblems(templates.Problem{Key: "partners.people.too_many"}))
	case err != nil:
		return err
	}
	return h.web.SeeDone(c, peoplePath+"?done=invited")
}
