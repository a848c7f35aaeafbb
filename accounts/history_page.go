package accounts

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/audit"
)

// historyEntries is a page of the account's history.
type historyEntries struct {
	List         []historyEntry
	Older, Newer int // numbers of pages; 0 for none
}

// historyEntry is an event in words.
type historyEntry struct {
	Key     string // event.name.*
	App     string // of {app}; what a client is called now and here is not looked up
	Act     string // admin.act.*, of {act}
	At      time.Time
	Browser string
	System  string
	Mine    bool // recent, so that the member may still say that it was somebody else
}

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
	since := h.service.now().Add(-disownLife)
	for _, e := range list {
		page.List = append(page.List, historyEntry{
			Key: "event.name." + string(e.Kind), App: e.Data["app"], Act: actKey(e), At: e.At, Browser: e.Browser, System: e.System, Mine: e.At.After(since),
		})
	}
	return h.page(c, http.StatusOK, "history", session, page)
}

func actKey(e Occurrence) string {
	if e.Kind != audit.StaffActed || e.Data["act"] == "" {
		return ""
	}
	return "admin.act." + e.Data["act"]
}
