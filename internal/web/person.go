package web

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/seal"
)

const (
	personCookie = "person"
	markPrefix   = "for-"
)

// A browser serves several people, and what one of them began is not the next one's. The person cookie has two random
// marks: of whoever came to an entrance last, and of what was typed. A flow belongs to the former mark, which is in a
// cookie of the flow's own (whose); once another person came, all its pages lead to a question, see Asks.
type personMarks struct{ came, typed string }

// whose are the cookies that say for which person a flow was begun. A flow of another browser, of an older release or
// without its cookie is asked about.
var whose = map[OwnerKind]string{OfRegistration: "registration_of", OfRecovery: "recovery_of", OfSignIn: "sign_in_of", OfDevice: "device_of", OfReference: "reference_of"}

// Entrance is called by the pages on which people begin: the sign-in page and the first pages of registration and
// recovery. Whoever opens one is the next person, unless a page of the flow itself leads there: a refused form, another
// language, the way back (?back=1), or the report of what was just done, to which an open page may go by itself.
func (w *Web) Entrance(c *gin.Context) {
	switch {
	case w.isLedHere(c):
	case w.reports(c):
		w.ForgetTyped(c)
	default:
		w.NextPerson(c)
	}
}

// SideEntrance is Entrance for a page behind an entrance: what was typed there and never sent stays for Back.
func (w *Web) SideEntrance(c *gin.Context) {
	if !w.isLedHere(c) && !w.reports(c) {
		w.setPerson(c, personMarks{newMark(), w.personOf(c).typed})
	}
}

// LinkOpened is called by the pages behind the links of mails, and the one that another screen leads to. Whoever opens one reads nothing that was typed before, and what was
// begun goes on: they may be the same person or not.
func (w *Web) LinkOpened(c *gin.Context) {
	if !w.isLedHere(c) {
		w.ForgetTyped(c)
	}
}

// SessionUsed is called where the person whose session is open goes on without an entrance: at an app by single sign-on, on an
// account page. A registration or recovery that is open beside it may be another person's, so that Back to it asks.
func (w *Web) SessionUsed(c *gin.Context) {
	if !w.isLedHere(c) && !(w.Asks(c, OfRegistration) && w.Asks(c, OfRecovery)) {
		w.setPerson(c, personMarks{newMark(), w.personOf(c).typed})
	}
}

// reports says that the page tells what was just done. Without a note its address is the entrance itself, which the next person
// opens too, whoever was sent there within the last minutes.
func (w *Web) reports(c *gin.Context) bool { return c.Query("note") != "" && w.JustDone(c) }

// isLedHere reports whether a page was opened by something else than a person who begins: by its own form, by a later
// page of its flow, or in the background, such as a frame or a script of another page.
func (w *Web) isLedHere(c *gin.Context) bool {
	into := c.GetHeader("Sec-Fetch-Dest")
	return c.Request.Method != http.MethodGet || into != "" && into != "document" || c.Query("back") != "" || w.WasRefused(c)
}

// refusePrefetch answers a page that the browser would like to have in advance. Opening a page may say that a person
// is there, and the browser asks again when there is one.
func refusePrefetch(c *gin.Context) {
	if strings.Contains(c.GetHeader("Sec-Purpose"), "prefetch") {
		c.AbortWithStatus(http.StatusServiceUnavailable)
	}
}

// NextPerson declares that another person uses the browser from now on: what was refused is forgotten, the browser
// puts nothing that was typed before into the forms that follow, what was just done is told no more, and what was begun
// is asked about.
func (w *Web) NextPerson(c *gin.Context) {
	w.ForgetRefused(c)
	w.setPerson(c, personMarks{newMark(), newMark()})
}

// ForgetTyped is NextPerson for a moment at which what was typed is over, but nobody else came.
func (w *Web) ForgetTyped(c *gin.Context) {
	w.ForgetRefused(c)
	w.setPerson(c, personMarks{w.personOf(c).came, newMark()})
}

// Person identifies the person at the browser to limits on what they do there: until another one comes.
func (w *Web) Person(c *gin.Context) string { return string(Browser(c)) + w.marked(c) }

// marked returns the mark of whoever came last, and makes one for a browser that has none.
func (w *Web) marked(c *gin.Context) string {
	person := w.personOf(c)
	if person.came == "" {
		person.came = newMark()
		w.setPerson(c, person)
	}
	return person.came
}

// Began notes that a flow belongs to the person at the browser: they have begun it, or answered the question.
func (w *Web) Began(c *gin.Context, kind OwnerKind) {
	w.SetCookie(c, whose[kind], w.marked(c), 0) // until the browser is closed: who opens it may be another person
}

// Asks reports whether another person may have come since the flow of this kind was begun. Until there is an answer,
// all its pages and forms lead to the question whose it is. The one function that finds a request's flow checks it.
func (w *Web) Asks(c *gin.Context, kind OwnerKind) bool {
	of := w.Cookie(c, whose[kind])
	return of == "" || of != w.personOf(c).came
}

// AskFirst makes Asks true for one flow.
func (w *Web) AskFirst(c *gin.Context, kind OwnerKind) { w.ClearCookie(c, whose[kind]) }

func newMark() string {
	mark := make([]byte, 9)
	rand.Read(mark)
	return base64.RawURLEncoding.EncodeToString(mark)
}

func (w *Web) setPerson(c *gin.Context, p personMarks) {
	if p.came != w.personOf(c).came && w.Cookie(c, doneCookie) != "" {
		w.ClearCookie(c, doneCookie)
	}
	w.SetCookie(c, personCookie, p.came+"."+p.typed, browserCookieAge)
	requestOf(c).person = &p
}

// personOf returns the marks of the browser, "" for those that were never set.
func (w *Web) personOf(c *gin.Context) (p personMarks) {
	if now := requestOf(c).person; now != nil {
		return *now
	}
	p.came, p.typed, _ = strings.Cut(w.Cookie(c, personCookie), ".")
	return p
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
	mac := w.keyring.MAC(seal.CSRF, []byte("form mark"), r.browser, o[:], []byte(w.Cookie(c, DeviceCookie)), []byte(w.personOf(c).typed))
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
