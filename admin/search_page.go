package admin

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/templates"
)

// searchPage is the form, and its result if that is not a member.
type searchPage struct {
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
	page := searchPage{MayName: v.may(FindName)}
	wasRefused := h.web.WasRefused(c)
	if wasRefused {
		page.ByName = c.Query("by") == "name" && page.MayName
		n, _ := strconv.Atoi(c.Query("n"))
		switch c.Query("said") {
		case saidNone:
			page.None = true
		case saidSeveral:
			page.Several = n
		case saidMany:
			page.Namesakes = n
		}
	}
	var err error
	if page.Left, _, err = h.service.limiter.Left(c.Request.Context(), lookups, v.ID.String(), h.service.now()); err != nil {
		return err
	}
	page.Few = page.Left < fewLeft && (page.Left > 0 || !wasRefused)
	return h.page(c, v, http.StatusOK, "admin/search", page)
}

const fewLeft = 10 // searches: below, the page says how many are left

// What a search that leads to no page came to, in its address.
const (
	saidNone    = "none"
	saidSeveral = "several"
	saidMany    = "many"
)

// notFound answers a search with a redirect to the form as it was typed, which says what came of it: Back posts nothing again.
func (h *Console) notFound(c *gin.Context, byName bool, said string, n, status int, problems ...templates.Problem) error {
	query := url.Values{}
	if byName {
		query.Set("by", "name")
	}
	if said != "" {
		query.Set("said", said)
	}
	if n > 0 {
		query.Set("n", strconv.Itoa(n))
	}
	c.Request.URL.RawQuery = query.Encode() // the redirect keeps it
	return h.web.SeeRefused(c, searchPath, status, problems...)
}

// search leads to the one member found, or to the page of a number. What was typed is shown again, and stands in no address that can be read.
func (h *Console) search(c *gin.Context, v visit) error {
	form := web.Form(c)
	if form.Get("by") == "name" || form.Get("q") == "" && form.Get("first_name")+form.Get("last_name") != "" { // Enter in their fields
		return h.searchName(c, v)
	}
	f, err := h.service.Find(c.Request.Context(), v.Person, ByAny, strings.TrimSpace(form.Get("q")))
	limit, isLimit := errors.AsType[*LimitError](err)
	_, isInvalid := errors.AsType[Invalid](err)
	switch {
	case isLimit:
		return h.notFound(c, false, "", 0, http.StatusTooManyRequests, templates.Problem{Field: "q", Key: "admin.search.limit", Args: templates.Args{"time": limit.Wait}})
	case isInvalid:
		return h.notFound(c, false, "", 0, http.StatusUnprocessableEntity, templates.Problem{Field: "q", Key: "admin.search.missing"})
	case errors.Is(err, ErrStaff):
		return h.notFound(c, false, "", 0, http.StatusForbidden, templates.Problem{Field: "q", Key: "admin.act.self"})
	case err != nil:
		return err
	case f.Referral != nil:
		return web.SeeOther(c, queuePath+"/"+f.Referral.Reference)
	case f.ID != zeroID:
		return web.SeeOther(c, "/members/"+f.ID.String())
	case f.Count > 1:
		return h.notFound(c, false, saidSeveral, f.Count, http.StatusOK)
	}
	return h.notFound(c, false, saidNone, 0, http.StatusOK)
}
