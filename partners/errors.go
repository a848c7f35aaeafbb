package partners

import "errors"

var (
	// ErrNoSession means that nobody is signed in, or not any more, or that the person was removed.
	ErrNoSession = errors.New("partners: there is no such session")
	// ErrLink is for a link that is unknown, used or too old.
	ErrLink = errors.New("partners: the link is not valid, or not any more")
	// ErrPasskey is for every passkey that is not accepted, whatever is wrong.
	ErrPasskey = errors.New("partners: the passkey is not accepted")
	// ErrNotFound is also for what belongs to another organisation.
	ErrNotFound = errors.New("partners: there is nothing of this organisation under this ID")
	// ErrState means that the request is not in a state in which this can be done; somebody else was first.
	ErrState = errors.New("partners: this cannot be done in this state")
	// ErrEdited means that another tab or person has changed the same part meanwhile.
	ErrEdited = errors.New("partners: this part was changed meanwhile")
	// ErrTooMany means that an organisation has as many as it may.
	ErrTooMany = errors.New("partners: there are as many as there may be")
	// ErrKnown means that the address has an account already.
	ErrKnown = errors.New("partners: the address has an account")
)
