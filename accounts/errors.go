package accounts

import (
	"errors"
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

// ClosedError says until when the secret questions of an account are not asked (S-59).
type ClosedError struct{ Until time.Time }

func (e *ClosedError) Error() string { return "accounts: too many wrong answers" }
