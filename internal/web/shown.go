package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

const (
	// SavedCodesCookie holds, sealed, the list of saved codes that its page shows.
	SavedCodesCookie = "saved_codes"
	// OwnDataCookie says that the page of the member's data shows them, and in which session.
	OwnDataCookie = "own_data"
)

// shownOn are the pages that leave such a cookie alone: its own, those of a proof that is asked for in between, and an error that a
// reload may meet. Any other page means that the member has left: Back, or the next person at the browser, finds it no more.
var shownOn = map[string][]string{
	SavedCodesCookie: {"accounts/saved_codes", "provider/reauth", "provider/factor", "web/error"},
	OwnDataCookie:    {"accounts/data", "provider/reauth", "provider/factor", "web/error"},
}

// proofPages are those on which a proof is given.
var proofPages = []string{"provider/reauth", "provider/factor", "provider/turn", "web/error"}

// endShown also ends the report of an act: a page opened from the history or a bookmark does not tell it again.
func (w *Web) endShown(c *gin.Context, page string) {
	if told := w.Cookie(c, doneCookie); strings.Contains(told, "note=") && c.Request.Method == http.MethodGet && told != doneMark(c.Request.URL) && page != "web/error" {
		w.ClearCookie(c, doneCookie)
	}
	if !slices.Contains(proofPages, page) && w.openKept(c) == nil {
		w.dropKept(c)
	}
	for name, pages := range shownOn {
		if w.Cookie(c, name) != "" && !slices.Contains(pages, page) {
			w.ClearCookie(c, name)
		}
	}
}
