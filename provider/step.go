package provider

import (
	"time"

	"github.com/ory/fosite"

	"huskyidp/accounts"
)

// step is what an authorization request still needs from the member.
type step string

const (
	stepNone     step = ""         // nothing: the code can be issued
	stepRegister step = "register" // a new account was asked for
	stepSelect   step = "select"   // which account
	stepLogin    step = "login"    // a sign-in
)

// facts are all that nextStep looks at.
type facts struct {
	request    *authorizeRequest
	session    *accounts.Session // nil without one
	selectedAt *time.Time        // when the member chose to continue with this session
}

// nextStep names the first unmet need and its reason, in a fixed order. It is pure:
// every page returns to the dispatcher, which asks it again.
func nextStep(f facts) (step, string) {
	r, s := f.request, f.session
	fresh := s != nil && !s.AuthTime.Before(r.requestedAt) // signed in for this very request
	switch {
	case r.asks("create") && !fresh:
		return stepRegister, "prompt=create"
	case s == nil:
		return stepLogin, "no session"
	case r.asks("login") && !fresh:
		return stepLogin, "prompt=login"
	case r.maxAge >= 0 && !fresh && r.requestedAt.Sub(s.AuthTime) >= r.maxAge:
		return stepLogin, "max_age passed"
	case r.hintSubject != "" && r.hintSubject != s.Subject:
		return stepLogin, "id_token_hint names another member"
	case r.asks("select_account") && !fresh && f.selectedAt == nil:
		return stepSelect, "prompt=select_account"
	}
	return stepNone, ""
}

// silentError is the answer to prompt=none when a step is unmet (Core 3.1.2.6).
func (s step) silentError() error {
	if s == stepSelect {
		return fosite.ErrInteractionRequired
	}
	return fosite.ErrLoginRequired
}

// path is the page of a step.
func (s step) path() string {
	switch s {
	case stepRegister:
		return "/register/agreement"
	case stepSelect:
		return "/login/accounts"
	}
	return "/login"
}
