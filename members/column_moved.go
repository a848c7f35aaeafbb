package members

import (
	"fmt"
	"slices"
)

// ExchangedError reports that most lines begin coverage before birth, or on the day of the known birth: the two columns changed places.
type ExchangedError struct{ Lines, Dated int }

func (e *ExchangedError) Error() string {
	return fmt.Sprintf("birth_date and coverage_start: in %d of %d lines with both coverage begins before birth or on the known birth date; "+
		"have the two columns changed places? Nothing was changed", e.Lines, e.Dated)
}

// exchangedDates counts the lines with a birth date and a begin of coverage, and those in which the two seem to have changed places.
type exchangedDates struct{ dated, exchanged int }

// weigh notes an entry as read; before is what is known of its member, if anything.
func (x *exchangedDates) weigh(said, before record) {
	if said.BirthDate.IsZero() || said.CoverageStart.IsZero() {
		return
	}
	x.dated++
	isKnownBirth := said.CoverageStart == before.BirthDate && said.BirthDate != before.BirthDate && !before.isBornLate(before.BirthDate)
	if said.isBornLate(said.BirthDate) || isKnownBirth {
		x.exchanged++
	}
}

func (x *exchangedDates) causes() []error {
	if x.exchanged < doubtLeast || x.exchanged*2 <= x.dated {
		return nil
	}
	return []error{&ExchangedError{x.exchanged, x.dated}}
}

// programMoves is what a full file does to the known programmes. There are four, so that many lines have one of a neighbour's by chance.
type programMoves struct {
	known, changed int
	above, below   int               // changed lines with the programme that is known of the line above, and below
	become         map[[2]string]int // lines by the programme that is known and the one in the file
	said, was      string            // of the line above
}

func (run *importRun) weighProgram(e *entry, before record) {
	if run.source.isChange() || e.isBare || slices.Contains(e.absent, colProgram) {
		return
	}
	m, said, was := &run.programs, e.said.Program, before.formerSpan(e.said, nil).Program
	if m.become == nil {
		m.become = map[[2]string]int{}
	}
	m.become[[2]string{was, said}]++
	if m.said != m.was && m.said == was {
		m.below++
	}
	if said != was {
		m.changed++
		if m.known > 0 && said == m.was {
			m.above++
		}
	}
	m.known++
	m.said, m.was = said, was
}

// causes doubts a file whose programmes are those that are known, each of another member: of most members, or of the row beside. A
// file that gives each programme another name, even one of the others', is none.
func (m *programMoves) causes() []error {
	more, had, most, off, isRenamed := map[string]int{}, map[string]int{}, map[string]int{}, 0, true
	for change, n := range m.become {
		more[change[1]] += n
		more[change[0]] -= n
		had[change[0]] += n
		most[change[0]] = max(most[change[0]], n)
	}
	for _, n := range more {
		off += max(n, -n)
	}
	for program, n := range had {
		isRenamed = isRenamed && most[program]*100 >= n*98
	}
	isMoved := max(m.above, m.below)*10 >= m.changed*9 || m.changed*2 > m.known
	if m.changed < doubtLeast || m.changed*100 <= m.known*doubtLimit || off*5 > m.changed || !isMoved || isRenamed {
		return nil
	}
	return []error{&SortedError{string(colProgram), m.changed, m.known}}
}
