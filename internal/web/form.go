package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

type repeats bool

const (
	refuseRepeats repeats = true
	keepRepeats   repeats = false
)

// Form returns the posted fields: at most Limits.Parameters, valid UTF-8, without NUL, each once in the Pages group. It
// is empty for GET.
func Form(c *gin.Context) url.Values { return requestOf(c).form }

// Pending is the authorization request that waits while a member does something else; zero if there is none.
type Pending struct {
	App              string // the client's name
	InitiateLoginURI string // where the app restarts a sign-in; "" if it registered none
	Live             bool   // it can be answered, for the first time or again
	Desk             bool   // the support desk asks: its administrators help its people, not Technical Support
}

// Flow returns the opaque ID of the pending authorization request, from the form or from ?flow=; "" if it is missing or
// malformed.
func Flow(c *gin.Context) string {
	flow := Form(c).Get("flow")
	if flow == "" {
		flow = c.Query("flow")
	}
	if len(flow) > 64 || strings.Trim(flow, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return ""
	}
	return flow
}

// parseForm fills Form and net/http's own Form and PostForm.
func (w *Web) parseForm(repeated repeats) gin.HandlerFunc {
	return func(c *gin.Context) {
		r := c.Request
		query, err := parseValues(r.URL.RawQuery)
		posted := url.Values{}
		if err == nil && r.Method != http.MethodGet && r.Method != http.MethodHead && wantsForm(r, requestOf(c).json) {
			posted, err = w.readForm(r)
		}
		if err == nil {
			err = onceInAll(query, posted, repeated)
		}
		if err == nil && repeated == refuseRepeats {
			err = errors.Join(onceEach(query), onceEach(posted))
		}
		if err != nil {
			w.abort(c, err)
			return
		}
		if repeated == refuseRepeats { // only in our own forms; what an app sends is not modified
			dropUnseen(posted)
			dropMarks(posted)
		}
		requestOf(c).form = posted
		r.PostForm = posted
		r.Form = url.Values{}
		for _, values := range []url.Values{posted, query} {
			for name, all := range values {
				r.Form[name] = append(r.Form[name], all...)
			}
		}
	}
}

// onceInAll refuses a parameter that occurs in both query and body (RFC 6749 3.1, 3.2), since readers of one see
// another request than readers of the other. Our own pages may do so.
func onceInAll(query, posted url.Values, repeated repeats) error {
	for name := range posted {
		if sent, both := query[name]; both && (repeated == keepRepeats || !slices.Equal(sent, posted[name])) {
			refused := invalidRequest(name, errors.New("a parameter occurs in the query and in the body"))
			refused.detail = "The parameter '" + clipped(name) + "' occurs in the query and in the body."
			return refused
		}
	}
	return nil
}

// wantsForm reports whether the body must be a form: always on pages; a program may send JSON or nothing.
func wantsForm(r *http.Request, program bool) bool {
	return !program || contentType(r) == formType
}

func onceEach(values url.Values) error {
	for name, all := range values {
		if len(all) > 1 {
			return invalidRequest(name, errors.New("a parameter is repeated"))
		}
	}
	return nil
}
