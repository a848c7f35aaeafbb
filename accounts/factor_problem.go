package accounts

import (
	"errors"
	"net/http"

	"huskyidp/templates"
)

// FactorProblem is what a member reads when a second step was refused; proof is what was
// posted in the field. over says that nothing may be tried for now. Status 0 means that
// the error is not theirs.
func FactorProblem(err error, field, proof string) (status int, problem templates.Problem, over bool) {
	if locked, ok := errors.AsType[*FactorLockedError](err); ok {
		return http.StatusTooManyRequests, templates.Problem{Key: "accounts.factor.locked", Args: templates.Args{"time": locked.RetryAfter()}}, true
	}
	key := ""
	switch {
	case errors.Is(err, ErrEnded):
		return http.StatusUnprocessableEntity, templates.Problem{Key: "accounts.factor.ended"}, true
	case errors.Is(err, ErrCodeFormat) && proof == "":
		key = "accounts.totp.missing"
	case errors.Is(err, ErrCodeFormat):
		key = "accounts.totp.format"
	case errors.Is(err, ErrCodeUsed):
		key = "accounts.totp.used"
	case errors.Is(err, ErrWrongCode) && field == "saved_code", errors.Is(err, ErrNoFactor):
		key = "accounts.saved_code.wrong"
	case errors.Is(err, ErrWrongCode):
		key = "accounts.totp.wrong"
	case errors.Is(err, ErrPasskey):
		key = "accounts.passkey.failed"
	default:
		return 0, templates.Problem{}, false
	}
	return http.StatusUnprocessableEntity, templates.Problem{Field: field, Key: key}, false
}
