package web

import (
	"encoding/hex"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// sessionLeft is what the timer of a signed-in page hears.
type sessionLeft struct {
	Left int    `json:"left"`         // seconds; 0 when the session is over
	Of   string `json:"of,omitempty"` // whose session is open; the page knows whose it shows
}

// SessionLeft answers the timer of a signed-in page; a zero end is that of no session. Browsers ask
// by themselves, also where nobody is left: the handler finds the session without using it (S-23).
func (w *Web) SessionLeft(c *gin.Context, end time.Time) error {
	var answer sessionLeft
	if left := end.Sub(w.now()); !end.IsZero() && left > 0 {
		answer = sessionLeft{int((left + time.Second - 1) / time.Second), sessionMark(c)}
	}
	c.JSON(http.StatusOK, answer)
	return nil
}

// sessionMark names the session that a page is of, for its script alone; "" for a page of none.
func sessionMark(c *gin.Context) string {
	if o := requestOf(c).owner; OwnerKind(o[0]) == OfSession {
		return hex.EncodeToString(o[:])
	}
	return ""
}
