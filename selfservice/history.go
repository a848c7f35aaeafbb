package selfservice

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/web"
)

// historyList is a page of the account's history, the newest first.
type historyList struct {
	Groups       []historyGroup
	Now          time.Time
	Older, Newer int // numbers of pages; 0 for none
}

// historyGroup is what happened in a row in one session, or one event outside of any.
type historyGroup struct {
	accounts.Device
	session string
	Shown   []historyEntry // the sign-in, and what concerns the account's safety
	Steps   []historyEntry // the member's further steps, folded away
}

// historyEntry is an event in the catalog's words.
type historyEntry struct {
	Key    string // event.name.*
	App    string // value of {app}; a client's current name and language are not looked up
	Act    string // admin.act.*, value of {act}
	At     time.Time
	Recent bool // somebody else could have done it, and the member may still say so
}

// Moment is the instant of the event, for the form.
func (e historyEntry) Moment() string { return strconv.FormatInt(e.At.UnixMicro(), 10) }

// historyPages is how far back the pages go.
const historyPages = 400

func (h *Handler) showHistory(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	number, err := strconv.Atoi(c.Query("page"))
	if err != nil || number < 1 || number > historyPages {
		number = 1
	}
	list, more, err := h.service.History(c.Request.Context(), session.AccountID, number)
	if err != nil {
		return err
	}
	page := historyList{Groups: grouped(list, web.Lang(c), h.now()), Now: h.now(), Newer: number - 1}
	if more && number < historyPages {
		page.Older = number + 1
	}
	return h.page(c, http.StatusOK, "history", session, page)
}

// deskCall is how long looks of the desk count as one call.
const deskCall = time.Hour

// grouped arranges events, the newest first.
func grouped(list []accounts.Occurrence, lang string, now time.Time) (groups []historyGroup) {
	var looked time.Time
	for _, e := range list {
		if e.Again { // one sign-in to the member
			continue
		}
		if e.Kind == audit.StaffLooked {
			if looked.Sub(e.At) < deskCall && !looked.IsZero() {
				continue
			}
			looked = e.At
		}
		if n := len(groups); n == 0 || e.SessionID == "" || groups[n-1].session != e.SessionID {
			groups = append(groups, historyGroup{Device: e.Device, session: e.SessionID})
		}
		group := &groups[len(groups)-1]
		entry := historyEntry{Key: eventKey(e), App: e.App(lang), Act: actKey(e), At: e.At}
		if e.SessionID != "" && ownSteps[e.Kind] {
			group.Steps = append(group.Steps, entry)
			continue
		}
		entry.Recent = e.At.After(now.Add(-accounts.DisownLife)) && e.Kind != audit.StaffLooked
		group.Shown = append(group.Shown, entry)
	}
	for i, group := range groups { // steps alone, without their sign-in on this page, are shown
		if len(group.Shown) == 0 {
			groups[i].Shown, groups[i].Steps = group.Steps, nil
		}
	}
	return groups
}

// ownSteps follow from a sign-in: whoever denies one denies the sign-in.
var ownSteps = map[audit.Kind]bool{
	audit.AgreementAccepted: true, audit.LanguageChanged: true, audit.SignedOut: true, audit.SessionEnded: true, audit.SavedCodeUsed: true,
}

// disownEvent leads to the page that protects the account, like the link of a notice. It requires a fresh sign-in: what
// it undoes is more than somebody who finds an open session may do.
func (h *Handler) disownEvent(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	micro, err := strconv.ParseInt(web.Form(c).Get("at"), 10, 64)
	now := h.now()
	at := time.UnixMicro(micro)
	if err != nil || at.After(now) || !at.After(now.Add(-accounts.DisownLife)) {
		return web.SeeOther(c, "/account/history")
	}
	link, err := h.service.DisownLink(c.Request.Context(), session, web.Browser(c), at)
	if err != nil {
		return err
	}
	return web.SeeOther(c, link)
}

// eventKey returns the catalog key of an event. A change on hold was only begun; an event of its own follows when it is
// made. The first sign-in, such as the registration's own, is called so.
func eventKey(e accounts.Occurrence) string {
	if e.Kind == audit.SignedIn && e.Data["first"] == "yes" {
		return "event.name.signed_in_first"
	}
	if e.Kind == audit.AccountLocked && e.Reason == "failed_codes" {
		return "event.name.account_locked_codes"
	}
	if e.Kind == audit.QuestionChanged && e.Reason == "removed" {
		return "event.name.question_removed"
	}
	if e.Kind == audit.StaffActed && e.Data["state"] == "on_hold" {
		return "event.name.staff_began"
	}
	return "event.name." + string(e.Kind)
}

func actKey(e accounts.Occurrence) string {
	if e.Kind != audit.StaffActed || e.Data["act"] == "" {
		return ""
	}
	return "admin.act." + e.Data["act"]
}
