package registration

import "time"

// Step is one page of the registration.
type Step struct {
	Path string
	done func(*Registration) bool // what it asks for is there
}

// steps are the pages in order. A page opens once all before it are done.
var steps = []Step{
	{"/register/agreement", func(r *Registration) bool { return !r.AgreedAt.IsZero() }},
	{"/register/personal", func(r *Registration) bool { return r.matched() }},
	{"/register/credentials", func(r *Registration) bool { return r.hasCredentials() }},
	{"/register/code", func(r *Registration) bool { return !r.ProvenAt.IsZero() }},
	{"/register/review", func(r *Registration) bool { return !r.FinishedAt.IsZero() }},
}

// The steps by name, for the handlers.
var (
	stepAgreement   = steps[0]
	stepPersonal    = steps[1]
	stepCredentials = steps[2]
	stepCode        = steps[3]
	stepReview      = steps[4]
)

const (
	pathLocked = "/register/locked"
	pathDone   = "/register/done"
	pathOpen   = "/register/open" // asks whose the registration is that was begun in this browser
)

// next is the path of the first step that is not done. A lock takes precedence.
func next(r *Registration, now time.Time) string {
	if r.lockedAt(now) {
		return pathLocked
	}
	for _, step := range steps {
		if !step.done(r) {
			return step.Path
		}
	}
	return pathDone
}

// open reports whether a step may be shown or submitted: nothing before it is missing.
func open(r *Registration, step Step, now time.Time) bool {
	if r.lockedAt(now) || !r.FinishedAt.IsZero() {
		return false
	}
	for _, before := range steps {
		if before.Path == step.Path {
			return true
		}
		if !before.done(r) {
			return false
		}
	}
	return false
}
