package provider

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/ory/fosite"

	"huskyidp/accounts"
)

// step is what an authorization request still needs from the member.
type step string

const (
	stepNone      step = ""          // nothing: the code can be issued
	stepRegister  step = "register"  // a new account was asked for
	stepSelect    step = "select"    // which account
	stepLogin     step = "login"     // a sign-in
	stepFactor    step = "factor"    // more proof than the session has
	stepAgreement step = "agreement" // a new version of the license agreement
	stepSettle    step = "settle"    // what an imported account lacks
	stepQuestion  step = "question"  // a secret question, if there is none; can be postponed
	stepPasskey   step = "passkey"   // the offer of a passkey, once; can be declined
	stepConsent   step = "consent"   // the member's permission for a partner app
)

// facts are the only input of nextStep.
type facts struct {
	request    *authorizeRequest
	session    *accounts.Session // nil without one
	heldFor    *uuid.UUID        // whose second step the request waited for; nil if nobody's
	selectedAt *time.Time        // when the member chose to continue with this session
	best       int               // rank that the member's factors can give; read if the session has less than is wanted
	agreement  bool              // a new version must be accepted; asked at a fresh sign-in
	question   bool              // a secret question must be asked for, also at a fresh sign-in
	passkey    bool              // a passkey may be offered, also at a fresh sign-in
	stranger   bool              // the app was launched for another member
	consent    *consent          // what the member allowed this client; nil if nothing, or not asked for
}

// fresh reports whether the member signed in for this request.
func (f facts) fresh() bool {
	return f.session != nil && !f.session.AuthTime.Before(f.request.requestedAt)
}

// noMember reports whether the app asks for a member's permission, and who is signed in is of the support desk.
func (f facts) noMember() bool {
	return f.session != nil && f.session.MemberID == uuid.Nil && f.request.client != nil && f.request.client.needsConsent()
}

// nextStep returns the first unmet need and its reason, in a fixed order. It is pure: every page returns to the
// dispatcher, which calls it again.
func nextStep(f facts) (step, string) {
	r, s, fresh := f.request, f.session, f.fresh()
	switch {
	case r.asks("create") && !fresh:
		return stepRegister, "prompt=create"
	case s == nil:
		return stepLogin, "no session"
	case r.asks("login") && !fresh:
		return stepLogin, "prompt=login"
	case r.maxAge >= 0 && !fresh && r.requestedAt.Sub(s.AuthTime) >= r.maxAge:
		return stepLogin, "max_age passed"
	case r.hintSubject != "" && r.hintSubject != f.subject():
		return stepLogin, "id_token_hint names another member"
	case f.stranger && !fresh: // who signs in as another is refused
		return stepLogin, "the app was launched for another member"
	case f.noMember() && !fresh: // likewise
		return stepLogin, "support staff have no data for an app"
	case r.asks("select_account") && !fresh && f.selectedAt == nil:
		return stepSelect, "prompt=select_account"
	case f.heldFor != nil && *f.heldFor != s.AccountID && f.selectedAt == nil:
		return stepSelect, "another member's sign-in waited"
	case accounts.Rank(s.ACR) < r.assurance.minimum:
		return stepFactor, "a higher acr is needed"
	case accounts.Rank(s.ACR) < r.assurance.wanted(f.best) && (r.assurance.insists || !r.asks("none")):
		return stepFactor, "a higher acr is wished for"
	case r.lastsWithoutSecret() && !fresh && r.requestedAt.Sub(s.AuthTime) >= accounts.Fresh:
		return stepFactor, "a public client asks for access without the member"
	case f.agreement:
		return stepAgreement, "a new version of the agreement"
	case s.Unsettled:
		return stepSettle, "the account was imported and is not complete"
	case f.question:
		return stepQuestion, "no secret question, and not asked for lately"
	case f.passkey && !r.asks("none"):
		return stepPasskey, "no passkey, never offered, and the device can make one"
	}
	return nextConsent(f)
}

// lastsWithoutSecret reports whether the request is for tokens that outlive the session and that whoever holds the browser could
// redeem: a public client's code is good with a verifier of their own (RFC 8252 section 8.6). A browser found open must not give
// them (S-20), also to an app that has a permission already.
func (r *authorizeRequest) lastsWithoutSecret() bool {
	return r.client != nil && r.client.IsPublic() && slices.Contains(r.sharedScopes(), scopeOffline)
}

// nextConsent asks a partner's member once, again for new scopes, and whenever the app requests it.
func nextConsent(f facts) (step, string) {
	r := f.request
	switch {
	case r.client == nil || !r.client.needsConsent():
		return stepNone, ""
	case f.consent == nil:
		return stepConsent, "no consent"
	case !f.consent.covers(r.sharedScopes()):
		return stepConsent, "a new scope"
	case r.asks("consent") && f.consent.GrantedAt.Before(r.requestedAt):
		return stepConsent, "prompt=consent"
	}
	return stepNone, ""
}

// subject returns the member's sub at this client.
func (f facts) subject() string {
	if f.consent != nil {
		return f.consent.Subject
	}
	return f.session.Subject
}

// silentError returns the error for prompt=none if a step is unmet (Core 3.1.2.6).
func (s step) silentError() error {
	switch s {
	case stepSelect, stepAgreement, stepSettle, stepQuestion, stepPasskey:
		return fosite.ErrInteractionRequired
	case stepConsent:
		return fosite.ErrConsentRequired
	}
	return fosite.ErrLoginRequired
}

// path returns the page of a step.
func (s step) path() string {
	switch s {
	case stepRegister:
		return "/register/agreement"
	case stepSelect:
		return "/login/accounts"
	case stepFactor:
		return "/reauth"
	case stepAgreement:
		return "/login/agreement"
	case stepSettle:
		return accounts.WelcomePath
	case stepQuestion:
		return "/login/question"
	case stepPasskey:
		return pathOffer
	case stepConsent:
		return "/consent"
	}
	return "/login"
}
