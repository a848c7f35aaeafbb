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

	Few  bool // Left is worth a word
	Left int  // searches of this hour

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
	return h.searchPage(c, v, http.StatusOK, searchPage{MayName: v.may(FindName)})
}

const fewLeft = 10 // searches: below, the page says how many are left

// searchPage answers with the page, which says how many searches are left once they are few.
func (h *Console) searchPage(c *gin.Context, v visit, status int, page searchPage, opts ...web.PageOption) (err error) {
	if page.Left, _, err = h.service.limiter.Left(c.Request.Context(), lookups, v.ID.String(), h.service.now()); err != nil {
		return err
	}
	page.Few = page.Left < fewLeft && status != http.StatusTooManyRequests
	return h.page(c, v, status, "admin/search", page, opts...)
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
		return h.searchPage(c, v, http.StatusTooManyRequests, page, web.WithProblems(templates.Problem{
			Field: "q", Key: "admin.search.limit", Args: templates.Args{"time": limit.Wait}}))
	case isInvalid:
		return h.searchPage(c, v, http.StatusUnprocessableEntity, page, web.WithProblems(templates.Problem{Field: "q", Key: "admin.search.missing"}))
	case errors.Is(err, ErrStaff):
		return h.searchPage(c, v, http.StatusForbidden, page, web.WithProblems(templates.Problem{Field: "q", Key: "admin.act.self"}))
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
	return h.searchPage(c, v, http.StatusOK, page)
}
