package accounts

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrWrongCredentials is the only answer to a wrong password, an unknown username and an account without a
	// password.
	ErrWrongCredentials = errors.New("accounts: wrong username or password")

	// ErrNotSpared means that a remembered browser was forgotten after it had spared a sign-in the second step: it is asked for.
	ErrNotSpared = errors.New("accounts: the browser is no longer remembered")
	// ErrDisabled is returned for a closed account, only after the right password.
	ErrDisabled = errors.New("accounts: the account is disabled")
	// ErrNoSession is returned for a token that belongs to no open session.
	ErrNoSession = errors.New("accounts: no session")
	// ErrNotFound is returned if there is no such account.
	ErrNotFound = errors.New("accounts: no such account")
	// ErrUsernameTaken and ErrMemberHasAccount are returned by Create if somebody else was faster.
	ErrUsernameTaken    = errors.New("accounts: the username is taken")
	ErrMemberHasAccount = errors.New("accounts: the member has an account")
	// ErrExists is returned if Create has already run with this ID.
	ErrExists = errors.New("accounts: the account exists already")
	// ErrLink is returned for a notice's link that was used, is too old or never existed.
	ErrLink = errors.New("accounts: no such link")
	// ErrSamePassword is returned if the new password equals the current one.
	ErrSamePassword = errors.New("accounts: the same password as before")
	// ErrJustChanged is returned for the form that has just changed the password, sent again.
	ErrJustChanged = errors.New("accounts: the password was changed by this form")
	// errChangedMeanwhile is returned if the password was changed while it was checked.
	errChangedMeanwhile = errors.New("accounts: the password was changed meanwhile")
	// ErrWrongAnswer is returned if the answers to the secret questions are wrong.
	ErrWrongAnswer = errors.New("accounts: wrong answer")
	// ErrNoFactor is returned if the account has no such second step, or may not use it yet.
	ErrNoFactor = errors.New("accounts: no such second step")
	// ErrHasFactor is returned if the second step is already enrolled.
	ErrHasFactor = errors.New("accounts: the second step is enrolled already")
	// ErrCodeFormat is returned if the input is not a code; it is not counted.
	ErrCodeFormat = errors.New("accounts: not a code of six digits")
	// ErrWrongCode and ErrCodeUsed are the reasons for refusing a code of a second step.
	ErrWrongCode = errors.New("accounts: wrong code")
	ErrCodeUsed  = errors.New("accounts: the code was used before")
	// ErrPasskey is the only answer to a passkey that proves nothing here.
	ErrPasskey = errors.New("accounts: the passkey proves nothing")
	// ErrPasskeyWaits is returned for the owner's passkey before it can be used (S-55).
	ErrPasskeyWaits = fmt.Errorf("%w: it cannot be used yet", ErrPasskey)
	// ErrPasskeyOver is a passkey that answers no open request of this browser: it came too late, or was used before.
	ErrPasskeyOver = fmt.Errorf("%w: its request is over", ErrPasskey)
	// ErrCloned is returned if a passkey's counter went back.
	ErrCloned = fmt.Errorf("%w: its counter went back", ErrPasskey)
	// ErrNoPending is returned if no sign-in or step-up awaits its second step in this browser; ErrEnded if it had too
	// many wrong codes.
	ErrNoPending = errors.New("accounts: nothing waits for a second step")
	ErrEnded     = errors.New("accounts: too many wrong codes")
	// ErrBusy is returned while too many hashes are being computed; it is answered with 503.
	ErrBusy error = busyError{}
)

type busyError struct{}

func (busyError) Error() string             { return "accounts: too many sign-ins at once" }
func (busyError) Unavailable() bool         { return true }
func (busyError) RetryAfter() time.Duration { return 2 * time.Second }

// WaitError is returned after too many failures, whether or not the account exists. Every attempt is refused for Wait.
type WaitError struct{ Wait time.Duration }

func (e *WaitError) Error() string             { return "accounts: too many failed attempts" }
func (e *WaitError) RetryAfter() time.Duration { return e.Wait }

// ErrCodeElsewhere is returned if a code to prove an address was requested later in another session, where it is valid.
// It is an ErrNoPending.
var ErrCodeElsewhere = fmt.Errorf("%w: another session awaits its code", ErrNoPending)

// ErrQuestionClosed is returned if the secret questions of an account are closed until the desk decides.
var ErrQuestionClosed = errors.New("accounts: the question is closed")

// ClosedError is returned while the secret questions of an account are not asked (S-59).
type ClosedError struct{ Until time.Time }

func (e *ClosedError) Error() string { return "accounts: too many wrong answers" }

// FactorLockedError is returned while a second step is locked after too many wrong codes, for right and wrong codes
// alike (S-16).
type FactorLockedError struct {
	Until  time.Time
	UsedUp bool // waiting does not help
	wait   time.Duration
}

func (e *FactorLockedError) Error() string             { return "accounts: too many wrong codes" }
func (e *FactorLockedError) RetryAfter() time.Duration { return e.wait }
