package members

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
)

// heldLine is a line that waits for a decision, with what it would be applied to.
type heldLine struct {
	LineError
	member      uuid.UUID
	was, is     []byte // content digests
	isDependent bool
}

// decided returns the lines on which somebody decided.
func (o ImportOptions) decided() []int { return slices.Concat(o.SamePerson, o.OtherPerson, o.Namesake) }

// hold lists a line. The decision needs the name of the list (reviewCode).
func (run *importRun) hold(line heldLine) {
	fmt.Fprintf(run.review, "%d %s %x %x\n", line.Line, line.member, line.was, line.is)
	run.listed = append(run.listed, line.Line)
	if line.isDependent {
		run.depending = append(run.depending, line.Line)
	}
	if run.options.Held != nil {
		run.options.Held(line.LineError)
	}
}

// holdDelayed lists the dependents' lines of a full file that were not left out beside the subscriber's.
func (run *importRun) holdDelayed() {
	for _, position := range slices.Sorted(maps.Keys(run.delayed)) {
		run.hold(run.delayed[position])
	}
}
