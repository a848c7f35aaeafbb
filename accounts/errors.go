package accounts

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrWrongCredentials is the one answer to a wrong password, an unknown username
	// and an account without password.
	ErrWrongCredentials = errors.New("accounts: wrong username or password")
	// ErrDisabled says that the account is closed; only after the right password.
	ErrDisabled = errors.New("accounts: the account is disabled")
	// ErrNoSession says that the token is not of a session that is open.
	ErrNoSession = errors.New("accounts: no session")
	// ErrNotFound says that there is no such account.
	ErrNotFound = errors.New("accounts: no such account")
	// ErrUsernameTaken and ErrMemberHasAccount are Create's: someone was faster.
	ErrUsernameTaken    = errors.New("accounts: the username is taken")
	ErrMemberHasAccount = errors.New("accounts: the member has an account")
	// ErrExists says that Create has run with this id before.
	ErrExists = errors.New("accounts: the account exists already")
	// ErrLink says that the link of a notice was used, is too old or never was.
	ErrLink = errors.New("accounts: no such link")
	// ErrSamePassword says that the new password is the one before.
	ErrSamePassword = errors.New("accounts: the same password as before")
	// ErrWrongAnswer says that the answers to the secret questions are not the right ones.
	ErrWrongAnswer = errors.New("accounts: wrong answer")
	// ErrNoFactor says that the account has no such second step, or may not use it yet.
	ErrNoFactor = errors.New("accounts: no such second step")
	// ErrHasFactor says that the second step is enrolled already.
	ErrHasFactor = errors.New("accounts: the second step is enrolled already")
	// ErrCodeFormat says that what was typed is no code; nothing is counted.
	ErrCodeFormat = errors.New("accounts: not a code of six digits")
	// ErrWrongCode and ErrCodeUsed say why a code of a second step is refused.
	ErrWrongCode = errors.New("accounts: wrong code")
	ErrCodeUsed  = errors.New("accounts: the code was used before")
	// ErrPasskey is the one answer to a passkey that proves nothing here.
	ErrPasskey = errors.New("accounts: the passkey proves nothing")
	// ErrCloned says that a passkey's counter went back.
	ErrCloned = fmt.Errorf("%w: its counter went back", ErrPasskey)
	// ErrNoPending says that there is no sign-in, or step-up, that waits for a second step
	// in this browser; ErrEnded that it had too many wrong codes.
	ErrNoPending = errors.New("accounts: nothing waits for a second step")
	ErrEnded     = errors.New("accounts: too many wrong codes")
	// ErrBusy says that too many hashes are being computed; it is answered with 503.
	ErrBusy error = busyError{}
)

type busyError struct{}

func (busyError) Error() string             { return "accounts: too many sign-ins at once" }
func (busyError) Unavailable() bool         { return true }
func (busyError) RetryAfter() time.Duration { return 2 * time.Second }

// WaitError says that there were too many failures, whether or not there is such an
// account, and how long every attempt is refused from now.
type WaitError struct{ Wait time.Duration }

func (e *WaitError) Error() string             { return "accounts: too many failed attempts" }
func (e *WaitError) RetryAfter() time.Duration { return e.Wait }

// ErrCodeElsewhere says that a code to prove an address was asked for later in another session, where it is good. It is an
// ErrNoPending.
var ErrCodeElsewhere = fmt.Errorf("%w: it does in another session", ErrNoPending)

// ErrQuestionClosed says that the secret questions of an account wait for the desk.
var ErrQuestionClosed = errors.New("accounts: the question is closed")

// ClosedError says until when the secret questions of an account are not asked (S-59).
type ClosedError struct{ Until time.Time }

func (e *ClosedError) Error() string { return "accounts: too many wrong answers" }

// FactorLockedError says that a second step had too many wrong codes, and until when it
// is refused, right or wrong (S-16).
type FactorLockedError struct {
	Until time.Time
	wait  time.Duration
}

func (e *FactorLockedError) Error() string             { return "accounts: too many wrong codes" }
func (e *FactorLockedError) RetryAfter() time.Duration { return e.wait }
