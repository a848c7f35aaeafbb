package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

type activityPage struct{ Diary }

func (h *Console) showActivity(c *gin.Context, v visit) error {
	d, err := h.service.Diary(c.Request.Context(), v.Person)
	if err != nil {
		return err
	}
	return h.page(c, v, http.StatusOK, "admin/activity", activityPage{d})
}

// auditPage is the form for exporting a span of the audit.
type auditPage struct{ From, To, Reason, Ticket string }

const day = "2006-01-02" // of <input type=date>

func (h *Console) showAudit(c *gin.Context, v visit) error {
	if err := h.service.allow(v.Person, ExportAudit, nil); err != nil && !errors.Is(err, ErrStepUp) {
		return err
	}
	today := h.service.now()
	page := auditPage{From: today.AddDate(0, 0, -7).Format(day), To: today.Format(day)}
	kept, opts, err := h.kept(c, v)
	if err != nil {
		return err
	}
	if kept != nil {
		page = auditPage{kept.Get("from"), kept.Get("to"), kept.Get("reason"), kept.Get("ticket")}
	}
	return h.page(c, v, http.StatusOK, "admin/audit", page, opts...)
}

// exportAudit answers with the rows as a file.
func (h *Console) exportAudit(c *gin.Context, v visit) error {
	form := web.Form(c)
	page := auditPage{form.Get("from"), form.Get("to"), form.Get("reason"), form.Get("ticket")}
	from, err1 := time.ParseInLocation(day, page.From, h.service.zone)
	to, err2 := time.ParseInLocation(day, page.To, h.service.zone)
	if err1 != nil || err2 != nil {
		return h.refuseExport(c, v, page, templates.Problem{Field: "from", Key: "admin.audit.span"})
	}
	write, err := h.service.ExportAudit(c.Request.Context(), v.Person, Span{from, to.AddDate(0, 0, 1), page.Reason, page.Ticket})
	if invalid, ok := errors.AsType[Invalid](err); ok && invalid["from"] != "" {
		return h.refuseExport(c, v, page, templates.Problem{Field: "from", Key: "admin.audit.span"})
	}
	problems, err := actProblems(err)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return h.refuseExport(c, v, page, problems...)
	}
	if err := writeExport(c, write); err != nil || c.Writer.Written() {
		return err
	}
	c.Header("Content-Disposition", "")
	c.Header("Content-Type", "")
	return h.page(c, v, http.StatusOK, "admin/audit", page, web.WithNotice("info", "admin.audit.empty", nil))
}

func (h *Console) refuseExport(c *gin.Context, v visit, page auditPage, problems ...templates.Problem) error {
	return h.page(c, v, http.StatusUnprocessableEntity, "admin/audit", page, web.WithProblems(problems...))
}
