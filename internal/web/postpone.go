package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/seal"
)

// A form that the service cannot take yet is kept until its turn: the browser comes back for it by a page that reloads by
// itself, without script as well. It travels in a cookie, with its secrets, sealed for the browser and its newest sign-in, for
// the seconds of the wait and a little longer. Whoever takes it sees to it that it is taken once, by its ID.
const (
	postponedCookie = "turn"
	postponedGrace  = time.Minute // for a slow phone
	postponedMax    = 3 << 10     // bytes: browsers take cookies of 4 KiB
)

// ErrPostponedSize is returned for a form that is too long to be kept.
var ErrPostponedSize = errors.New("web: the form is too long to be kept")

// Postponed is a form that waits for its turn.
type Postponed struct {
	Path    string    `json:"path"`    // of the form
	Arrived time.Time `json:"arrived"` // when it was first sent
	Turn    time.Time `json:"turn"`

	Form  url.Values `json:"form"`
	Owner []byte     `json:"owner"`

	ID string `json:"-"` // of this keeping of the form
}

func (w *Web) postponedPlace(c *gin.Context) seal.Place { return w.refusedPlace(c, postponedCookie) }

// Postpone keeps the request's form until its turn, and leads to the page at path, which waits for that. The error may be
// ErrPostponedSize.
func (w *Web) Postpone(c *gin.Context, path string, arrived time.Time, wait time.Duration) error {
	r := requestOf(c)
	plain, err := json.Marshal(Postponed{Path: w.formPath(c), Arrived: arrived, Turn: w.now().Add(wait), Form: r.form, Owner: r.formOwner[:]})
	if err != nil {
		return err
	}
	sealed := base64.RawURLEncoding.EncodeToString(w.keyring.Seal(seal.Session, w.postponedPlace(c), plain))
	if len(sealed) > postponedMax {
		return ErrPostponedSize
	}
	r.notAccepted = true
	w.SetCookie(c, postponedCookie, sealed, wait+postponedGrace)
	return SeeOther(c, path+"?"+formQuery(c).Encode())
}

// Postponed returns the form that the browser keeps, if any; wait is how long until its turn.
func (w *Web) Postponed(c *gin.Context) (p Postponed, wait time.Duration, ok bool) {
	text := w.Cookie(c, postponedCookie)
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(sealed) == 0 || c.Request.Method != http.MethodGet {
		return p, 0, false
	}
	plain, err := w.keyring.OpenSent(seal.Session, w.postponedPlace(c), sealed)
	if err != nil || json.Unmarshal(plain, &p) != nil || len(p.Owner) != ownerSize {
		return p, 0, false
	}
	p.ID, wait = string(seal.Digest(text)), p.Turn.Sub(w.now())
	return p, max(wait, 0), wait > -postponedGrace
}

// Resume makes the request carry the postponed form, as if it had just been sent, and takes it from the browser.
func (w *Web) Resume(c *gin.Context, p Postponed) {
	r := requestOf(c)
	r.form, r.formOwner, r.resumed, r.arrived, r.ours = p.Form, owner(p.Owner), p.Path, p.Arrived, true
	w.ClearCookie(c, postponedCookie)
}

// Arrived returns when the request's form was first sent.
func Arrived(c *gin.Context) time.Time {
	if r := requestOf(c); r.resumed != "" {
		return r.arrived
	}
	return time.Now()
}

// formPath returns the path to which the request's form was sent.
func (w *Web) formPath(c *gin.Context) string {
	if r := requestOf(c); r.resumed != "" {
		return r.resumed
	}
	return c.Request.URL.EscapedPath()
}
