package web

import (
	"encoding/hex"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// sessionLeft answers the timer of a signed-in page.
type sessionLeft struct {
	Left int    `json:"left"`         // seconds; 0 when the session is over
	Of   string `json:"of,omitempty"` // whose session is open; the page knows whose it shows
}

// SessionLeft answers the timer of a signed-in page; end is zero if there is no session. Browsers ask on their own even
// if nobody is there, so the handler must look up the session without extending it (S-23).
func (w *Web) SessionLeft(c *gin.Context, end time.Time) error {
	var answer sessionLeft
	if left := end.Sub(w.now()); !end.IsZero() && left > 0 {
		answer = sessionLeft{int((left + time.Second - 1) / time.Second), sessionMark(c)}
	}
	c.JSON(http.StatusOK, answer)
	return nil
}

// OfThisSession reports whether the page that navigated here by itself, see leave in page.js, is of the open session.
func OfThisSession(c *gin.Context) bool {
	of := c.Query("of")
	return of != "" && of == sessionMark(c)
}

// sessionMark identifies the page's session to its script; "" if there is none.
func sessionMark(c *gin.Context) string {
	if o := requestOf(c).owner; OwnerKind(o[0]) == OfSession {
		return hex.EncodeToString(o[:])
	}
	return ""
}
