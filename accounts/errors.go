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
