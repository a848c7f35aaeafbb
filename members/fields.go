package members

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// FieldChange counts the known members for whom an import changes one field. Cleared counts those who lose it.
type FieldChange struct {
	Column           string
	Changed, Cleared int
}

// ClearError reports that too many members who have a field would lose it.
type ClearError struct {
	FieldChange
	Known int // members in the file who have it
}

func (e *ClearError) Error() string {
	loss := "lose it"
	if e.Column == string(colCoverageEnd) {
		loss = "have coverage without an end"
	}
	return fmt.Sprintf("%s: %d of %d known members who have it would %s; is the column empty, or a part of it? Nothing was changed", e.Column, e.Cleared, e.Known, loss)
}

// FillError reports that a file gives a suffix to most known members who had none: one value was filled down.
type FillError struct{ Filled, Lack int }

func (e *FillError) Error() string {
	return fmt.Sprintf("suffix: %d of %d known members who have none would get one; was a value filled down? Nothing was changed", e.Filled, e.Lack)
}

// fields are the counted fields, in the order of the report.
var fields = [...]column{colFirstName, colLastName, colSuffix, colBirthDate, colProgram, colCoverageStart, colCoverageEnd}

// marks record what an entry does to the fields of a known member, as bits by position in fields. In cleared, the bit lapses
// means a member who is covered today, and would not be; in changed, the bit regains means the opposite.
type marks struct{ had, changed, cleared, gained uint8 }

const lapses, regains = 1 << len(fields), 1 << len(fields)

// ofDependent, in had, stands for a loop under what may be the subscriber's number.
const ofDependent = 1 << len(fields)

// ofPrior, in gained, stands for a line with a new number that names a known member's as the former one.
const ofPrior = 1 << len(fields)

// ofStranger, in gained, stands for a line that is held, or left out beside such a one: its number may be another's.
const ofStranger = ofPrior

func (m marks) pack() int32 {
	return int32(m.had) | int32(m.changed)<<8 | int32(m.cleared)<<16 | int32(m.gained)<<24
}

func unpackMarks(packed int32) marks {
	return marks{uint8(packed), uint8(packed >> 8), uint8(packed >> 16), uint8(packed >> 24)}
}

// has returns the fields that a record has.
func (r record) has() (bits uint8) {
	var start, end, program bool
	for _, s := range r.covers() {
		start, end, program = start || !s.Start.IsZero(), end || !s.End.IsZero(), program || s.Program != ""
	}
	for i, is := range [len(fields)]bool{r.FirstName != "", r.LastName != "", r.Suffix != "", !r.BirthDate.IsZero(), program, start, end} {
		if is {
			bits |= 1 << i
		}
	}
	return bits
}

// marksOf compares a record with its successor on a day.
func marksOf(before, after record, today Date) marks {
	m := marks{had: before.has()}
	same := func(of func(span) string) bool {
		return slices.EqualFunc(before.covers(), after.covers(), func(a, b span) bool { return of(a) == of(b) })
	}
	for i, isSame := range [len(fields)]bool{
		before.FirstName == after.FirstName, before.LastName == after.LastName, before.Suffix == after.Suffix, before.BirthDate == after.BirthDate,
		slices.Equal(before.programs(today), after.programs(today)),
		same(func(s span) string { return s.Start.String() }),
		same(func(s span) string { return s.End.String() }),
	} {
		if !isSame {
			m.changed |= 1 << i
		}
	}
	m.cleared, m.gained = m.had&^after.has(), after.has()&^m.had
	return m.covering(before.isCovered(today), after.isCovered(today))
}

// covering notes whether a member is covered before and after.
func (m marks) covering(before, after bool) marks {
	m.cleared, m.changed = m.cleared&^lapses, m.changed&^regains
	switch {
	case before && !after:
		m.cleared |= lapses
	case !before && after:
		m.changed |= regains
	}
	return m
}

// covered returns the marks of a member who had ended, and so was not covered, or who ends or is still ended, and so will not be: such
// an end is counted as one.
func (m marks) covered(kind int16, hadEnded bool, after record, today Date) marks {
	switch {
	case kind != lineChanged:
		return m.covering(false, false)
	case hadEnded:
		return m.covering(false, after.isCovered(today))
	}
	return m
}

// programs returns the programmes of a day and of later, or the last one.
func (r record) programs(today Date) (programs []string) {
	spans := r.covers()
	for i, s := range spans {
		if i == len(spans)-1 && programs == nil || s.End.IsZero() || !s.End.Before(today) {
			programs = append(programs, s.Program)
		}
	}
	return slices.Compact(programs)
}

func (r record) isCovered(day Date) bool {
	return slices.ContainsFunc(r.covers(), func(s span) bool { return s.holds(day) })
}

// tally adds an entry's marks to the counts, or removes them with n = -1.
func (run *importRun) tally(m marks, n int) {
	for i := range fields {
		if m.had&(1<<i) != 0 {
			run.had[i] += n
		}
		if m.changed&(1<<i) != 0 {
			run.fields[i].Changed += n
		}
		if m.cleared&(1<<i) != 0 {
			run.fields[i].Cleared += n
		}
	}
	if m.cleared&lapses != 0 {
		run.lapsing += n
	}
	if m.changed&regains != 0 {
		run.regaining += n
	}
	if had := m.had &^ ofDependent; had != 0 && had&hasSuffix == 0 { // a known member has a name
		run.plain += n
	}
	if m.gained&hasSuffix != 0 {
		run.suffixed += n
	}
}

const hasSuffix = 1 << 2 // its place in fields

// nameChanges passes on which staged lines change which fields of known members.
func (run *importRun) nameChanges(ctx context.Context) error {
	if run.options.Changing == nil {
		return nil
	}
	return run.roster.store.changes(ctx, func(line int, m marks) {
		var names []string
		for i, c := range fields {
			if m.changed&(1<<i) != 0 {
				names = append(names, string(c))
			}
		}
		if len(names) == 0 { // an ended member comes back
			return
		}
		run.options.Changing(LineError{Line: line, Problem: "changes " + strings.Join(names, ", "), Unit: run.source.unit()})
	})
}

// filling is clearing for the suffix, which few people get in their life: what else a file gives to many may be right.
func (run *importRun) filling() []error {
	if run.suffixed >= doubtLeast && run.suffixed*2 > run.plain {
		return []error{&FillError{run.suffixed, run.plain}}
	}
	return nil
}

// fieldChanges returns the fields that change for at least one member.
func (run *importRun) fieldChanges() (changes []FieldChange) {
	for i, c := range run.fields {
		if c.Changed > 0 {
			c.Column = string(fields[i])
			changes = append(changes, c)
		}
	}
	return changes
}

// clearing finds the fields that too many members who have them would lose: of a full file, a suffix or programme as many as may lose
// coverage (shrinkLimit), else most. A date that is cleared is often right, and a change file consists of changes.
func (run *importRun) clearing() (causes []error) {
	for i, c := range run.fields {
		lost := 0
		switch {
		case run.source.isChange():
		case fields[i] == colProgram:
			lost = c.Cleared
		case fields[i] == colSuffix: // where others get one, they have slipped, which is judged line by line
			lost = c.Cleared - run.suffixed
		}
		if c.Cleared >= doubtLeast && c.Cleared*2 > run.had[i] || lost >= doubtLeast && lost*100 > run.had[i]*shrinkLimit {
			c.Column = string(fields[i])
			causes = append(causes, &ClearError{c, run.had[i]})
		}
	}
	return causes
}

// filled completes a line of a file that lacks some columns: those fields stay as they were.
func (r record) filled(line record, absent []column) record {
	former := r.formerSpan(line, absent)
	coverage := 0
	for _, c := range absent {
		switch c {
		case colSuffix:
			if line.ownSuffix() == "" {
				line.Suffix = r.Suffix
			}
			continue
		case colProgram:
			line.Program = former.Program
		case colCoverageStart:
			line.CoverageStart = former.Start
		case colCoverageEnd:
			if !former.End.Before(line.CoverageStart) { // else it belongs to an earlier span
				line.CoverageEnd = former.End
			}
		}
		coverage++
	}
	if coverage == 3 || coverage > 0 && slices.Contains(absent, colCoverageStart) && slices.Contains(absent, colCoverageEnd) {
		line.Earlier = r.Earlier
	}
	return line
}

// formerSpan returns the coverage span that a line refers to: the one that starts or ends with it, else the last.
func (r record) formerSpan(line record, absent []column) span {
	spans := r.covers()
	for _, s := range spans {
		isSame := s.Start == line.CoverageStart
		if slices.Contains(absent, colCoverageStart) {
			isSame = s.End == line.CoverageEnd && !slices.Contains(absent, colCoverageEnd)
		}
		if isSame {
			return s
		}
	}
	return spans[len(spans)-1]
}

// keepNames keeps a known member's name if the new one could never be typed, since it was damaged on the way.
func (run *importRun) keepNames(e *entry, former record) {
	e.noteWholeName(former)
	if !run.options.AllowDoubtful {
		e.noteNameWords(former)
	}
	if len(e.notes) == 0 {
		return
	}
	was := cannotRegister(former, 0, "")
	isOf := func(c column) func(LineError) bool {
		return func(n LineError) bool { return n.Column == string(c) }
	}
	isKept := false
	for i := range e.notes {
		note := &e.notes[i]
		c := column(note.Column)
		if c == "" || slices.ContainsFunc(was, isOf(c)) { // kept already
			continue
		}
		if c == colFirstName {
			if e.rec.Suffix == "" && keepsSuffix(e.rec.FirstName) { // it is there
				e.rec.Suffix = former.Suffix
			}
			e.rec.FirstName = former.FirstName
		} else {
			e.rec.LastName, e.rec.Suffix = former.LastName, former.Suffix
		}
		note.Problem = strings.TrimPrefix(note.Problem, noteCannotRegister) + ": the former name stays"
		isKept = true
	}
	if isKept {
		e.content, e.contentMAC = run.roster.encode(e.rec)
	}
}
