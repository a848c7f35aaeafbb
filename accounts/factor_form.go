package accounts

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"huskyidp/templates"
)

// Methods returns the second steps that may be used, as the last part of their page's path, the best first.
func (f Factors) Methods() (names []string) {
	if f.Passkeys > 0 {
		names = append(names, "passkey")
	}
	if f.TOTP {
		names = append(names, "totp")
	}
	if f.SavedCodes > 0 {
		names = append(names, "saved-code")
	}
	return names
}

// TypedFactor reads the form of a method's page: the factor ("" for an unknown method), the field ("" if a script fills
// it in), and the proof.
func TypedFactor(method string, form url.Values) (f Factor, field, proof string) {
	switch method {
	case "passkey":
		return Passkey, "", form.Get("credential")
	case "totp":
		return TOTP, "code", form.Get("code")
	case "saved-code":
		return SavedCodes, "saved_code", form.Get("saved_code")
	}
	return "", "", ""
}

// misshapen is ErrCodeFormat for a proof that is not judged, because it does not have the shape of the factor's codes.
func misshapen(f Factor, proof string) (err error) {
	switch f {
	case TOTP:
		_, err = typedCode(proof)
	case SavedCodes:
		if _, err = ParseSavedCode(proof); errors.Is(err, ErrWrongCode) {
			err = nil
		}
	}
	return err
}

// OrSavedCode names the saved codes in a problem of an app's code where the page leads to them, in others.
func OrSavedCode(problem templates.Problem, others []string) templates.Problem {
	if problem.Key == "accounts.totp.format" && slices.Contains(others, "saved-code") {
		problem.Key = "accounts.totp.or_saved"
	}
	return problem
}

// FactorProblem returns what a member reads when a second step was refused; proof is what was posted in the field. over
// reports that nothing may be tried for now. Status 0 means that the error is not the member's.
func FactorProblem(err error, field, proof string) (status int, problem templates.Problem, over bool) {
	if locked, ok := errors.AsType[*FactorLockedError](err); ok && locked.UsedUp {
		return http.StatusTooManyRequests, templates.Problem{Key: "accounts.factor.used_up"}, true
	} else if ok {
		return http.StatusTooManyRequests, templates.Problem{Key: "accounts.factor.locked", Args: templates.Args{"time": locked.RetryAfter()}}, true
	}
	key := ""
	switch {
	case errors.Is(err, ErrEnded):
		return http.StatusUnprocessableEntity, templates.Problem{Key: "accounts.factor.ended"}, true
	case errors.Is(err, ErrCodeFormat) && field == "saved_code" && BareCode(proof) == "":
		key = "accounts.saved_code.missing"
	case errors.Is(err, ErrCodeFormat) && field == "saved_code":
		key = "accounts.saved_code.format"
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
		key = PasskeyKey(err)
	default:
		return 0, templates.Problem{}, false
	}
	return http.StatusUnprocessableEntity, templates.Problem{Field: field, Key: key}, false
}

// PasskeyKey returns the catalog key of what is wrong with a passkey, for an ErrPasskey.
func PasskeyKey(err error) string {
	switch {
	case errors.Is(err, ErrPasskeyWaits):
		return "accounts.passkey.waits"
	case errors.Is(err, ErrPasskeyOver):
		return "accounts.passkey.over"
	}
	return "accounts.passkey.failed"
}
