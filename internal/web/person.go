package web

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/seal"
)

const (
	personCookie = "person"
	markPrefix   = "for-"
)

// NextPerson declares that another person uses the browser from now on: what was refused is forgotten, and the browser
// puts nothing that was typed before into the forms that follow.
func (w *Web) NextPerson(c *gin.Context) {
	w.ForgetRefused(c)
	mark := make([]byte, 9)
	rand.Read(mark)
	text := base64.RawURLEncoding.EncodeToString(mark)
	w.SetCookie(c, personCookie, text, browserCookieAge)
	requestOf(c).person = text
}

// personOf is the mark of the last NextPerson in this browser, "" if there was none.
func (w *Web) personOf(c *gin.Context) string {
	if r := requestOf(c); r.person != "" {
		return r.person
	}
	return w.Cookie(c, personCookie)
}

// formMark is the name of a form's first control. Browsers remember what was typed for each entry of their history, and
// put it back on Back where the form looks the same: in Chromium, where its address and the names of its first two
// controls do. A name that depends on whom the form is for keeps one person's words out of another's form, and leaves
// autocomplete alone. Like the form token, it depends on the browser and the owner; also on the newest sign-in, and on
// NextPerson where the form belongs to nobody yet.
func (w *Web) formMark(c *gin.Context, o owner) string {
	r := requestOf(c)
	if r.browser == nil {
		return ""
	}
	mac := w.keyring.MAC(seal.CSRF, []byte("form mark"), r.browser, o[:], []byte(w.Cookie(c, DeviceCookie)), []byte(w.personOf(c)))
	return markPrefix + hex.EncodeToString(mac[:8])
}

// dropMarks removes the marks from a posted form: they are for the browser.
func dropMarks(form url.Values) {
	for name := range form {
		if strings.HasPrefix(name, markPrefix) {
			delete(form, name)
		}
	}
}
