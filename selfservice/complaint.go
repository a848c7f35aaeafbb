package selfservice

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// complaintPage is the form of a complaint about an app, or, with a Number, its receipt.
type complaintPage struct {
	App        accounts.ConnectedApp
	Kinds      []string
	Kind, Text string
	Number     string
}

func (h *Handler) showComplaint(c *gin.Context) error {
	session, app, done, err := h.ofPartner(c)
	if done {
		return err
	}
	return h.page(c, http.StatusOK, "complaint", session, complaintPage{App: app, Kinds: accounts.ComplaintKinds()})
}

// ofPartner is appOf for an app that is not the programme's own.
func (h *Handler) ofPartner(c *gin.Context) (session accounts.Session, app accounts.ConnectedApp, done bool, err error) {
	session, app, done, err = h.appOf(c)
	if !done && app.Own {
		return session, app, true, web.SeeOther(c, "/account/apps")
	}
	return session, app, done, err
}

func (h *Handler) complain(c *gin.Context) error {
	session, app, done, err := h.ofPartner(c)
	if done {
		return err
	}
	form := web.Form(c)
	page := complaintPage{App: app, Kinds: accounts.ComplaintKinds(), Kind: form.Get("kind"), Text: strings.TrimSpace(form.Get("text"))}
	var problems []templates.Problem
	if !slices.Contains(page.Kinds, page.Kind) {
		problems = append(problems, templates.Problem{Field: "kind", Key: "accounts.complaint.kind_missing"})
	}
	switch n := len([]rune(page.Text)); {
	case n > accounts.ComplaintText:
		problems = append(problems, templates.Problem{Field: "text", Key: "accounts.complaint.too_long", Args: templates.Args{"n": accounts.ComplaintText}})
	case n == 0 && page.Kind == "other":
		problems = append(problems, templates.Problem{Field: "text", Key: "accounts.complaint.text_missing"})
	}
	if len(problems) > 0 {
		return h.page(c, http.StatusUnprocessableEntity, "complaint", session, page, web.WithProblems(problems...), web.InPlace()) // a long text is not kept otherwise
	}
	number, err := h.apps.Complain(c.Request.Context(), session.AccountID, accounts.Complaint{ClientID: app.ClientID, Kind: page.Kind, Text: page.Text})
	if limit, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
		return h.page(c, http.StatusTooManyRequests, "complaint", session, page, web.WithProblems(templates.Problem{Key: "accounts.complaint.too_many", Args: templates.Args{"time": limit.RetryAfter()}}), web.InPlace())
	}
	if err != nil {
		return err
	}
	page.Number = number.String()
	return h.page(c, http.StatusOK, "complaint", session, page)
}
