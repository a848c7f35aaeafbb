package web

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/seal"
)

const (
	// SessionCookie has the token of the browser's session.
	SessionCookie = "session"

	leavePath  = "/leave"
	logoutPath = "/logout"
	endField   = "end"
)

// lasting are the cookies that a browser keeps when somebody leaves, except at a kiosk.
var lasting = []string{langCookie, DeviceCookie, passkeyCookie, "remembered", "former"}

// leaves reports whether the request is an act after which the next person must find nothing.
func (w *Web) leaves(c *gin.Context) bool {
	act, path := Form(c).Get("act"), c.FullPath()
	return c.Request.Method == http.MethodPost && w.ownForm(c) == nil &&
		(path == leavePath || path == logoutPath && act == "confirm" || act == "leave" || act == "disagree")
}

// leaveUnended answers an act of leaving that failed, because the database is away, say. The browser forgets whose it was; what
// could not be ended is sealed in the address of a page, whose button tries again.
func (w *Web) leaveUnended(c *gin.Context) error {
	token := w.Cookie(c, SessionCookie)
	end := Ending(c)
	if token != "" || end == "" {
		end = base64.RawURLEncoding.EncodeToString(w.keyring.Seal(seal.Session, endPlace, slices.Concat(Browser(c), []byte(token))))
	}
	for _, cookie := range c.Request.Cookies() {
		if name := strings.TrimPrefix(cookie.Name, w.cookieName("")); w.cookieName(name) == cookie.Name && (Kiosk(c) || !slices.Contains(lasting, name)) {
			w.ClearCookie(c, name)
		}
	}
	if Kiosk(c) {
		ClearSite(c)
	}
	return SeeOther(c, leavePath+"?lang="+Lang(c)+"&"+endField+"="+end)
}

var endPlace = seal.Place{Table: "leaving", Column: "address", Row: "end"}

// Ending is what that page has in its address and in its form.
func Ending(c *gin.Context) string { return cmp.Or(Form(c).Get(endField), c.Query(endField)) }

// Unended returns what that says could not be ended: the session's token, "" for none, and the digest of
// the browser.
func (w *Web) Unended(c *gin.Context) (token string, browser []byte, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(Ending(c))
	if err != nil || len(sealed) == 0 {
		return "", nil, false
	}
	plain, err := w.keyring.OpenSent(seal.Session, endPlace, sealed)
	if err != nil || len(plain) < browserSize {
		return "", nil, false
	}
	return string(plain[browserSize:]), plain[:browserSize], true
}
