package keys

import "errors"

var (
	ErrUnknownAlgorithm = errors.New("no signing key for this algorithm")
	ErrNextExists       = errors.New("a key of this algorithm is already waiting to become active")
	ErrUnknownKey       = errors.New("no signing key has this kid")
)
