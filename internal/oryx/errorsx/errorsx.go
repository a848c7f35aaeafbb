// Package errorsx holds what fosite needs to carry and describe errors.
package errorsx

import "errors"

// WithStack returns err as it is: fosite calls it on its hot paths, and the
// place of an error is named by its wrapping text.
func WithStack(err error) error { return err }

// Cause returns the innermost error that err wraps.
func Cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// The carriers below are the views that fosite's RFC6749Error offers.
type (
	// StatusCodeCarrier tells the HTTP status code.
	StatusCodeCarrier interface{ StatusCode() int }
	// RequestIDCarrier tells the id of the request that failed.
	RequestIDCarrier interface{ RequestID() string }
	// ReasonCarrier tells why it failed.
	ReasonCarrier interface{ Reason() string }
	// DebugCarrier tells what helps while developing.
	DebugCarrier interface{ Debug() string }
	// StatusCarrier tells the HTTP status text.
	StatusCarrier interface{ Status() string }
	// DetailsCarrier tells further facts by name.
	DetailsCarrier interface{ Details() map[string]any }
)
