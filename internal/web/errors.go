package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/postgres"
	"huskyidp/templates"
)

// The error pages: catalog keys with .title, .body and .button below them.
const (
	KeyApp         = "error.app"
	KeyAddress     = "error.address" // garbled, or half of it is missing
	KeyForm        = "error.form"    // the same of a body
	KeyExpired     = "error.expired"
	KeyAnswered    = "error.answered"     // the same, for who is signed in
	KeyForeign     = "error.foreign"      // a form of another person's session; names who is signed in now
	KeyForeignForm = "error.foreign_form" // likewise of another registration or recovery
	KeyStale       = "error.stale"        // a form whose browser has lost what was kept with it
	KeyCookies     = "error.cookies"      // the browser keeps no cookies
	KeyCookiesFull = "error.cookies_full"
	KeyTooMany     = "error.too_many"
	KeyUnavailable = "error.unavailable"
	KeySignedIn    = "error.signed_in" // the same, for who came to sign out
	KeyNotFound    = "error.not_found"
	KeyForbidden   = "error.forbidden"
	KeyTooLarge    = "error.too_large"
	KeyMediaType   = "error.media_type" // 415
	KeyUnexpected  = "error.unexpected"
)

// Keys returns all of them.
func Keys() []string {
	return []string{KeyApp, KeyAddress, KeyForm, KeyExpired, KeyAnswered, KeyForeign, KeyForeignForm, KeyStale, KeyCookies, KeyCookiesFull, KeyTooMany,
		KeyUnavailable, KeySignedIn, KeyNotFound, KeyForbidden, KeyTooLarge, KeyMediaType, KeyUnexpected}
}

// Error is a response chosen by a handler. Err is for the log and never shown.
type Error struct {
	Status    int
	Key       string        // one of the Key constants
	Code      string        // OAuth error code for the app's developers, or ""
	Parameter string        // name of the parameter at fault, or ""
	Value     string        // value of that parameter, for the app's developers; "" is not shown
	Href      string        // target of the button; "" means the default for Key
	Wait      time.Duration // sent as Retry-After, shown as {time}
	Username  string        // the signed-in user, shown as {username}; "" if irrelevant
	Options   []PageOption  // the frame around the page, which is then shown in place
	Err       error
	detail    string // what is wrong, in a fixed text for the developers of the calling program
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s (%d): %v", e.Key, e.Status, e.Err)
	}
	return fmt.Sprintf("%s (%d)", e.Key, e.Status)
}

func (e *Error) Unwrap() error { return e.Err }

// errorPage is the data of the template "web/error".
type errorPage struct {
	Key             string         // prefix of .title, .body and .button
	Args            templates.Args // "time" if the body says how long to wait
	Code, Parameter string         // "" if there is nothing for the app's developers
	Value           string         // value of the parameter
	Button          string         // target of the button
}

// ForeignForm answers a form rendered for somebody else: nothing was done, and whoever is signed in now may continue at
// href.
func ForeignForm(username, href string) *Error {
	return &Error{Status: http.StatusConflict, Key: KeyForeign, Username: username, Href: href}
}

// Handle adapts a handler that returns an error to gin.
func (w *Web) Handle(fn func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := fn(c); err != nil {
			w.abort(c, err)
		}
	}
}

// abort answers err and skips the remaining handlers.
func (w *Web) abort(c *gin.Context, err error) {
	c.Abort()
	if errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
		c.Status(statusGone) // nobody reads the response
		return
	}
	e := classify(err)
	if e.Status >= http.StatusInternalServerError {
		w.logger.LogAttrs(c.Request.Context(), slog.LevelError, "request failed", slog.String("request_id", requestOf(c).id),
			slog.String("route", c.FullPath()), slog.Int("status", e.Status), slog.String("error", err.Error()))
	}
	if c.Writer.Written() {
		return // the response has already begun
	}
	w.answer(c, e)
}

// statusGone is what the access log shows if the browser has disconnected; no RFC defines one.
const statusGone = 499

// busyWait is the default Retry-After of a 503.
const busyWait = 5 * time.Second

func classify(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if later, ok := errors.AsType[interface {
		error
		RetryAfter() time.Duration
	}](err); ok {
		if busy, ok := later.(unavailable); ok && busy.Unavailable() {
			return &Error{Status: http.StatusServiceUnavailable, Key: KeyUnavailable, Wait: later.RetryAfter(), Err: err}
		}
		return &Error{Status: http.StatusTooManyRequests, Key: KeyTooMany, Wait: later.RetryAfter(), Err: err}
	}
	if errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Status: http.StatusServiceUnavailable, Key: KeyUnavailable, Wait: busyWait, Err: err}
	}
	return &Error{Status: http.StatusInternalServerError, Key: KeyUnexpected, Err: err}
}

// Busy reports whether an error means that too many people are at it, and the message that the form shows: the form is
// displayed again with what was typed, with status 503.
func Busy(err error) (templates.Problem, bool) {
	busy, ok := errors.AsType[unavailable](err)
	if !ok || !busy.Unavailable() {
		return templates.Problem{}, false
	}
	return templates.Problem{Key: "web.busy", Args: templates.Args{"time": busy.RetryAfter()}}, true
}

// unavailable is an error that knows how long to wait.
type unavailable interface {
	error
	Unavailable() bool
	RetryAfter() time.Duration
}

// RetryAfter tells programs how long to wait, as the page tells people: every 429 has it.
func RetryAfter(c *gin.Context, wait time.Duration) {
	c.Header("Retry-After", strconv.Itoa(int(math.Ceil(max(wait, time.Second).Seconds()))))
}

// answer writes the error in the format of the route.
func (w *Web) answer(c *gin.Context, e *Error) {
	if e.Wait > 0 {
		RetryAfter(c, e.Wait)
	}
	if requestOf(c).refused == "" {
		Refused(c, e.Key)
	}
	switch {
	case requestOf(c).problem:
		p := Problem{Status: e.Status, Detail: cmp.Or(e.detail, statusWords[e.Status])}
		if e.Parameter != "" {
			p.Detail, p.Errors = e.detail, []ProblemField{{Field: e.Parameter, Code: "invalid"}}
		}
		WriteProblem(c, p)
		return
	case requestOf(c).json:
		answerJSON(c, e)
		return
	}
	if requestOf(c).lang == "" { // refused before the language was chosen
		w.chooseLanguage(c)
	}
	switch {
	case e.Status >= http.StatusInternalServerError && w.leaves(c):
		if w.leaveUnended(c) == nil {
			return
		}
	case e.Key == KeyUnavailable && c.FullPath() == logoutPath && w.Cookie(c, SessionCookie) != "":
		e.Key = KeySignedIn
	}
	if e.Key == KeyForeign {
		w.noteForeign(c)
	}
	if e.Username == "" && e.Options == nil && w.leadsToItself(c) { // look up again whose session is open
		if err := w.seeError(c, e); err == nil {
			return
		}
	}
	page := errorPage{Key: e.Key, Args: templates.Args{}, Code: e.Code, Parameter: e.Parameter, Value: clipped(e.Value), Button: e.button(c)}
	if e.Wait > 0 || e.Key == KeyTooMany || e.Key == KeyUnavailable || e.Key == KeySignedIn {
		page.Args["time"] = max(e.Wait, time.Second)
	}
	opts := append([]PageOption{InPlace()}, e.Options...)
	if e.Username != "" {
		page.Args["username"] = e.Username
		opts = append(opts, SignedIn(e.Username))
	}
	if err := w.Page(c, e.Status, w.errorPage, page, opts...); err != nil {
		w.logger.LogAttrs(c.Request.Context(), slog.LevelError, "error page failed",
			slog.String("request_id", requestOf(c).id), slog.String("error", err.Error()))
		c.String(e.Status, "%s\n", requestOf(c).id)
	}
}

// shownValue is how much of a wrong value the page repeats, in characters.
const shownValue = 300

func clipped(value string) string {
	if short := Clip(value, shownValue); short != value {
		return short + "…"
	}
	return value
}

// Clip cuts a value to n code points.
func Clip(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// button returns the target of the page's button: this page again, or a start page.
func (e *Error) button(c *gin.Context) string {
	if e.Href != "" {
		return e.Href
	}
	switch e.Key {
	case KeyApp, KeyForbidden:
		return "/account"
	case KeyAddress, KeyExpired, KeyNotFound:
		return "/"
	}
	if e.Status == http.StatusRequestHeaderFieldsTooLarge || e.Status == http.StatusRequestURITooLong || e.Status == http.StatusMisdirectedRequest {
		return "/"
	}
	again := *c.Request.URL
	again.RawQuery = switchQuery(again.Query(), Flow(c))
	if e.Key == KeyStale {
		return localOr(withCookieTest(&again))
	}
	return localOr(again.RequestURI())
}

// answerJSON writes an error of RFC 6749 5.2, or with the codes of 4.1.2.1 where that has none.
func answerJSON(c *gin.Context, e *Error) {
	code := e.Code
	switch {
	case code != "":
	case e.Status == http.StatusInternalServerError:
		code = "server_error"
	case e.Status == http.StatusServiceUnavailable, e.Status == http.StatusTooManyRequests:
		code = "temporarily_unavailable"
	default:
		code = "invalid_request"
	}
	writeJSON(c, e.Status, "application/json", map[string]string{"error": code, "request_id": requestOf(c).id, "error_description": e.description()})
}

// description is for the developers of the calling program.
func (e *Error) description() string {
	switch {
	case e.detail != "":
		return Description(e.detail)
	case e.Parameter != "":
		return Description("The parameter '" + clipped(e.Parameter) + "' cannot be accepted.")
	case statusWords[e.Status] != "":
		return statusWords[e.Status]
	}
	return "The request cannot be accepted: " + http.StatusText(e.Status) + "."
}

// statusWords describe the error where only the status is known.
var statusWords = map[int]string{
	http.StatusBadRequest:                  "The request is not well-formed.",
	http.StatusNotFound:                    "There is nothing at this address.",
	http.StatusMethodNotAllowed:            "This address does not take requests by this method.",
	http.StatusRequestEntityTooLarge:       "The body is too long, or has too many parameters.",
	http.StatusRequestURITooLong:           "The address is too long: send the parameters in the body.",
	http.StatusUnsupportedMediaType:        "The body has a type, charset or encoding that this address does not take.",
	http.StatusMisdirectedRequest:          "The header Host does not name this server.",
	http.StatusTooManyRequests:             "Too many requests: wait as long as the header Retry-After says.",
	http.StatusRequestHeaderFieldsTooLarge: "The headers are too long.",
	http.StatusInternalServerError:         "Something failed here. The operator finds it by the request_id.",
	http.StatusServiceUnavailable:          "The server is busy: wait as long as the header Retry-After says.",
}

// Description restricts a text to the characters allowed in error_description (RFC 6749 5.2).
func Description(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"', r == '\\', r == '`':
			return '\''
		case r < 0x20 || r > 0x7e:
			return '?'
		}
		return r
	}, text)
}

func writeJSON(c *gin.Context, status int, mediaType string, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers
	}
	c.Data(status, mediaType, encoded)
}
