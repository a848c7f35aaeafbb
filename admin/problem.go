package admin

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// problemType is a kind of problem of this API.
const problemType = "urn:huskyidp:problem:"

// problems are the responses to the errors of a call, each with its own type.
var problems = []struct {
	err    error
	status int
	code   string
	title  string
}{
	{ErrNoRole, http.StatusForbidden, "no_role", "The account has no role at the desk"},
	{ErrForbidden, http.StatusForbidden, "forbidden", "None of your roles allows this"},
	{ErrStaff, http.StatusForbidden, "staff_account", "Nobody acts on accounts of the desk"},
	{ErrUnverified, http.StatusForbidden, "caller_unverified", "Verify the caller first"},
	{ErrStepUp, http.StatusUnauthorized, "step_up", "Sign in again: the last sign-in is more than five minutes old"},
	{ErrNotFound, http.StatusNotFound, "not_found", "Nothing has this id"},
	{ErrConflict, http.StatusConflict, "conflict", "Somebody changed it meanwhile, or there is nothing to do"},
	{ErrNoCode, http.StatusConflict, "no_code", "No code waits: none was mailed, or it expired, was read out or has no tries left"},
	{ErrGone, http.StatusConflict, "decided", "The request ended or was decided"},
	{ErrOwn, http.StatusForbidden, "own_request", "Another person must do this"},
	{ErrOtherBody, http.StatusUnprocessableEntity, "idempotency_key_reused", "The Idempotency-Key came with another request before"},
}

// answer turns an error of a use case into its problem; other errors are returned.
func answer(c *gin.Context, err error) error {
	if waits, ok := errors.AsType[*PendingError](err); ok {
		web.WriteProblem(c, web.Problem{Type: problemType + "pending", Title: "Such an act is on hold, or waits for a second person", Status: http.StatusConflict, Detail: string(waits.State)})
		return nil
	}
	if blocked, ok := errors.AsType[*BlockedError](err); ok {
		web.WriteProblem(c, web.Problem{Type: problemType + "blocked", Title: "The request cannot be approved any more", Status: http.StatusConflict, Detail: string(blocked.Why)})
		return nil
	}
	if nothing, ok := errors.AsType[*NothingError](err); ok {
		web.WriteProblem(c, web.Problem{Type: problemType + "nothing", Title: "There is nothing to act on, or no longer", Status: http.StatusConflict, Detail: nothing.Why})
		return nil
	}
	for _, p := range problems {
		if errors.Is(err, p.err) {
			if p.err == ErrStepUp {
				challenge(c, insufficientAuthentication)
			}
			web.WriteProblem(c, web.Problem{Type: problemType + p.code, Title: p.title, Status: p.status})
			return nil
		}
	}
	if limit, ok := errors.AsType[*LimitError](err); ok {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(limit.Wait.Seconds()))))
		web.WriteProblem(c, web.Problem{Type: problemType + "limit", Title: "A limit is reached", Status: http.StatusTooManyRequests, Detail: limit.Limit})
		return nil
	}
	if taken, ok := errors.AsType[*TakenError](err); ok {
		web.WriteProblem(c, web.Problem{Type: problemType + "taken", Title: "Somebody else was faster", Status: http.StatusConflict, Detail: taken.Name})
		return nil
	}
	if handled, ok := errors.AsType[*HandledError](err); ok {
		web.WriteProblem(c, web.Problem{Type: problemType + "handled", Title: "Somebody else has handled it", Status: http.StatusConflict, Detail: handled.By})
		return nil
	}
	p := web.Problem{Type: problemType + "invalid", Title: "A field cannot be", Status: http.StatusUnprocessableEntity}
	if invalid, ok := errors.AsType[Invalid](err); ok {
		for _, field := range slices.Sorted(maps.Keys(invalid)) {
			p.Errors = append(p.Errors, web.ProblemField{Field: field, Code: invalid[field]})
		}
		web.WriteProblem(c, p)
		return nil
	}
	if card, ok := errors.AsType[*CardError](err); ok {
		for _, problem := range card.Problems {
			p.Errors = append(p.Errors, web.ProblemField{Field: problem.Field, Code: lastPart(problem.Key)})
		}
		web.WriteProblem(c, p)
		return nil
	}
	return err
}

// The error codes of WWW-Authenticate (RFC 6750 3.1, RFC 9470 3).
const (
	invalidToken               = "invalid_token"
	insufficientScope          = "insufficient_scope"
	insufficientAuthentication = "insufficient_user_authentication"
)

// descriptions are the error_description of each.
var descriptions = map[string]string{
	invalidToken:               "the access token is unknown, expired, revoked, bound to a key, or was not requested for the resource of this API",
	insufficientScope:          "the access token lacks the scope of this API",
	insufficientAuthentication: "the sign-in was without a second step, or is too old for this act",
}

// challenge sets the WWW-Authenticate header; code is "" for a call without a token.
func challenge(c *gin.Context, code string) {
	value := "Bearer"
	if code != "" {
		value += fmt.Sprintf(` error=%q, error_description=%q`, code, descriptions[code])
	}
	switch code {
	case insufficientScope:
		value += `, scope="admin"`
	case insufficientAuthentication:
		value += fmt.Sprintf(`, acr_values=%q, max_age=%d`, accounts.ACRFactor, int(freshness/time.Second))
	}
	c.Header("WWW-Authenticate", value)
}

// lastPart is the last part of a catalog key.
func lastPart(key string) string {
	for i := len(key) - 1; i >= 0; i-- {
		if key[i] == '.' {
			return key[i+1:]
		}
	}
	return key
}
