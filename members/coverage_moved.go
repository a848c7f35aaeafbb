package members

import (
	"math"
	"slices"

	"github.com/google/uuid"
)

// Programmes and days of coverage rightly change for many side by side, but then to one value, or all to later or all to earlier days. Cells
// that slipped, were sorted or pasted give each row what another one had. Blocks of such rows in a full file are held.
const (
	// stepLeast is how many changed rows, beside one for each row of the distance, have what the row so far above or below had, while the
	// unchanged rows between them do too: those who rightly change to one value cannot be more than the distance.
	stepLeast = 4
	// blockGap is how many rows are between two changed ones of a block at most.
	blockGap = 25
	// blockLeast is how many changes a block has, of one row in five; of one row in ten blockLong.
	blockLeast, blockLong = 10, 60
	// maxPairs bounds the values that are compared: what has more is not renamed one by one.
	maxPairs = 64
	// maxRun is how many changes of a run are kept while it may be a new name for each value.
	maxRun = 1000
)

var coverColumns = [...]column{colProgram, colCoverageStart, colCoverageEnd}

const coverageProblem = "changes its member's coverage, and so do lines close by, whose new programmes or days are those that lines beside them had, or the same ones in another order: " +
	"held. Have cells slipped, or been pasted or sorted?"

// coverCell is what a line says of one column of coverage. Days are in order, no begin before and no end behind all others.
type coverCell struct {
	at, line int // at counts lines
	member   uuid.UUID
	was, is  uint64
	isWild   bool // the line is left out, or is a new member's: nobody knows what was there
}

func (c *coverCell) isChanged() bool { return c.was != c.is }

// coverMoves finds blocks of moved cells in one column, in one pass.
type coverMoves struct {
	isProgram     bool
	at, changedAt int
	known         int
	cells         [16]coverCell          // the last ones, more than sameStep
	runs          [2 * sameStep]coverRun // with what was above, and below, by distance
	block         coverBlock
	marked        map[uuid.UUID]int // the line to be held, by member
}

// weighCoverage notes what a line of a full file makes of its member's coverage.
func (run *importRun) weighCoverage(e *entry, row knownRow, before *record) {
	if run.source.isChange() || run.isEmpty || run.options.AllowDoubtful {
		return
	}
	var was span
	if before != nil {
		was = before.formerSpan(e.said, e.absent)
	}
	for i, c := range coverColumns {
		if slices.Contains(e.absent, c) {
			continue
		}
		cell := coverCell{line: e.position, member: row.ID, isWild: before == nil || e.isBare}
		if !cell.isWild {
			switch c {
			case colProgram:
				cell.was, cell.is = run.persons.hash(was.Program), run.persons.hash(e.said.Program)
			case colCoverageStart:
				cell.was, cell.is = was.Start.ordinal(0), e.said.CoverageStart.ordinal(0)
			case colCoverageEnd:
				cell.was, cell.is = was.End.ordinal(math.MaxUint64), e.said.CoverageEnd.ordinal(math.MaxUint64)
			}
		}
		run.coverage[i].isProgram = c == colProgram
		run.coverage[i].add(cell)
	}
}

// ordinal returns a number in the order of days, or none for no date.
func (d Date) ordinal(none uint64) uint64 {
	if d.IsZero() {
		return none
	}
	return uint64(d.Year)<<9 | uint64(d.Month)<<5 | uint64(d.Day)
}

func (m *coverMoves) add(cell coverCell) {
	m.at++
	cell.at = m.at
	m.cells[m.at%len(m.cells)] = cell
	if !cell.isWild {
		m.known++
	}
	if cell.isChanged() {
		m.changedAt = m.at
	}
	for step := 1; step <= sameStep && step < m.at; step++ {
		above := &m.cells[uint(m.at-step)%uint(len(m.cells))]
		isWild := cell.isWild || above.isWild
		m.runs[step-1].add(m, &cell, step, isWild || cell.is == above.was)
		m.runs[sameStep+step-1].add(m, above, step, isWild || above.is == cell.was)
	}
	m.block.add(m, cell)
}

func (m *coverMoves) mark(cells ...coverCell) {
	if m.marked == nil {
		m.marked = map[uuid.UUID]int{}
	}
	for _, c := range cells {
		m.marked[c.member] = c.line
	}
}

// coverRun is lines one after another that all have what the line at one distance had.
type coverRun struct {
	isOpen, isMarked bool
	until            int // up to which line changes belong to a run that has ended
	n                int
	changes          []coverCell
	edge             []coverCell // changes right above: what slipped came from beyond the block
	values           valueMap
}

func (r *coverRun) add(m *coverMoves, cell *coverCell, step int, isSame bool) {
	if !isSame && r.isOpen {
		if r.isMarked {
			r.until = cell.at + step - 1
		}
		r.isOpen, r.isMarked, r.n = false, false, 0
		r.changes, r.edge, r.values = r.changes[:0], r.edge[:0], valueMap{pairs: r.values.pairs[:0]}
	}
	if cell.isChanged() && cell.at <= r.until {
		m.mark(*cell)
	}
	if !isSame || cell.isWild {
		return
	}
	if !r.isOpen {
		r.isOpen = true
		for at := cell.at - step; m.changedAt >= at && at < cell.at; at++ {
			if above := m.cells[max(at, 0)%len(m.cells)]; above.at == at && above.isChanged() {
				r.edge = append(r.edge, above)
			}
		}
	}
	r.values.add(cell.was, cell.is)
	if !cell.isChanged() {
		return
	}
	r.n++
	if r.isMarked {
		m.mark(*cell)
		return
	}
	if len(r.changes) == maxRun {
		r.changes = append(r.changes[:0], r.changes[maxRun/2:]...)
	}
	r.changes = append(r.changes, *cell)
	if r.n >= step+stepLeast && !r.values.isRenaming(r.n, m.isProgram) {
		m.mark(r.changes...)
		m.mark(r.edge...)
		r.isMarked = true
	}
}

// valueMap counts lines by what they had and have.
type valueMap struct {
	pairs  []valuePair
	isMore bool // than are counted
}

type valuePair struct {
	was, is uint64
	n       int
}

func (v *valueMap) add(was, is uint64) {
	for i := range v.pairs {
		if p := &v.pairs[i]; p.was == was && p.is == is {
			p.n++
			return
		}
	}
	if v.isMore = v.isMore || len(v.pairs) == maxPairs; !v.isMore {
		v.pairs = append(v.pairs, valuePair{was, is, 1})
	}
}

// isRenaming reports whether each value became one other value, or stayed, nearly always. Of days that is so by itself unless they are few.
func (v *valueMap) isRenaming(changed int, isProgram bool) bool {
	all, most, total := map[uint64]int{}, map[uint64]int{}, 0
	for _, p := range v.pairs {
		all[p.was] += p.n
		most[p.was] = max(most[p.was], p.n)
		total += p.n
	}
	stray := total
	for _, n := range most {
		stray -= n
	}
	return !v.isMore && stray*10 <= changed && (isProgram || len(all)*3 <= total)
}

// coverBlock is changes that are close together.
type coverBlock struct {
	changes []coverCell
	kept    []uint64 // what the unchanged lines behind the last one have
	values  valueMap
}

func (b *coverBlock) add(m *coverMoves, cell coverCell) {
	if n := len(b.changes); n > 0 && (cell.at-b.changes[n-1].at > blockGap || n == maxDense) {
		b.close(m)
	}
	switch {
	case cell.isChanged():
		for _, v := range b.kept {
			b.values.add(v, v)
		}
		b.kept = b.kept[:0]
		b.values.add(cell.was, cell.is)
		b.changes = append(b.changes, cell)
	case len(b.changes) > 0 && !cell.isWild:
		b.kept = append(b.kept, cell.is)
	}
}

// close marks the block if its cells were moved.
func (b *coverBlock) close(m *coverMoves) {
	if b.isMoved(m.isProgram) {
		m.mark(b.changes...)
	}
	*b = coverBlock{changes: b.changes[:0], kept: b.kept[:0], values: valueMap{pairs: b.values.pairs[:0]}}
}

// isMoved reports whether the new values of a block are the former ones in about another order, or days of other people: many, some later
// and some earlier. Relatives who change together count once.
func (b *coverBlock) isMoved(isProgram bool) bool {
	n, apart, later := len(b.changes), 0, 0
	if n < blockLeast {
		return false
	}
	more, given := map[uint64]int{}, map[uint64]bool{}
	for i, c := range b.changes {
		if i == 0 || c.at-b.changes[i-1].at > 1 || c.was != b.changes[i-1].was || c.is != b.changes[i-1].is {
			apart++
		}
		if c.was < c.is {
			later++
		}
		more[c.is]++
		more[c.was]--
		given[c.is] = true
	}
	rows := b.changes[n-1].at - b.changes[0].at + 1
	if apart < blockLeast || n*5 < rows && (n < blockLong || n*10 < rows) {
		return false
	}
	off, less := 0, min(later, n-later)
	for _, k := range more {
		off += max(k, -k)
	}
	if isProgram {
		return off*2 <= n && !b.values.isRenaming(n, true)
	}
	return off*2 <= n && less*6 >= n || n*3 >= rows && less*4 >= n && len(given) >= max(5, n/4)
}

// lateCoverage returns the lines whose coverage is held, by member, that are not listed for another reason.
func (run *importRun) lateCoverage() map[uuid.UUID]string {
	late, listed := map[uuid.UUID]string{}, map[int]bool{}
	for _, line := range run.listed {
		listed[line] = true
	}
	for i := range run.coverage {
		m := &run.coverage[i]
		m.block.close(m)
		for member, line := range m.marked {
			if !listed[line] {
				late[member] = coverageProblem
			}
		}
	}
	return late
}

// movedCoverage refuses a file that moves the coverage of so many.
func (run *importRun) movedCoverage() (causes []error) {
	for i := range run.coverage {
		if m := &run.coverage[i]; len(m.marked) >= doubtLeast && len(m.marked)*100 > m.known*doubtLimit {
			causes = append(causes, &SortedError{string(coverColumns[i]), len(m.marked), m.known})
		}
	}
	return causes
}

const shiftedCoverage = "has an end of coverage that is the known begin, or a begin that is the known end: held. Have cells moved by one column?"

// isCoverShifted reports whether a new end is a day on which coverage is known to begin, or a new begin one on which it is known to end. A begin
// may be, for a sender whose ends are the first day without coverage, if the new coverage is of whole years too.
func (r record) isCoverShifted(e *entry) bool {
	if e.verb == verbEnd || e.isEnding {
		return false
	}
	known := r.covers()
	begins := func(d Date) bool { return slices.ContainsFunc(known, func(s span) bool { return s.Start == d }) }
	ends := func(d Date) bool { return slices.ContainsFunc(known, func(s span) bool { return s.End == d }) }
	return slices.ContainsFunc(e.said.covers(), func(s span) bool {
		isYears := s.Start.Before(s.End) && s.Start.Month == s.End.Month && s.Start.Day == s.End.Day
		return !s.End.IsZero() && begins(s.End) && !ends(s.End) || !s.Start.IsZero() && ends(s.Start) && !begins(s.Start) && !isYears
	})
}
