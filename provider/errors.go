package provider

import (
	"errors"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/internal/web"
)

// ownWords marks an error whose hint was written here. Other hints, of fosite or of errors it wraps, may quote Go
// errors and are not shown.
const ownWords = "worded"

// worded returns an error of a specification with a text of ours for the app's developer.
func worded(base *fosite.RFC6749Error, text string) *fosite.RFC6749Error {
	own := base.WithHint(text)
	own.DebugField = ownWords
	return own
}

// ours returns an error that fosite does not define.
func ours(code, text string) *fosite.RFC6749Error {
	return worded(&fosite.RFC6749Error{ErrorField: code, CodeField: 400}, text)
}

func isWorded(e *fosite.RFC6749Error) bool { return e != nil && e.DebugField == ownWords }

// oauthError returns the error that an app may see, nil if the cause must not reach one, such as a lost database. An
// undocumented code becomes invalid_request.
func oauthError(cause error) *fosite.RFC6749Error {
	var oauth *fosite.RFC6749Error
	if !errors.As(cause, &oauth) || oauth.CodeField >= 500 {
		return nil
	}
	if whenOf(oauth.ErrorField) == "" {
		return fosite.ErrInvalidRequest.WithWrap(cause)
	}
	return oauth
}

// describe returns the error_description: our hint, or the text of the documented error table.
func describe(e *fosite.RFC6749Error) string {
	if isWorded(e) {
		return web.Description(e.HintField)
	}
	return web.Description(whenOf(e.ErrorField))
}

// ErrorCodes returns all error codes that this server sends.
func ErrorCodes() []string {
	codes := make([]string, len(errorCodes))
	for i, e := range errorCodes {
		codes[i] = e.Code
	}
	return codes
}

// whenOf returns the error table's description of a code, "" if it is not listed.
func whenOf(code string) string {
	i := slices.IndexFunc(errorCodes, func(e errorCode) bool { return e.Code == code })
	if i < 0 {
		return ""
	}
	return errorCodes[i].When
}

// programError writes the error of an endpoint for programs (RFC 6749 5.2, RFC 6750 3.1, RFC 7591 3.2.2). An empty text
// is replaced by the table's.
func programError(c *gin.Context, status int, code, text string) {
	if text == "" {
		text = whenOf(code)
	}
	noStore(c)
	web.Refused(c, code)
	c.JSON(status, gin.H{"error": code, "error_description": web.Description(text)})
}
