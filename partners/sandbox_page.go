package partners

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

// What the buttons of the sandbox ask for.
const (
	doTry     = "sandbox"
	doUpdate  = "sandbox-update"
	doReplace = "sandbox-replace"
)

// trySandbox makes, updates or replaces the client at the sandbox. Only the answer to what made a secret shows it.
func (h *Handler) trySandbox(c *gin.Context, v visit, a Application, do string) (err error) {
	if h.service.Sandbox == nil {
		return ErrNotFound
	}
	ctx, seen := c.Request.Context(), web.Form(c).Get("client")
	var secret string
	switch do {
	case doTry:
		secret, err = h.service.TrySandbox(ctx, v.Person, a.ID)
	case doReplace:
		secret, err = h.service.ReplaceSandbox(ctx, v.Person, a.ID, seen)
	case doUpdate:
		if err = h.service.UpdateSandbox(ctx, v.Person, a.ID, seen); err == nil {
			return h.web.SeeDone(c, requestPath(a.ID)+"?done=updated")
		}
	}
	if found, ok := errors.AsType[Invalid](err); ok {
		return h.request(c, v, http.StatusUnprocessableEntity, a, web.WithProblems(asWhole(found)...))
	}
	for cause, refusal := range map[error]struct {
		status int
		key    string
	}{
		ErrState: {http.StatusConflict, "partners.sandbox.no_addresses"}, ErrBusy: {http.StatusConflict, "partners.sandbox.busy"},
		ErrEdited: {http.StatusConflict, "partners.sandbox.changed"}, ErrAway: {http.StatusFailedDependency, "partners.sandbox.away"},
	} {
		if errors.Is(err, cause) {
			return h.request(c, v, refusal.status, a, web.WithProblems(templates.Problem{Key: refusal.key}))
		}
	}
	if err != nil {
		return err
	}
	return h.requestWith(c, v, http.StatusOK, a, secret)
}
