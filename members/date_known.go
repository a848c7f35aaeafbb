package members

import "slices"

// dateFit counts known members whose date a column has: as it was read, or with day and month the other way round.
type dateFit struct{ asRead, otherWay int }

// weighDates compares the dates of an entry that can be read both ways with those of its member.
func (run *importRun) weighDates(e *entry, before record) {
	if e.either == ([len(dateColumns)]bool{}) {
		return
	}
	spans := before.covers()
	for i, said := range [...]Date{e.said.BirthDate, e.said.CoverageStart, e.said.CoverageEnd} {
		if !e.either[i] {
			continue
		}
		has := func(d Date) bool {
			switch dateColumns[i] {
			case colBirthDate:
				return before.BirthDate == d
			case colCoverageStart:
				return slices.ContainsFunc(spans, func(s span) bool { return s.Start == d })
			}
			return slices.ContainsFunc(spans, func(s span) bool { return s.End == d })
		}
		switch {
		case has(said):
			run.fits[i].asRead++
		case has(said.exchanged()):
			run.fits[i].otherWay++
		}
	}
}

// dateOrders returns the columns in which nothing shows the order of day and month, but the roster contradicts the usual one.
func (run *importRun) dateOrders() (causes []error) {
	s, ok := run.source.(*csvSource)
	if !ok {
		return nil
	}
	for i, r := range s.parser.dates() {
		fit := run.fits[i]
		if r.order == "" && r.day == 0 && r.month == 0 && fit.otherWay >= doubtLeast && fit.otherWay > 2*fit.asRead {
			causes = append(causes, &DateOrderError{Column: string(dateColumns[i]), Either: r.ambiguous, AsRead: fit.asRead, OtherWay: fit.otherWay})
		}
	}
	return causes
}
