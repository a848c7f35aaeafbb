package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	doneCookie = "done"
	doneAge    = 10 * time.Minute // reloads and another language come soon
)

// SeeDone is SeeOther to a page that tells of what was just done, and tells only whoever did it: see JustDone.
func (w *Web) SeeDone(c *gin.Context, address string) error {
	if u, err := url.Parse(address); err == nil {
		w.SetCookie(c, doneCookie, doneMark(u), doneAge)
	}
	return SeeOther(c, address)
}

// JustDone reports whether this browser was sent to this very page by what was done in it a moment ago. A page that says that
// something happened asks here: its address can be opened by anybody, from a bookmark or a link.
func (w *Web) JustDone(c *gin.Context) bool {
	return c.Request.Method == http.MethodGet && w.Cookie(c, doneCookie) == doneMark(c.Request.URL)
}

// doneMark is a page without what may change while it tells the same.
func doneMark(u *url.URL) string {
	query := u.Query()
	for _, name := range []string{"flow", "lang", "return", "ui_locales"} {
		query.Del(name)
	}
	return u.EscapedPath() + "?" + query.Encode()
}
