package recovery

// Step is what a recovery of the password asks for next.
type Step string

// The steps in order. The account decides whether there is a question or a factor.
const (
	stepCode     Step = "code"     // sent to the mailbox on file
	stepQuestion Step = "question" // the secret question, where one is set
	stepFactor   Step = "factor"   // the second step, where one is enrolled
	stepPassword Step = "password" // the new one
	stepDone     Step = "done"
	stepEnded    Step = "ended" // without a new password; never continues (S-60)
	stepLate     Step = "late"  // ended, since nothing was done for so long
	stepLeft     Step = "left"  // ended, since somebody signed in or out in this browser
	stepOver     Step = "over"  // it was ended from elsewhere: nothing is left of it
	stepNone     Step = "none"  // nothing is known of a recovery in this browser
	stepOpen     Step = "open"  // no step: whoever comes back is asked whose the recovery is
)

// paths are the pages of the steps.
var paths = map[Step]string{
	stepCode: "/recover/code", stepQuestion: "/recover/question", stepFactor: "/recover/factor", stepPassword: "/recover/new-password",
	stepDone: "/recover/done", stepEnded: pathEnded, stepLate: pathPassword + "?note=late", stepLeft: pathPassword + "?note=left", stepOver: pathPassword + "?note=over", stepNone: pathPassword + "?note=none", stepOpen: "/recover/open",
}

const (
	pathPassword = "/recover/password"
	pathEnded    = pathPassword + "?note=ended"
	pathSignIn   = "/login"

	pathDoneBefore = "/recover/done?note=before"
)

// proofs are what an account can prove in addition to its mailbox.
type proofs struct {
	question, factor bool
	closed           bool // only the desk can open the question
}

// after is the step that follows once one is done. It defines the whole order (S-55).
func after(done Step, n proofs) Step {
	switch done {
	case stepCode:
		if n.question {
			return stepQuestion
		}
		return after(stepQuestion, n)
	case stepQuestion:
		if n.factor {
			return stepFactor
		}
		return after(stepFactor, n)
	case stepFactor:
		return stepPassword
	case stepPassword:
		return stepDone
	}
	return stepEnded
}
