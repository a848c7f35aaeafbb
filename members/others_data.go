package members

import (
	"slices"

	"github.com/google/uuid"
)

// givenBirth is how many members of a chunk are given one birth date, other than each had, until it counts as what a program writes
// where it has none. Twins may be put right.
const givenBirth = 3

const (
	givenBirthProblem = "has a new birth date, and other lines give the same to people who had others: held. Was a date filled in where there was none?"
	exchangedProblem  = "has the birth date or last name of another line's member, and that line this one's: held. Have two cells changed places?"
)

// newIdentity is what an entry says about a known person, with what it omits.
type newIdentity struct {
	entry   *entry
	member  uuid.UUID
	was, is identity
}

// markOthersData marks the entries of a chunk whose new birth date many are given, or whose birth date or last name changed places
// with that of somebody anywhere in the chunk. Of people who changed places as a whole the numbers were swapped (swapped.go).
func (run *importRun) markOthersData(chunk []entry, known map[string]knownRow, former map[uuid.UUID]record) {
	births, lasts := map[[2]Date][]newIdentity{}, map[[2]string][]newIdentity{}
	given := map[Date][]newIdentity{}
	for i := range chunk {
		e := &chunk[i]
		row, isKnown := findRow(known, e.macs)
		before, isOther := former[row.ID]
		if !isKnown || !isOther || e.fault != nil || e.skipped != "" {
			continue
		}
		n := newIdentity{e, row.ID, before.identity(), e.rec.identity()}
		if e.rec.LastName == "" {
			n.is.first, n.is.last = n.was.first, n.was.last
		}
		if n.is.born.IsZero() {
			n.is.born = n.was.born
		}
		if n.is.born != n.was.born {
			births[[2]Date{n.was.born, n.is.born}] = append(births[[2]Date{n.was.born, n.is.born}], n)
			given[n.is.born] = append(given[n.is.born], n)
		}
		if n.is.last != n.was.last {
			lasts[[2]string{n.was.last, n.is.last}] = append(lasts[[2]string{n.was.last, n.is.last}], n)
		}
	}
	for born, people := range given {
		if !run.births[born] && !areGiven(people) {
			continue
		}
		run.births[born] = true
		for _, n := range people {
			n.entry.bornDoubt = givenBirthProblem
		}
	}
	for change, people := range births {
		for _, n := range people {
			if n.isExchanged(births[[2]Date{change[1], change[0]}]) {
				n.entry.bornDoubt = exchangedProblem
			}
		}
	}
	for change, people := range lasts {
		for _, n := range people {
			if n.isExchanged(lasts[[2]string{change[1], change[0]}]) {
				n.entry.lastDoubt = exchangedProblem
			}
		}
	}
}

// areGiven reports whether so many members are given one birth date. Those who had one before as well are born on one day.
func areGiven(people []newIdentity) bool {
	members, isOther := map[uuid.UUID]bool{}, false
	for _, n := range people {
		members[n.member] = true
		isOther = isOther || n.was.born != people[0].was.born
	}
	return len(members) >= givenBirth && isOther
}

// isExchanged reports whether one of those who changed the other way round is not the person that n became.
func (n newIdentity) isExchanged(others []newIdentity) bool {
	return slices.ContainsFunc(others, func(o newIdentity) bool { return o.is != n.was || n.is != o.was })
}
