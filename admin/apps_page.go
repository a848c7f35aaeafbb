package admin

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/partners"
	"huskyidp/templates"
)

type (
	appsPage struct{ List []partners.Application }
	appPage  struct {
		partners.Application
		Steps                 []partners.Step
		MayTake, MayDecide    bool
		MaySuspend, MayResume bool
		MayLetIn              bool
		Suspended, Colleagues bool // Colleagues: somebody else has taken it
		Key, Typed            string
	}
)

func (h *Console) showApps(c *gin.Context, v visit) error {
	list, err := h.service.Apps(c.Request.Context(), v.Person)
	if err != nil {
		return err
	}
	return h.page(c, v, http.StatusOK, "admin/apps", appsPage{list})
}

func (h *Console) showApp(c *gin.Context, v visit) error {
	kept, opts, err := h.kept(c, v)
	if err != nil {
		return err
	}
	if act := Act(c.Query("done")); h.web.JustDone(c) && rules[act].roles != nil {
		opts = append(opts, web.WithNotice("ok", "admin.apps.done", templates.Args{"act": templates.Key(act.Key())}))
	}
	return h.appPage(c, v, http.StatusOK, kept.Get("reason"), opts...)
}

func (h *Console) appPage(c *gin.Context, v visit, status int, typed string, opts ...web.PageOption) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	a, suspended, err := h.service.App(c.Request.Context(), v.Person, id)
	if err != nil {
		return err
	}
	isTaken, isMine, hasClient := a.State == partners.Taken, a.TakenBy == v.ID, a.Production != "" || a.Test != ""
	return h.page(c, v, status, "admin/app", appPage{
		Application: a, Steps: partners.Steps(), Suspended: suspended, Colleagues: isTaken && !isMine,
		MayTake: (a.State == partners.Sent || isTaken && !isMine) && v.may(TakeApp), MayDecide: isTaken && isMine && v.may(ApproveApp),
		MaySuspend: hasClient && !suspended && v.may(SuspendApp), MayResume: hasClient && suspended && v.may(ResumeApp),
		MayLetIn: a.IsAlone && v.may(LetIn), Key: seal.NewToken(), Typed: typed,
	}, opts...)
}

// changeApp does what was pressed.
func (h *Console) changeApp(c *gin.Context, v visit) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	form := web.Form(c)
	version, err := strconv.Atoi(form.Get("version"))
	if err != nil {
		return ErrNotFound
	}
	change := AppChange{Act(form.Get("do")), version, form.Get("reason"), form.Get("although") != ""}
	_, err = h.service.ChangeApp(c.Request.Context(), v.Person, onceOf(c), id, change)
	_, isInvalid := errors.AsType[Invalid](err)
	broken, isBroken := errors.AsType[partners.Invalid](err)
	switch {
	case isInvalid:
		problems, _ := actProblems(err)
		return h.appPage(c, v, http.StatusUnprocessableEntity, change.Reason, web.WithProblems(problems...))
	case isBroken:
		return h.appPage(c, v, http.StatusConflict, change.Reason, web.WithProblems(templates.Problem{Key: broken[0].Key, Args: broken[0].Args}))
	case errors.Is(err, ErrConflict):
		return h.appPage(c, v, http.StatusConflict, change.Reason, web.WithProblems(templates.Problem{Key: "admin.apps.changed"}))
	case err != nil:
		return err
	}
	return h.web.SeeDone(c, appsPath+"/"+id.String()+"?done="+string(change.Act))
}
