package partners

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

type (
	clientPage struct {
		OwnClient
		Usage      Usage
		Complaints []Complaint
		Secret     string // just made; "" otherwise
		TypedURI   string
	}
	errorsPage struct {
		OwnClient
		Refused []RefusedRequest
	}
)

func (h *Handler) showClient(c *gin.Context, v visit) error {
	client, err := h.service.OwnClient(c.Request.Context(), v.Person, c.Param("client"))
	if err != nil {
		return err
	}
	var opts []web.PageOption
	if h.web.JustDone(c) && c.Query("done") == "keys" {
		opts = append(opts, web.WithNotice("ok", "partners.client.keys_done", nil))
	}
	return h.client(c, v, http.StatusOK, clientPage{OwnClient: client, TypedURI: client.JWKSURI}, opts...)
}

func (h *Handler) client(c *gin.Context, v visit, status int, page clientPage, opts ...web.PageOption) (err error) {
	if page.Usage, err = h.service.Apps.Usage(c.Request.Context(), page.ID); err != nil {
		return err
	}
	if page.Complaints, err = h.service.Apps.Complaints(c.Request.Context(), page.ID); err != nil {
		return err
	}
	return h.page(c, v, status, "partners/client", page, opts...)
}

// changeClient makes a secret, which its answer shows and no other page, or replaces the keys.
func (h *Handler) changeClient(c *gin.Context, v visit) error {
	ctx, form, id := c.Request.Context(), web.Form(c), c.Param("client")
	client, err := h.service.OwnClient(ctx, v.Person, id)
	if err != nil {
		return err
	}
	page := clientPage{OwnClient: client, TypedURI: client.JWKSURI}
	if form.Get("do") == "keys" {
		page.TypedURI = form.Get("jwks_uri")
		err = h.service.SetKeys(ctx, v.Person, id, form.Get("jwks"), page.TypedURI)
		if found, ok := errors.AsType[Invalid](err); ok {
			return h.client(c, v, http.StatusUnprocessableEntity, page, web.WithProblems(found...))
		}
		if errors.Is(err, ErrState) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		return h.web.SeeDone(c, appsPath+"/"+id+"?done=keys")
	}
	seen, err := strconv.Atoi(form.Get("secrets"))
	if err != nil {
		return ErrNotFound
	}
	page.Secret, err = h.service.RotateSecret(ctx, v.Person, id, seen)
	switch {
	case errors.Is(err, ErrEdited):
		return h.client(c, v, http.StatusConflict, page, web.WithProblems(templates.Problem{Key: "partners.client.made_already"}))
	case errors.Is(err, ErrState):
		return ErrNotFound
	case err != nil:
		return err
	}
	page.Secrets = seen + 1
	return h.client(c, v, http.StatusOK, page)
}

func (h *Handler) showErrors(c *gin.Context, v visit) error {
	ctx := c.Request.Context()
	client, err := h.service.OwnClient(ctx, v.Person, c.Param("client"))
	if err != nil {
		return err
	}
	refused, err := h.service.Apps.Errors(ctx, client.ID)
	if err != nil {
		return err
	}
	return h.page(c, v, http.StatusOK, "partners/errors", errorsPage{client, refused})
}
