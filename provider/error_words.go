package provider

import (
	"errors"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/internal/web"
)

// ownWords marks an error whose hint was written here. Others, of fosite or of what it wraps,
// may quote Go's own errors: they reach nobody.
const ownWords = "worded"

// worded is an error of a specification in words of ours, for who made the app.
func worded(base *fosite.RFC6749Error, text string) *fosite.RFC6749Error {
	own := base.WithHint(text)
	own.DebugField = ownWords
	return own
}

// ours is an error that fosite has not.
func ours(code, text string) *fosite.RFC6749Error {
	return worded(&fosite.RFC6749Error{ErrorField: code, CodeField: 400}, text)
}

func isWorded(e *fosite.RFC6749Error) bool { return e != nil && e.DebugField == ownWords }

// oauthError finds the error that an app may see, nil when the cause is something that should
// not reach one, such as a lost database. A code that we do not document is none of ours.
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

// describe is the error_description: our words, or those of the table that apps are given.
func describe(e *fosite.RFC6749Error) string {
	if isWorded(e) {
		return web.Description(e.HintField)
	}
	return web.Description(whenOf(e.ErrorField))
}

// ErrorCodes are all codes that this server answers.
func ErrorCodes() []string {
	codes := make([]string, len(errorCodes))
	for i, e := range errorCodes {
		codes[i] = e.Code
	}
	return codes
}

// whenOf is what the table of errors says of a code; "" for one that it has not.
func whenOf(code string) string {
	i := slices.IndexFunc(errorCodes, func(e errorCode) bool { return e.Code == code })
	if i < 0 {
		return ""
	}
	return errorCodes[i].When
}

// programError is how each endpoint of programs says no (RFC 6749 5.2, RFC 6750 3.1, RFC 7591
// 3.2.2). An empty text is the table's.
func programError(c *gin.Context, status int, code, text string) {
	if text == "" {
		text = whenOf(code)
	}
	noStore(c)
	web.Refused(c, code)
	c.JSON(status, gin.H{"error": code, "error_description": web.Description(text)})
}
