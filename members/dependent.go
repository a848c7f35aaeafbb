package members

import "slices"

// leaveDependents takes out of the rows of one number the loops of dependents who are not the subscriber, so that the subscriber is
// applied wherever those loops are. They may be about anybody.
func (run *importRun) leaveDependents(group []repeat) ([]repeat, error) {
	subscribers := slices.DeleteFunc(slices.Clone(group), repeat.isDependent)
	if len(subscribers) == 0 || len(subscribers) == len(group) || slices.ContainsFunc(subscribers, repeat.isRejected) {
		return group, nil
	}
	var rec record
	var spans []span
	for i, row := range subscribers {
		next, err := run.openRepeat(row)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			rec = next
		}
		spans = append(spans, next.covers()...)
	}
	for _, row := range group {
		if !row.isDependent() {
			continue
		}
		if !row.isRejected() {
			next, err := run.openRepeat(row)
			if err != nil {
				return nil, err
			}
			joint, joined := rec, slices.Concat(spans, next.covers())
			if row.Kind != lineHeld && contradiction(rec, next) == "" && joint.setCovers(joined) {
				subscribers, spans = append(subscribers, row), joined
				continue
			}
		}
		run.unreadable++
		if row.isRejected() {
			continue
		}
		delete(run.delayed, row.Line)
		run.rejected(LineError{row.Line, string(colNumber), dependentApart + dependentAdvice, run.source.unit()})
	}
	return subscribers, nil
}

func (r repeat) isDependent() bool { return unpackMarks(r.Marks).had&ofDependent != 0 }
