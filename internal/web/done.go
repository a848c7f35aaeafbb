package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	doneCookie = "done"
	doneAge    = 10 * time.Minute // reloads and language switches come soon
)

// SeeDone is SeeOther to a page that confirms what was just done, to nobody but whoever did it: see JustDone.
func (w *Web) SeeDone(c *gin.Context, address string) error {
	if u, err := url.Parse(address); err == nil {
		w.SetCookie(c, doneCookie, doneMark(u), doneAge)
	}
	return SeeOther(c, address)
}

// JustDone reports whether this browser was just sent to this page by SeeDone. Pages that state that something happened
// must check it, since anybody can open their address.
func (w *Web) JustDone(c *gin.Context) bool {
	return c.Request.Method == http.MethodGet && w.Cookie(c, doneCookie) == doneMark(c.Request.URL)
}

// doneMark is a page's address without the parts that may change while it confirms the same thing.
func doneMark(u *url.URL) string {
	query := u.Query()
	for _, name := range []string{"flow", "lang", "return", typedQuery, "ui_locales"} {
		query.Del(name)
	}
	return u.EscapedPath() + "?" + query.Encode()
}
