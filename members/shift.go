package members

import (
	"strings"

	"github.com/google/uuid"
)

// A block of cells that slipped by a row gives each person the name or birth date of the next one. However few they are, those
// lines are held, because that is hardly ever true of a person. A last name or birth date alone may be: families stand together,
// people marry, and a twin's birth date is put right. They count if so many people in a row get one. A birth date that somebody of
// another last name had counts alone.
const (
	shiftedLast   = 3
	shiftedBorn   = 2
	shiftedSuffix = 3 // that were given to people who had none
	draggedDates  = 3 // of coverage that go on by a day
)

// personLines is what consecutive lines of one number say about the person, and what is known.
type personLines struct {
	from, to int      // in the chunk
	was, is  identity // set if the person or one beside changes
	changed  personFields
	beside   personFields // that are new, and those of the person in the row above or below
	strange  bool         // the birth date beside is that of somebody of another last name
	lastRun  int          // people up to here whose last name is, and whose birth date
	bornRun  int

	start, end Date // other ones than before
	says       span // whether or not they are others
	former     span // of them
	startRun   int  // people up to here whose first day of coverage is a day from that of the row above
	endRun     int

	suffix    string // given to somebody who had none
	suffixRun int    // people up to here who are given the same
}

type personFields struct{ first, last, born bool }

// unlikelyProblem says why a line is held although either the names or the birth date are as known.
func unlikelyProblem(isSwapped, isShifted, isFilled, isDragged bool) string {
	switch {
	case isDragged:
		return "has a new day of coverage, and those of the rows above and below go on from it in even steps: held. Was a date dragged down?"
	case isFilled:
		return "is given the same suffix as the rows above or below: held. Has a value been filled down?"
	case isSwapped:
		return "has first and last name the other way round than its member: held. Have columns changed places?"
	case isShifted:
		return "has a new name or birth date, which the row above or below had or has: held. Has a block of cells slipped or been filled down?"
	}
	return "has another first and another last name than its member, not another birth date: held. Is it a correction, another person, or a wrong number?"
}

func (r record) ownSuffix() string {
	_, _, suffix := splitNames(r.FirstName, r.LastName, r.Suffix)
	return suffix
}

func (r record) isSwapped(other record) bool {
	was, is := r.identity(), other.identity()
	return was.first == is.last && was.last == is.first
}

// markShifted marks the entries of a chunk whose new name or birth date is that of the person above or below.
func (run *importRun) markShifted(chunk []entry, known map[string]knownRow, former map[uuid.UUID]record) {
	if run.isEmpty || run.source.isChange() {
		return
	}
	people := []personLines{run.above}
	before := []*record{nil} // of people
	for i := range chunk {
		e := &chunk[i]
		if e.skipped != "" {
			continue
		}
		if last := &people[len(people)-1]; last.to > last.from && chunk[last.from].rec.MemberNumber == e.rec.MemberNumber {
			last.to = i + 1
			continue
		}
		p, was := personLines{from: i, to: i + 1, says: span{Start: e.rec.CoverageStart, End: e.rec.CoverageEnd}}, &e.rec
		if row, isKnown := findRow(known, e.macs); isKnown && e.fault == nil {
			if rec, isOther := former[row.ID]; isOther {
				p.changed.first, p.changed.last, p.changed.born = rec.differs(e.rec)
				if p.changed != (personFields{}) {
					was = &rec
				}
				if e.rec.CoverageStart != rec.CoverageStart {
					p.start, p.former.Start = e.rec.CoverageStart, rec.CoverageStart
				}
				if e.rec.CoverageEnd != rec.CoverageEnd {
					p.end, p.former.End = e.rec.CoverageEnd, rec.CoverageEnd
				}
				if rec.ownSuffix() == "" && !isLeft(e.rec.LastName, rec.LastName, e.cut[1]) {
					p.suffix = e.rec.ownSuffix()
				}
			}
		}
		people, before = append(people, p), append(before, was)
	}
	anyChanged := func(i int) bool {
		return i >= 0 && i < len(people) && people[i].changed != (personFields{})
	}
	for i := 1; i < len(people); i++ {
		if p := &people[i]; anyChanged(i-1) || anyChanged(i) || anyChanged(i+1) || i == len(people)-1 {
			p.was, p.is = before[i].identity(), chunk[p.from].rec.identity()
		}
	}
	for i := 1; i < len(people); i++ {
		people[i].follow(&people[i-1])
	}
	for i := len(people) - 2; i > 0; i-- {
		people[i].follow(&people[i+1])
	}
	run.holdShifted(chunk, people)
	run.above = people[len(people)-1]
	run.above.from, run.above.to = 0, 0
}

// follow notes which new data are those that a neighbour had, or got in the same way.
func (p *personLines) follow(next *personLines) {
	if p.changed.first && (p.is.first == next.was.first || next.beside.first && p.is.first == next.is.first) {
		p.beside.first = true
	}
	if p.changed.last && (p.is.last == next.was.last || next.beside.last && p.is.last == next.is.last) {
		p.beside.last = true
	}
	if p.changed.born && p.is.born == next.was.born && !isOfOneFamily(p.is.last, next.was.last) {
		p.strange = true
	}
	if p.changed.born && (p.is.born == next.was.born || next.beside.born && p.is.born == next.is.born || isStep(p.is.born, next.is.born)) {
		p.beside.born = true
	}
}

// isOfOneFamily reports whether one of two folded last names is a part of the other.
func isOfOneFamily(a, b string) bool { return strings.Contains(a, b) || strings.Contains(b, a) }

// isStep reports whether two birth dates are a day apart, as a spreadsheet continues them when one is dragged down.
func isStep(a, b Date) bool { return a.Valid() && b.Valid() && (a.next() == b || b.next() == a) }

// dragged returns how many people up to one have a new date that is a day from that of the row above.
func dragged(date, above Date, run int) int {
	switch {
	case date.IsZero():
		return 0
	case isStep(date, above):
		return run + 1
	}
	return 1
}

// holdShifted marks the entries of people who are to be held.
func (run *importRun) holdShifted(chunk []entry, people []personLines) {
	last := len(people) - 1
	if above, p := people[max(last-1, 0)], &people[last]; last > 0 { // the row below is in the next chunk
		p.beside.first = p.beside.first || above.beside.first && p.changed.first
		p.beside.born = p.beside.born || above.beside.born && p.changed.born
	}
	for i := 1; i <= last; i++ {
		p := &people[i]
		if p.beside.last {
			p.lastRun = people[i-1].lastRun + 1
		}
		if p.beside.born {
			p.bornRun = people[i-1].bornRun + 1
		}
		if p.suffix != "" {
			p.suffixRun = 1
			if people[i-1].suffix == p.suffix {
				p.suffixRun += people[i-1].suffixRun
			}
		}
	}
	for i := 1; i <= last; i++ {
		p, above := &people[i], &people[i-1]
		p.startRun, p.endRun = dragged(p.start, above.start, above.startRun), dragged(p.end, above.end, above.endRun)
	}
	starts, ends := newDatesOf(len(people)), newDatesOf(len(people))
	for _, p := range people {
		starts.add(p.start, p.says.Start, p.former.Start)
		ends.add(p.end, p.says.End, p.former.End)
	}
	startSeries, endSeries := starts.dragged(), ends.dragged()
	isLast, isBorn, isFilled, isStart, isEnd := false, false, false, false, false // the run that ends here or below is long enough
	for i := last; i > 0; i-- {
		p := people[i]
		isLast = p.beside.last && (isLast || p.lastRun >= shiftedLast)
		isBorn = p.beside.born && (isBorn || p.bornRun >= shiftedBorn)
		isFilled = p.suffixRun >= shiftedSuffix || isFilled && p.suffix != "" && p.suffix == people[min(i+1, last)].suffix
		isStart = p.startRun >= draggedDates || isStart && p.startRun > 0 && people[min(i+1, last)].startRun > 1
		isEnd = p.endRun >= draggedDates || isEnd && p.endRun > 0 && people[min(i+1, last)].endRun > 1
		for j := p.from; j < p.to; j++ {
			chunk[j].isFilled = isFilled
			chunk[j].isDragged = isStart || isEnd || startSeries[i] || endSeries[i]
			chunk[j].isShifted = p.beside.first || p.strange || isLast || isBorn
			chunk[j].isBesideLast = p.beside.last
		}
	}
}
