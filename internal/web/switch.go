package web

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
)

// switchField is the button of a page's form that switches the language, and keeps what was typed: the answer leads to the
// page itself, as that to a refused form does, with the problems that it showed and no others. No handler sees the form.
const switchField = "switch"

// switchLanguage answers a form that was posted to switch the language. What was typed is not kept of a form that is not ours.
func (w *Web) switchLanguage(c *gin.Context, ours bool) (answered bool) {
	r := requestOf(c)
	if r.switched = w.supported(Form(c).Get(switchField)); r.switched == "" || !w.shown()[c.FullPath()] {
		return false
	}
	path := c.Request.URL.EscapedPath()
	if !ours {
		query, err := url.ParseQuery(switchQuery(c.Request.URL.Query(), Flow(c)))
		if err != nil {
			query = url.Values{}
		}
		query.Set("lang", r.switched)
		if err := SeeOther(c, path+"?"+query.Encode()); err != nil {
			w.abort(c, err)
		}
		return true
	}
	f := refusedForm{Status: http.StatusOK}
	if shown := w.openRefused(c); shown != nil && shown.Error == nil && owner(shown.Owner) == r.formOwner {
		f.Page, f.Status, f.Problems = shown.Page, shown.Status, shown.Problems
	}
	f.Emptied = emptied(r)
	if err := w.seeRefused(c, path, f); err != nil {
		w.abort(c, err)
	}
	return true
}
