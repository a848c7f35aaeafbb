package registration

import (
	"errors"
	"fmt"

	"time"

	"github.com/google/uuid"
)

var (
	// ErrNoMatch is returned for an identity that was looked up and refused, whatever was wrong with it.
	ErrNoMatch = errors.New("registration: the identity does not match the roster")
	// ErrHasAccount is returned at the very end if the member has got an account in the meantime: there is no second
	// one (S-52).
	ErrHasAccount = errors.New("registration: the member has an account")
	// ErrUsernameTaken is returned if somebody else has taken the chosen username in the meantime.
	ErrUsernameTaken = errors.New("registration: the username is taken")
	// ErrCode is returned for a wrong code.
	ErrCode = errors.New("registration: wrong code")
	// ErrCodeExpired is returned if there is no valid code: it has expired, has no tries left, or was never sent.
	ErrCodeExpired = errors.New("registration: no code is valid")
	// ErrCodeEnded is returned for the fifth wrong code, which voids the code.
	ErrCodeEnded = errors.New("registration: too many wrong codes")
	// errManyCodes is returned for a wrong code, which voids the code, after many for the same card.
	errManyCodes = errors.New("registration: too many wrong codes for the card")

	errGone = errors.New("registration: no such registration") // unknown, idle for too long, finished, or of another browser
	// errFinished is an errGone whose member has an account by now.
	errFinished = fmt.Errorf("%w: it is finished", errGone)
	errBusy     = errors.New("registration: another request of it is at work")
)

// foreignError is returned for a form that belongs to another registration than the browser's, whose ID it has.
type foreignError struct{ id uuid.UUID }

func (*foreignError) Error() string { return "registration: the form is another registration's" }

// movedError reports that a step is not open, and where to go instead.
type movedError struct{ path string }

func (e *movedError) Error() string { return "registration: go to " + e.path }

// resendError reports when the next code can be requested. Limit distinguishes a limit over hours from the minute
// between two codes.
type resendError struct {
	wait  time.Duration
	limit bool
}

func (e *resendError) Error() string { return fmt.Sprintf("registration: next code in %s", e.wait) }

// slowError reports that too many identities of one source were refused, and when this one will be looked up (S-52).
type slowError struct{ wait time.Duration }

func (e *slowError) Error() string {
	return "registration: too many refused identities from one source"
}
