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
	// ErrStaff says that the act is on the person's own account, on a colleague's, or on one with their mailbox (S-63).
	ErrStaff = errors.New("admin: nobody acts on accounts of the desk")
	// ErrStepUp says that the sign-in is too old for an act (S-20).
	ErrStepUp = errors.New("admin: the sign-in is too old for an act")
	// ErrUnverified says that the caller has not been verified in the last 15 minutes.
	ErrUnverified = errors.New("admin: the caller is not verified")
	// ErrConflict says that the member changed since the page was read, or that there is nothing to do.
	ErrConflict = errors.New("admin: the member changed meanwhile")
	// ErrNoCode says that no code waits to be read out: none was mailed in this session, or it expired, was spoken or has
	// no tries left.
	ErrNoCode = errors.New("admin: no code waits to be read out")
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

// Words for denials.
const (
	deniedLimit     = "limit"        // of the person: an alert, see audit.AlertName
	deniedForMember = "limit_member" // of everybody for one member
	deniedAsker     = "asker"        // may not ask any more
)

// denials are the words under which denied calls are recorded.
var denials = []struct {
	err  error
	word string
}{
	{ErrForbidden, "forbidden"}, {ErrStaff, "staff_account"}, {ErrStepUp, "step_up"}, {ErrUnverified, "unverified"},
	{ErrConflict, "conflict"}, {ErrNoCode, "no_code"}, {ErrGone, "gone"}, {ErrOwn, "own_request"}, {ErrOtherBody, "other_body"}, {ErrNotFound, "not_found"},
}

// denial returns the word for an error that denies a call; "" for other errors.
func denial(err error) string {
	if _, ok := errors.AsType[*NothingError](err); ok {
		return "nothing"
	}
	if _, ok := errors.AsType[*PendingError](err); ok {
		return "pending"
	}
	if blocked, ok := errors.AsType[*BlockedError](err); ok {
		switch blocked.Why {
		case BlockedAsker:
			return deniedAsker
		case BlockedHeld:
			return "pending"
		case BlockedNothing:
			return "nothing"
		}
	}
	for _, d := range denials {
		if errors.Is(err, d.err) {
			return d.word
		}
	}
	if limit, ok := errors.AsType[*LimitError](err); ok {
		if limit.ofPerson() {
			return deniedLimit
		}
		return deniedForMember
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

// ofPerson reports whether it is an hourly limit of one person of the desk (S-62).
func (e *LimitError) ofPerson() bool { return e.Limit == lookups.Name || e.Limit == acts.Name }

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
