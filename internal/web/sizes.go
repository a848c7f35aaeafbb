package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// checkSizes refuses requests that are too large or in an unsupported format, before anything is parsed (S-69).
func (w *Web) checkSizes(c *gin.Context) {
	r := c.Request
	switch {
	case len(r.RequestURI) > w.limits.URLBytes:
		w.abort(c, &Error{Status: http.StatusRequestURITooLong, Key: KeyTooLarge})
	case headerBytes(r.Header) > w.limits.HeaderBytes:
		key := KeyTooLarge
		if headerBytes(http.Header{"Cookie": r.Header["Cookie"]}) > w.limits.HeaderBytes/2 {
			key = KeyCookiesFull
		}
		w.abort(c, &Error{Status: http.StatusRequestHeaderFieldsTooLarge, Key: key})
	case len(r.Header["Authorization"]) > 1 || len(r.Header["Content-Type"]) > 1:
		w.abort(c, malformed("The header Authorization or Content-Type is repeated.")) // which of them counts, others may read otherwise
	case r.ContentLength > w.limits.BodyBytes:
		w.abort(c, &Error{Status: http.StatusRequestEntityTooLarge, Key: KeyTooLarge})
	case r.Header.Get("Content-Encoding") != "" || !readableText(r) || strings.HasPrefix(contentType(r), "multipart/"):
		w.abort(c, unsupported(statusWords[http.StatusUnsupportedMediaType]))
	case strings.Count(r.URL.RawQuery, "&") >= w.limits.Parameters:
		w.abort(c, &Error{Status: http.StatusBadRequest, Key: KeyTooLarge, Code: "invalid_request"})
	default:
		r.Body = http.MaxBytesReader(c.Writer, r.Body, w.limits.BodyBytes)
	}
}

func headerBytes(h http.Header) (n int) {
	for name, values := range h {
		for _, value := range values {
			n += len(name) + len(value) + len(": \r\n")
		}
	}
	return n
}

// readableText refuses unsupported charsets: another decoder would see another request.
func readableText(r *http.Request) bool {
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, named := parameters["charset"]
	return err != nil || !named || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii")
}

func contentType(r *http.Request) string {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

const formType = "application/x-www-form-urlencoded"

// readForm reads a form body within the limits.
func (w *Web) readForm(r *http.Request) (url.Values, error) {
	if contentType(r) != formType {
		return nil, unsupported("The body must be " + formType + ".")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, &Error{Status: http.StatusRequestEntityTooLarge, Key: KeyTooLarge}
		}
		return nil, ofForm(invalidRequest("", err))
	}
	if strings.Count(string(body), "&") >= w.limits.Parameters {
		return nil, &Error{Status: http.StatusRequestEntityTooLarge, Key: KeyTooLarge, Code: "invalid_request"}
	}
	values, err := parseValues(string(body))
	return values, ofForm(err)
}

// ofForm says of an error of parseValues that it is of a form, not of an address.
func ofForm(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Key = KeyForm
	}
	return err
}

// parseValues decodes a query or form strictly: no bad escapes, valid UTF-8 only. A NUL, which PostgreSQL cannot store,
// becomes U+FFFD, so that the field's own check reports it and the input is kept.
func parseValues(encoded string) (url.Values, error) {
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, malformed("The form is not well-formed.") // err would quote it
	}
	for name, all := range values {
		if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
			return nil, malformed("The name of a parameter is not UTF-8.")
		}
		for i, value := range all {
			if !utf8.ValidString(value) {
				return nil, invalidRequest(name, errors.New("a value is not UTF-8"))
			}
			all[i] = strings.ReplaceAll(value, "\x00", "\uFFFD")
		}
	}
	return values, nil
}

// malformed is an error of the request as a whole; rule is also shown to the client.
func malformed(rule string) *Error {
	refused := invalidRequest("", errors.New(rule))
	refused.detail = rule
	return refused
}

// unsupported is a body of a kind that the address does not take; rule is also shown to the client.
func unsupported(rule string) *Error {
	return &Error{Status: http.StatusUnsupportedMediaType, Key: KeyMediaType, Err: errors.New(rule), detail: rule}
}

func invalidRequest(parameter string, err error) *Error {
	return &Error{Status: http.StatusBadRequest, Key: KeyAddress, Code: "invalid_request", Parameter: parameter, Err: err}
}
