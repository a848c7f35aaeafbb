package registration

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
	"time"
)

var (
	// ErrNoMatch is the outcome of an identity that was looked up and refused, whatever was wrong with it.
	ErrNoMatch = errors.New("registration: the identity does not match the roster")
	// ErrHasAccount says at the very end that the member got an account in the meantime: no second one is made (S-52).
	ErrHasAccount = errors.New("registration: the member has an account")
	// ErrUsernameTaken says that the username chosen belongs to someone else by now.
	ErrUsernameTaken = errors.New("registration: the username is taken")
	// ErrCode is a code that is not the one mailed.
	ErrCode = errors.New("registration: wrong code")
	// ErrCodeExpired is a code too late, or after its last try, or none was sent.
	ErrCodeExpired = errors.New("registration: no code is valid")
	// ErrCodeEnded is the fifth wrong code: it is void now.
	ErrCodeEnded = errors.New("registration: too many wrong codes")

	errGone = errors.New("registration: no such registration") // none, idle for too long, finished, or of another browser
	// errFinished is an errGone whose member has an account by now.
	errFinished = fmt.Errorf("%w: it is finished", errGone)
	errBusy     = errors.New("registration: another request of it is at work")
)

// foreignError says that a form is another registration's than the browser's, whose ID it has.
type foreignError struct{ id uuid.UUID }

func (*foreignError) Error() string { return "registration: the form is another registration's" }

// movedError says that a step is not open, and where to go instead.
type movedError struct{ path string }

func (e *movedError) Error() string { return "registration: go to " + e.path }

// resendError says when the next code may be asked for. Limit tells a limit over hours from the minute between two codes.
type resendError struct {
	wait  time.Duration
	limit bool
}

func (e *resendError) Error() string { return fmt.Sprintf("registration: next code in %s", e.wait) }

// slowError says that too many identities were refused from one place, and when this one is looked at (S-52).
type slowError struct{ wait time.Duration }

func (e *slowError) Error() string {
	return "registration: too many refused identities from one source"
}
