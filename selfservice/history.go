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

// historyEntries is a page of the account's history.
type historyEntries struct {
	List         []historyEntry
	Older, Newer int // numbers of pages; 0 for none
}

// historyEntry is an event in the catalog's words.
type historyEntry struct {
	Key     string // event.name.*
	App     string // value of {app}; a client's current name and language are not looked up
	Act     string // admin.act.*, value of {act}
	At      time.Time
	Browser string
	System  string
	Recent  bool // the member may still say that it was somebody else; a look of the desk can be nobody's but the desk's
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
	page := historyEntries{Newer: number - 1}
	if more && number < historyPages {
		page.Older = number + 1
	}
	since := h.now().Add(-accounts.DisownLife)
	for _, e := range list {
		page.List = append(page.List, historyEntry{
			Key: eventKey(e), App: e.Data["app"], Act: actKey(e), At: e.At, Browser: e.Browser, System: e.System, Recent: e.At.After(since) && e.Kind != audit.StaffLooked,
		})
	}
	return h.page(c, http.StatusOK, "history", session, page)
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
// made.
func eventKey(e accounts.Occurrence) string {
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
