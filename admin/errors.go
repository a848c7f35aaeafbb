package admin

import (
	"errors"
	"strings"
	"time"
)

var (
	// ErrNoRole says that the account has no role at the desk, or is closed.
	ErrNoRole = errors.New("admin: the account has no role at the desk")
	// ErrForbidden says that none of the person's roles allows the act.
	ErrForbidden = errors.New("admin: no role of this person allows the act")
	// ErrStaff says that the act is on the person's own account or a colleague's (S-63).
	ErrStaff = errors.New("admin: nobody acts on accounts of the desk")
	// ErrStepUp says that the sign-in is too old for an act (S-20).
	ErrStepUp = errors.New("admin: the sign-in is too old for an act")
	// ErrUnverified says that the caller has not been verified in the last 15 minutes.
	ErrUnverified = errors.New("admin: the caller is not verified")
	// ErrConflict says that the member changed since the page was read, or that there is nothing to do.
	ErrConflict = errors.New("admin: the member changed meanwhile")
	// ErrGone says that a request ended or was decided before.
	ErrGone = errors.New("admin: the request ended or was decided")
	// ErrOwn says that a person would approve what they asked for.
	ErrOwn = errors.New("admin: the request is the person's own")
	// ErrNotFound says that there is no such member or request.
	ErrNotFound = errors.New("admin: nothing has this id")
	// ErrOtherBody says that the Idempotency-Key came with something else before.
	ErrOtherBody = errors.New("admin: the key was used for something else")
	// ErrBusy says that the same act is at work right now.
	ErrBusy error = busyError{}
)

type busyError struct{}

func (busyError) Error() string             { return "admin: another act on this member is at work" }
func (busyError) Unavailable() bool         { return true }
func (busyError) RetryAfter() time.Duration { return 2 * time.Second }

// denials are the words under which denied calls are recorded.
var denials = []struct {
	err  error
	word string
}{
	{ErrForbidden, "forbidden"}, {ErrStaff, "staff_account"}, {ErrStepUp, "step_up"}, {ErrUnverified, "unverified"},
	{ErrConflict, "conflict"}, {ErrGone, "gone"}, {ErrOwn, "own_request"}, {ErrOtherBody, "other_body"}, {ErrNotFound, "not_found"},
}

// denial returns the word for an error that denies a call; "" for other errors.
func denial(err error) string {
	for _, d := range denials {
		if errors.Is(err, d.err) {
			return d.word
		}
	}
	if _, ok := errors.AsType[*LimitError](err); ok {
		return "limit"
	}
	if _, ok := errors.AsType[*TakenError](err); ok {
		return "taken"
	}
	return ""
}

// LimitError says that a person, or everybody for one member, has reached a limit.
type LimitError struct {
	Limit string
	Wait  time.Duration
}

func (e *LimitError) Error() string             { return "admin: limit " + e.Limit + " reached" }
func (e *LimitError) RetryAfter() time.Duration { return e.Wait }

// Invalid says which fields of a call are invalid, each with a word for the reason. The words are the last parts of
// catalog keys.
type Invalid map[string]string

func (e Invalid) Error() string {
	var names []string
	for name := range e {
		names = append(names, name)
	}
	return "admin: invalid: " + strings.Join(names, ", ")
}
