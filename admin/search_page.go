package admin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/templates"
)

// searchPage is the form, and its result if that is not a member.
type searchPage struct {
	Value   string
	None    bool
	Several int // on one mailbox

	MayName   bool // search by name and birth date
	ByName    bool // that was done
	Card      members.Card
	Found     []Namesake
	Namesakes int // too many to be shown
}

func (h *Console) showSearch(c *gin.Context, v visit) error {
	if err := h.service.allow(v.Person, Find, nil); err != nil {
		return err
	}
	return h.page(c, v, http.StatusOK, "admin/search", searchPage{MayName: v.may(FindName)})
}

// search leads to the one member found, or to the page of a number. The input is shown again, but never put into an address.
func (h *Console) search(c *gin.Context, v visit) error {
	form := web.Form(c)
	if form.Get("by") == "name" || form.Get("q") == "" && form.Get("first_name")+form.Get("last_name") != "" { // Enter in their fields
		return h.searchName(c, v)
	}
	page := searchPage{MayName: v.may(FindName), Value: strings.TrimSpace(form.Get("q"))}
	f, err := h.service.Find(c.Request.Context(), v.Person, ByAny, page.Value)
	limit, isLimit := errors.AsType[*LimitError](err)
	_, isInvalid := errors.AsType[Invalid](err)
	switch {
	case isLimit:
		return h.page(c, v, http.StatusTooManyRequests, "admin/search", page, web.WithProblems(templates.Problem{
			Field: "q", Key: "admin.search.limit", Args: templates.Args{"time": limit.Wait}}))
	case isInvalid:
		return h.page(c, v, http.StatusUnprocessableEntity, "admin/search", page, web.WithProblems(templates.Problem{Field: "q", Key: "admin.search.missing"}))
	case errors.Is(err, ErrStaff):
		return h.page(c, v, http.StatusForbidden, "admin/search", page, web.WithProblems(templates.Problem{Field: "q", Key: "admin.act.self"}))
	case err != nil:
		return err
	case f.Referral != nil:
		return web.SeeOther(c, queuePath+"/"+f.Referral.Reference)
	case f.ID != zeroID:
		return web.SeeOther(c, "/members/"+f.ID.String())
	}
	page.None = f.Count == 0
	if f.Count > 1 {
		page.Several = f.Count
	}
	return h.page(c, v, http.StatusOK, "admin/search", page)
}
