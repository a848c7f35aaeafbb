package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// SavedCodesCookie holds, sealed, the list of saved codes that its page shows.
const SavedCodesCookie = "saved_codes"

// shownOn are the pages that leave such a cookie alone: its own, those of a proof that is asked for in between, and an error that a
// reload may meet. Any other page means that the member has left: Back, or the next person at the browser, finds it no more.
var shownOn = map[string][]string{
	SavedCodesCookie: {"accounts/saved_codes", "provider/reauth", "provider/factor", "web/error"},
}

// endShown also ends the report of an act: a page opened from the history or a bookmark does not tell it again.
func (w *Web) endShown(c *gin.Context, page string) {
	if told := w.Cookie(c, doneCookie); strings.Contains(told, "note=") && c.Request.Method == http.MethodGet && told != doneMark(c.Request.URL) && page != "web/error" {
		w.ClearCookie(c, doneCookie)
	}
	for name, pages := range shownOn {
		if w.Cookie(c, name) != "" && !slices.Contains(pages, page) {
			w.ClearCookie(c, name)
		}
	}
}
