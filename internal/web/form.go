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

// Form returns the posted fields: at most Limits.Parameters, valid UTF-8, without
// NUL, each once in the Pages group. It is empty for GET.
func Form(c *gin.Context) url.Values { return requestOf(c).form }

// Flow returns the opaque id of the pending authorization request, from the form or
// from ?flow=; "" if there is none or it has not the shape of one.
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
		if repeated == refuseRepeats { // our own forms; what an app sends is not for us to mend
			dropUnseen(posted)
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

// onceInAll refuses a parameter that stands in the address and in the body (RFC 6749 3.1, 3.2):
// who reads one sees another request than who reads the other. A page of ours may repeat itself.
func onceInAll(query, posted url.Values, repeated repeats) error {
	for name := range posted {
		if sent, both := query[name]; both && (repeated == keepRepeats || !slices.Equal(sent, posted[name])) {
			refused := invalidRequest(name, errors.New("a parameter stands in the address and in the body"))
			refused.detail = "The parameter '" + clipped(name) + "' stands in the address and in the body."
			return refused
		}
	}
	return nil
}

// wantsForm reports whether the body must be a form: always on pages; a program may
// send JSON or nothing.
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
