package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/templates"
)

// keptCookie holds the form that waits while its member proves who they are.
const keptCookie = "kept"

// KeepTyped keeps what was typed into the request's form, without its secrets, for the page at path, to which the
// browser comes back after a proof that was asked for in between. It is sealed and bound like a refused form, and the
// page says that nothing was saved yet.
func (w *Web) KeepTyped(c *gin.Context, path string) error {
	r := requestOf(c)
	if c.Request.Method != http.MethodPost || !r.ours || r.browser == nil {
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
	f := w.openSealed(c, w.Cookie(c, keptCookie))
	if f != nil {
		f.kept = true
	}
	return f
}

// foreignCookie names the session that was open when a form of another one was refused. Back leads to a page that looks
// as before but belongs to that session; the pages say so until one of its forms is accepted.
const foreignCookie = "foreign"

func (w *Web) noteForeign(c *gin.Context) { w.SetCookie(c, foreignCookie, sessionMark(c), refusedAge) }

// saysWhose returns the notice of a page that may be taken for another person's; nil if it cannot.
func (w *Web) saysWhose(c *gin.Context, username string) *templates.Notice {
	if mark := w.Cookie(c, foreignCookie); username == "" || mark == "" || mark != sessionMark(c) {
		return nil
	}
	return &templates.Notice{Kind: "warn", Key: "web.layout.another_account", Args: templates.Args{"username": username}}
}
