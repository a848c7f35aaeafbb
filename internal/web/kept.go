package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// keptCookie holds the form that waits while its member proves who they are.
const keptCookie = "kept"

// KeepTyped keeps what was typed into the request's form, without its secrets, for the page at path, to which the
// browser comes back after a proof that was asked for in between. It is sealed and bound like a refused form, and the
// page says that nothing was saved yet. A proof that follows from anything else, or after another page, gives back nothing:
// whoever proves may not be who typed.
func (w *Web) KeepTyped(c *gin.Context, path string) error {
	r := requestOf(c)
	if c.Request.Method != http.MethodPost || !r.ours || r.browser == nil {
		w.dropKept(c)
		return nil
	}
	f := refusedForm{Status: http.StatusOK, At: w.now().UnixMilli(), Owner: r.formOwner[:], Typed: typedInto(r.form), Emptied: emptied(r)}
	sealed, err := w.sealRefused(f, w.refusedPlace(c, path))
	if err != nil {
		return err
	}
	r.notAccepted = true
	w.noteRefused(c, path)
	w.SetCookie(c, keptCookie, sealed, refusedAge)
	return nil
}

func (w *Web) dropKept(c *gin.Context) {
	if w.Cookie(c, keptCookie) != "" {
		w.ClearCookie(c, keptCookie)
	}
}

// typedQuery has what was typed into a form that was taken, see SealTyped.
const typedQuery = "typed"

// SealTyped returns what was typed into the request's form, without its secrets. The page at path shows it again where its address
// has it as ?typed=, for ten minutes and until another person comes to an entrance, or the link of a mail is opened.
func (w *Web) SealTyped(c *gin.Context, path string) (string, error) {
	r := requestOf(c)
	f := refusedForm{Status: http.StatusOK, At: w.now().UnixMilli(), Owner: r.formOwner[:], Typed: typedInto(r.form), Taken: !r.kiosk}
	return w.sealRefused(f, w.typedPlace(c, path))
}

// typedPlace is also of the person at the browser: who comes next finds the address in the history.
func (w *Web) typedPlace(c *gin.Context, path string) seal.Place {
	place := w.refusedPlace(c, path)
	person := w.personOf(c)
	place.Table, place.Row = "typed form", place.Row+person.came+"."+person.typed
	return place
}

func (w *Web) openTyped(c *gin.Context) *refusedForm {
	return w.openSealed(c, c.Query(typedQuery), w.typedPlace(c, c.Request.URL.EscapedPath()))
}

// emptied are the secrets of a form that have to be typed again.
func emptied(r *request) (names []string) {
	for name, all := range r.form {
		if templates.Secret(name) && name != "credential" && len(all) == 1 && all[0] != "" {
			names = append(names, name)
		}
	}
	return names
}

// openKept returns the form that waits for this page, if any.
func (w *Web) openKept(c *gin.Context) *refusedForm {
	f := w.openSealed(c, w.Cookie(c, keptCookie), w.refusedPlace(c, c.Request.URL.EscapedPath()))
	if f != nil {
		f.kept = true
	}
	return f
}

// foreignCookie names the session that was open when a form of another one was refused, and the form's page. Back leads to
// that page, which looks as before but belongs to the session: it says so, once.
const foreignCookie = "foreign"

func (w *Web) noteForeign(c *gin.Context) {
	w.SetCookie(c, foreignCookie, sessionMark(c)+"."+pathDigest(w.formPath(c)), refusedAge)
}

// saysWhose returns the notice of a page that may be taken for another person's; nil if it cannot.
func (w *Web) saysWhose(c *gin.Context, username string) *templates.Notice {
	mark := sessionMark(c)
	if username == "" || mark == "" || c.Request.Method != http.MethodGet || w.Cookie(c, foreignCookie) != mark+"."+pathDigest(c.Request.URL.EscapedPath()) {
		return nil
	}
	w.ClearCookie(c, foreignCookie)
	return &templates.Notice{Kind: "warn", Key: "web.layout.another_account", Args: templates.Args{"username": username}}
}
