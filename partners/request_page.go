package partners

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

func requestPath(id uuid.UUID) string { return requestsPath + "/" + id.String() }

// stepLine is a step in the list of a request.
type stepLine struct {
	Step Step
	Done bool
}

type requestPage struct {
	Application
	Steps  []stepLine
	Whole  bool
	Tried  Tried
	Secret string // of the sandbox client just made; "" otherwise
}

// stepPage is the form of a step.
type stepPage struct {
	ID     uuid.UUID
	Step   Step
	N      int
	Fields []fieldShown
	Mark   string // see Application.Mark
	Open   bool
}

// fieldShown is a field with its value.
type fieldShown struct {
	Field
	Value string
}

// Ticked reports whether a box is.
func (f fieldShown) Ticked() bool { return f.Value == yes }

// requestOf is the request of the address, if it is the organisation's.
func (h *Handler) requestOf(c *gin.Context, v visit) (Application, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return Application{}, ErrNotFound
	}
	return h.service.Application(c.Request.Context(), v.Person, id)
}

func (h *Handler) showRequest(c *gin.Context, v visit) error {
	a, err := h.requestOf(c, v)
	if err != nil {
		return err
	}
	var opts []web.PageOption
	if done := c.Query("done"); h.web.JustDone(c) && (done == "saved" || done == "sent" || done == "updated") {
		opts = append(opts, web.WithNotice("ok", "partners.request."+done, nil))
	}
	return h.request(c, v, http.StatusOK, a, opts...)
}

func (h *Handler) request(c *gin.Context, v visit, status int, a Application, opts ...web.PageOption) error {
	return h.requestWith(c, v, status, a, "", opts...)
}

// requestWith shows a secret, once.
func (h *Handler) requestWith(c *gin.Context, v visit, status int, a Application, secret string, opts ...web.PageOption) (err error) {
	page := requestPage{Application: a, Whole: a.Values.complete(), Secret: secret}
	if page.Tried, err = h.service.Tried(c.Request.Context(), a); err != nil {
		return err
	}
	for _, step := range Steps() {
		page.Steps = append(page.Steps, stepLine{step, a.Values.done(step)})
	}
	return h.page(c, v, status, "partners/request", page, opts...)
}

// changeRequest sends the request, or makes a client to try it.
func (h *Handler) changeRequest(c *gin.Context, v visit) error {
	a, err := h.requestOf(c, v)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	switch do := web.Form(c).Get("do"); do {
	case doTry, doUpdate, doReplace:
		return h.trySandbox(c, v, a, do)
	case "test":
		client, err := h.service.TestClient(ctx, v.Person, a.ID)
		if found, ok := errors.AsType[Invalid](err); ok {
			return h.request(c, v, http.StatusConflict, a, web.WithProblems(asWhole(found)...))
		}
		if err != nil {
			return err
		}
		return web.SeeOther(c, appsPath+"/"+client)
	}
	err = h.service.Send(ctx, v.Person, a.ID)
	if found, ok := errors.AsType[Invalid](err); ok {
		return h.request(c, v, http.StatusUnprocessableEntity, a, web.WithProblems(asWhole(found)...))
	}
	if errors.Is(err, ErrState) {
		return h.request(c, v, http.StatusConflict, a, web.WithProblems(templates.Problem{Key: "partners.request.not_whole"}))
	}
	if err != nil {
		return err
	}
	return h.web.SeeDone(c, requestPath(a.ID)+"?done=sent")
}

// asWhole are problems on a page without their fields.
func asWhole(found Invalid) (problems []templates.Problem) {
	for _, p := range found {
		p.Field = ""
		problems = append(problems, p)
	}
	return problems
}

func (h *Handler) showStep(c *gin.Context, v visit) error {
	a, step, err := h.stepOf(c, v)
	if err != nil {
		return err
	}
	kept, err := h.service.takeDraft(c.Request.Context(), v.token, v.Person, c.Request.URL.Path)
	if err != nil {
		return err
	}
	if kept != nil && a.State.Open() {
		return h.step(c, v, http.StatusOK, a, step, kept, web.WithNotice("warn", "partners.step.kept", nil))
	}
	return h.step(c, v, http.StatusOK, a, step, a.Values)
}

// stepOf is the request and the step of the address.
func (h *Handler) stepOf(c *gin.Context, v visit) (Application, Step, error) {
	a, err := h.requestOf(c, v)
	step := Step(c.Param("step"))
	if err == nil && step.Fields() == nil {
		err = ErrNotFound
	}
	return a, step, err
}

func valuesOf(form map[string][]string) Values {
	values := Values{}
	for name, all := range form {
		if len(all) == 1 {
			values[name] = all[0]
		}
	}
	return values
}

func (h *Handler) step(c *gin.Context, v visit, status int, a Application, step Step, values Values, opts ...web.PageOption) error {
	page := stepPage{ID: a.ID, Step: step, N: slices.Index(Steps(), step) + 1, Mark: a.Mark(step), Open: a.State.Open()}
	for _, f := range step.Fields() {
		page.Fields = append(page.Fields, fieldShown{f, values[f.Name]})
	}
	return h.page(c, v, status, "partners/step", page, opts...)
}

// keepField is sent with a form that a page gives up by itself.
const keepField = "keep"

// save stores a step and leads to the next one. What cannot be stored is shown as it was typed, except for keys: private ones must
// not be on a page.
func (h *Handler) save(c *gin.Context, v visit) error {
	a, step, err := h.stepOf(c, v)
	if err != nil {
		return err
	}
	ctx, typed := c.Request.Context(), valuesOf(web.Form(c))
	if typed[keepField] != "" { // its page thought that the session was over
		return h.step(c, v, http.StatusOK, a, step, typed.scrub(), web.WithNotice("warn", "partners.step.kept", nil))
	}
	err = h.service.Save(ctx, v.Person, a.ID, step, typed, typed["was"])
	found, isInvalid := errors.AsType[Invalid](err)
	switch {
	case isInvalid:
		return h.step(c, v, http.StatusUnprocessableEntity, a, step, typed.scrub(), web.WithProblems(found...))
	case errors.Is(err, ErrEdited), errors.Is(err, ErrState):
		if a, err = h.service.Application(ctx, v.Person, a.ID); err != nil {
			return err
		}
		return h.step(c, v, http.StatusConflict, a, step, typed, web.WithProblems(templates.Problem{Key: "partners.step.edited"}))
	case err != nil:
		return err
	}
	i := slices.Index(Steps(), step) + 1
	if i < len(Steps()) {
		return web.SeeOther(c, requestPath(a.ID)+"/"+string(Steps()[i]))
	}
	return h.web.SeeDone(c, requestPath(a.ID)+"?done=saved")
}
