package admin

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// casePage is one matter: what is known, who has it, and what was written about it.
type casePage struct {
	Case
	Now     time.Time
	Key     string // of the form
	Typed   string // note
	Mine    bool
	MayHelp bool
}

// Late reports whether it was due.
func (p casePage) Late() bool { return p.late(p.Now) }

// Fields are the names of fields in the words of the member's form.
func (p casePage) Fields(names []string) []string { return Obstacle{Fields: names}.Shown() }

func (h *Console) casePage(c *gin.Context, v visit, status int, found Case, typed string, opts ...web.PageOption) error {
	return h.page(c, v, status, "admin/case", casePage{
		found, h.service.now(), seal.NewToken(), typed, found.State == Taken && found.StaffID == v.ID, v.may(TakeCase),
	}, opts...)
}

func (h *Console) showCase(c *gin.Context, v visit) error {
	found, err := h.service.OpenCase(c.Request.Context(), v.Person, c.Param("matter"))
	if ended(c.Param("matter"), err) {
		return h.queuePage(c, v, http.StatusNotFound, filterOf(nil), web.WithProblems(templates.Problem{Key: "admin.queue.over"}))
	}
	if err != nil {
		return err
	}
	if !v.may(TakeCase) { // a note that was kept waits until they may again
		return h.casePage(c, v, http.StatusOK, found, "")
	}
	kept, opts, err := h.kept(c, v)
	if err != nil {
		return err
	}
	if act := Act(c.Query("done")); kept == nil && h.web.JustDone(c) && (act == TakeCase && found.State == Taken && found.StaffID == v.ID || act == NoteCase) {
		opts = append(opts, web.WithNotice("ok", "admin.queue."+string(act), nil))
	}
	return h.casePage(c, v, http.StatusOK, found, kept.Get("note"), opts...)
}

// helpWithCase does what was pressed, with the note that stands in the form.
func (h *Console) helpWithCase(c *gin.Context, v visit) error {
	form, ref := web.Form(c), c.Param("matter")
	act := Act(form.Get("do"))
	if _, known := caseStates[act]; !known {
		return ErrNotFound
	}
	version, _ := strconv.Atoi(form.Get("version"))
	to, err := uuid.Parse(form.Get("to"))
	if act != HandOver || err != nil {
		to = uuid.Nil
	}
	m, err := h.service.HelpWith(c.Request.Context(), v.Person, onceOf(c), ref, Helping{Act: act, Version: version, To: to, Note: form.Get("note")})
	if err == nil {
		return h.helped(c, act, m, Filter{Show: ShowOpen})
	}
	if ended(ref, err) {
		return h.queuePage(c, v, http.StatusConflict, filterOf(nil), web.WithProblems(templates.Problem{Key: "admin.queue.over"}))
	}
	problems := caseProblems(err)
	if len(problems) == 0 {
		return err
	}
	found, err := h.service.caseOf(c.Request.Context(), v.Person, ref)
	if err != nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	if problems[0].Field == "" {
		status = http.StatusConflict
	}
	return h.casePage(c, v, status, found, form.Get("note"), web.WithProblems(problems...))
}
