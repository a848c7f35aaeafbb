package admin

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

// kept returns the form that waits for this page, nil if none, and the notice that it is not done yet: whoever pressed a button and
// then signed in again believes that it is.
func (h *Console) kept(c *gin.Context, v visit) (url.Values, []web.PageOption, error) {
	form, err := h.service.takeDraft(c.Request.Context(), v.session, c.Request.URL.Path)
	if err != nil || form == nil {
		return nil, nil, err
	}
	if button := buttonOf(c.Request.URL.Path, form); button != "" {
		return form, []web.PageOption{web.WithNotice("warn", "admin.kept.press", templates.Args{"button": templates.Key(button)})}, nil
	}
	return form, []web.PageOption{web.WithNotice("warn", "admin.kept.unsaved", nil)}, nil
}

// buttonOf returns the catalog key of the button that sends a form; "" if it is not known which was meant.
func buttonOf(at string, form url.Values) string {
	switch do := Act(form.Get("do")); do {
	case SetRoles:
		return "admin.people.save"
	case ConfirmPerson:
		return "admin.people.confirm"
	case RefusePerson:
		return "admin.approval.refuse"
	case RemovePerson, ResetPerson, Withdraw:
		return do.Key()
	case ApproveApp, RefuseApp, SuspendApp, ResumeApp, LetIn:
		return do.Key()
	case NoteCase, FinishCase, HandOver:
		return "admin.queue.press_" + string(do)
	}
	switch decide := form.Get("decide"); {
	case decide == "approve" || decide == "refuse":
		return "admin.approval." + decide
	case at == peoplePath+"/new":
		return AddPerson.Key()
	case at == auditPath:
		return ExportAudit.Key()
	case strings.Contains(at, "/acts/"):
		return Act(path.Base(at)).Key()
	}
	return ""
}

// deniedPage is shown if a form comes from somebody who could send it when the page was rendered, and no longer can.
type deniedPage struct {
	Written   []string // what was typed, to be copied
	Protected bool     // the account is, see doorPage
	Href      string   // of the first page that the person may open; "" for none
}

// rolesChanged answers such a form. Nothing is done; what was written is shown, and kept until the role is back.
func (h *Console) rolesChanged(c *gin.Context, v visit) error {
	page := deniedPage{Written: written(c), Href: v.home()}
	if len(page.Written) > 0 {
		if err := h.keepForm(c, v.session); err != nil {
			return err
		}
	}
	return h.page(c, v, http.StatusForbidden, "admin/denied", page)
}

// written is what somebody typed into a form.
func written(c *gin.Context) (texts []string) {
	form := web.Form(c)
	for _, field := range []string{"note", "reason", "ticket", "email"} {
		if text := strings.TrimSpace(form.Get(field)); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}
