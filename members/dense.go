package members

import (
	"fmt"
	"hash/maphash"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Cells that slipped, were pasted, sorted alone or looked up anew give people the birth date, name or suffix of others, and nothing else
// changes. One such line looks like a correction; many close together, or very many in one file, hardly ever are corrections.

// personField is what of a person a line may change alone.
type personField int

const (
	fieldFirst personField = iota
	fieldLast
	fieldSuffix
	fieldBorn
	personFieldCount
)

func (f personField) String() string {
	return [...]string{"first name", "last name", "suffix", "birth date"}[f]
}

const (
	// denseLines is the stretch of a full file, or of loops of a change file, in which changes are close together. Of a file sorted by
	// name or number it has some forty families.
	denseLines = 100
	// besideLast is how many people within it may take the last name that the row beside has or had. Fewer do than marry: unchanged
	// relatives stand between those whose name slipped.
	besideLast = 3
	// manyFloor is how many lines of any file may change a field: in a small one a single correction is a large share.
	manyFloor = 10
	// sameStep is the largest distance, in loops of a change file, at which a new value is looked for among those that others had.
	sameStep = 10
	// infancy is the years in which names are given, and birth dates put right, to many who were enrolled together, side by side.
	infancy = 2
	// maxDense bounds the memory: of a million lines, it is the share that refuses the file (doubtLimit). What is beyond it is held.
	maxDense = 50_000
)

// denseBounds are the bounds of each field. In a month about six of 10,000 people marry or divorce, and two have another of these put
// right: of a million lines no stretch reaches close by chance then, and one or two do after three months. A year's changes stay below many.
var denseBounds = [personFieldCount]struct {
	close  int // changes within denseLines of a full file
	many   int // changes of a full file, for each thousand known members in it
	crowd  int // changes within denseLines loops of a change file, which consists of changes
	inStep int // those of them whose new value is what the member of a loop so many above or below had
}{
	fieldFirst:  {3, 5, 10, 3},
	fieldLast:   {4, 10, 20, 4},
	fieldSuffix: {3, 5, 10, 3},
	fieldBorn:   {3, 3, 10, 3},
}

func (f personField) problem() string {
	return fmt.Sprintf("has another %s than its member, and so have lines close by or many of the file: held. Have cells slipped, or been pasted, sorted or filled in?", f)
}

// fieldChange is a line that changes one of these fields.
type fieldChange struct {
	line, at int // at counts people
	member   uuid.UUID
	was, is  uint64 // hashes
	who      uint64 // hash of both names
	isNone   bool   // the suffix is lost
	isNew    bool   // the suffix is given to somebody who had none
	counts   bool   // it is no spelling, part or first name of a newborn
	isBeside bool   // the row beside has or had the new last name
	steps    uint32 // of a change file: at which distances a member had the new value
	isHeld   bool
}

// personChanges are those of a file, in its order.
type personChanges struct {
	seed    maphash.Seed
	at      int
	above   string // number of the line above
	changes [personFieldCount][]fieldChange
	values  [][personFieldCount]string // of a change file: what the last members had
}

// markedEntry is an entry of a chunk that changes a field, with the new value.
type markedEntry struct {
	entry *entry
	is    string
}

// personValues are the fields as cards are compared.
func (r record) personValues() [personFieldCount]string {
	is := r.identity()
	return [...]string{is.first, is.last, fold(r.ownSuffix()), is.born.String()}
}

// weighPersons notes what the entries of a chunk change of persons. It marks those of a change file that are to be held; those of a full
// file are held once it has been read (settleOthers).
func (run *importRun) weighPersons(chunk []entry, known map[string]knownRow, former map[uuid.UUID]record) {
	if run.isEmpty || run.options.AllowDoubtful {
		return
	}
	p := &run.persons
	marked := [personFieldCount]map[int]markedEntry{}
	from, values := p.at, [][personFieldCount]string(nil)
	for i := range chunk {
		e := &chunk[i]
		if e.skipped != "" {
			continue
		}
		if e.rec.MemberNumber == "" || e.rec.MemberNumber != p.above {
			p.at++
			p.above = e.rec.MemberNumber
			if run.source.isChange() {
				values = append(values, [personFieldCount]string{})
			}
		}
		row, isKnown := findRow(known, e.macs)
		before, isOther := former[row.ID]
		if !isKnown || !isOther || e.fault != nil || e.isOther && !e.partial {
			continue
		}
		after := e.becomes(before)
		if after.ownSuffix() == "" && slices.Contains(e.absent, colSuffix) {
			after.Suffix = before.ownSuffix()
		}
		if run.source.isChange() && len(values) > 0 { // else the chunk before has the member
			values[len(values)-1] = before.personValues()
		}
		if before.FirstName == after.FirstName && before.LastName == after.LastName && before.Suffix == after.Suffix && before.BirthDate == after.BirthDate {
			continue
		}
		was, is := before.personValues(), after.personValues()
		if was[fieldFirst] != is[fieldFirst] && was[fieldLast] != is[fieldLast] && was[fieldBorn] != is[fieldBorn] {
			continue // another person
		}
		for f := range personFieldCount {
			if was[f] == is[f] || run.isKept(e, f, before, after) {
				continue
			}
			if len(p.changes[f]) == maxDense {
				e.dense[f] = f.problem()
				continue
			}
			if marked[f] == nil {
				marked[f] = map[int]markedEntry{}
			}
			marked[f][len(p.changes[f])] = markedEntry{e, is[f]}
			p.changes[f] = append(p.changes[f], fieldChange{
				line: e.position, at: p.at, member: row.ID, was: p.hash(was[f]), is: p.hash(is[f]), who: p.hash(was[fieldFirst] + " " + was[fieldLast]),
				isNone: is[f] == "", isNew: was[f] == "", counts: run.isOthers(f, before, after), isBeside: e.isBesideLast,
			})
		}
	}
	if !run.source.isChange() {
		return
	}
	p.findSteps(marked, from, values)
	for f := range personFieldCount {
		doubts := p.doubts(f, true, 0)
		for i, m := range marked[f] {
			if doubts[i] != "" {
				m.entry.dense[f], p.changes[f][i].isHeld = doubts[i], true
			}
		}
	}
}

func (p *personChanges) hash(s string) uint64 { return maphash.String(p.seed, s) }

// findSteps notes at which distances a chunk's new values are what members of a change file had. values are those of the people behind from.
func (p *personChanges) findSteps(marked [personFieldCount]map[int]markedEntry, from int, values [][personFieldCount]string) {
	first := from - len(p.values) // at of the person above values[0]
	values = append(slices.Clone(p.values), values...)
	for f := range personFieldCount {
		for i, m := range marked[f] {
			c, is := &p.changes[f][i], m.is
			for step := -sameStep; step <= sameStep && is != ""; step++ {
				if at := c.at - first - 1 + step; step != 0 && at >= 0 && at < len(values) && values[at][f] == is {
					c.steps |= 1 << (step + sameStep)
				}
			}
		}
	}
	p.values = slices.Clone(values[max(0, len(values)-sameStep):])
}

// isKept reports whether the former value stays whatever a line says, since the new one is damaged.
func (run *importRun) isKept(e *entry, f personField, before, after record) bool {
	switch f {
	case fieldBorn:
		return after.BirthDate == Date{before.BirthDate.Year, 1, 1} ||
			!before.isBornLate(before.BirthDate) && (before.isBornLate(after.BirthDate) || after.isBornLate(after.BirthDate))
	case fieldSuffix: // a V that is left of a longer name
		return isLeft(after.LastName, before.LastName, e.cut[1])
	}
	c := [...]column{colFirstName, colLastName}[f]
	if len(cannotRegister(before, 0, "")) > 0 { // any name is better
		return true
	}
	read := entry{rec: after, notes: slices.Clone(e.notes), cut: e.cut}
	read.noteWholeName(before)
	return slices.ContainsFunc(read.notes, func(n LineError) bool { return n.Column == string(c) })
}

// placeholders are what newborns are called until they have a name.
var placeholders = []string{"infant", "infante", "baby", "bebe", "nino", "nina", "reciennacido", "reciennacida", "newborn", "boy", "girl", "twin", "twina", "twinb", "male", "female"}

// isOthers reports whether a change may make a field another person's: it is no other spelling, no part that is added or left out, and
// not what is put right soon after birth.
func (run *importRun) isOthers(f personField, before, after record) bool {
	today := run.today()
	isInfant := today.Before(Date{before.BirthDate.Year + infancy, before.BirthDate.Month, before.BirthDate.Day})
	switch f {
	case fieldFirst:
		return !isInfant && !isSpelling(before.FirstName, after.FirstName) && !slices.Contains(placeholders, fold(before.FirstName))
	case fieldLast:
		was, _ := splitSuffix(before.LastName, before.Suffix)
		is, _ := splitSuffix(after.LastName, after.Suffix)
		return !isInfant && !isSpelling(was, is)
	case fieldBorn:
		a, b := before.BirthDate, after.BirthDate
		if b.Before(a) {
			a, b = b, a
		}
		return !isInfant || DateOf(a.time().AddDate(0, 0, newborn)).Before(b)
	}
	return true
}

// isSpelling reports whether one name is the other with a part more, or with one letter other, more or less, or two exchanged.
func isSpelling(a, b string) bool {
	if isPartOf(a, b) || isPartOf(b, a) {
		return true
	}
	a, b = fold(a), fold(b)
	if utf8.RuneCountInString(a) < 4 || utf8.RuneCountInString(b) < 4 {
		return false
	}
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	isSwap := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	return isSwap || utf8.RuneCountInString(a) <= 1 && utf8.RuneCountInString(b) <= 1
}

// doubts says which changes of a field are to be held, by index; known counts the lines of known members.
func (p *personChanges) doubts(f personField, isChange bool, known int) map[int]string {
	changes, bound, doubts := p.changes[f], denseBounds[f], map[int]string{}
	close := bound.close
	if isChange {
		close = bound.crowd
	}
	var count stretch
	from, marked := 0, 0
	for to, c := range changes {
		count.add(c, 1)
		for ; changes[to].at-changes[from].at >= denseLines || changes[to].at < changes[from].at; from++ {
			count.add(changes[from], -1)
		}
		if count.changed(f) < close && (f != fieldLast || isChange || count.distinct(0) < besideLast) && !(isChange && count.hasStep(bound.inStep)) {
			continue
		}
		for i := to; i >= max(from, marked); i-- {
			doubts[i] = f.problem()
		}
		marked = to + 1
	}
	if f == fieldSuffix {
		exchangedSuffixes(changes, doubts)
	}
	if isChange {
		return doubts
	}
	var all stretch
	for _, c := range changes {
		all.add(c, 1)
	}
	if n := all.all(f); n > manyFloor && n*1000 > known*bound.many {
		for i := range changes {
			doubts[i] = f.problem()
		}
	}
	return doubts
}

// exchangedSuffixes adds the changes of two people of one name, or in rows side by side, who change suffixes.
func exchangedSuffixes(changes []fieldChange, doubts map[int]string) {
	type exchange struct{ who, was, is uint64 }
	of := map[exchange][]int{}
	for i, c := range changes {
		of[exchange{c.who, c.was, c.is}] = append(of[exchange{c.who, c.was, c.is}], i)
	}
	for i, c := range changes {
		for _, j := range of[exchange{c.who, c.is, c.was}] {
			if changes[j].member != c.member {
				doubts[i] = exchangedProblem
			}
		}
		if i > 0 && changes[i-1].at == c.at-1 && changes[i-1].was == c.is && changes[i-1].is == c.was {
			doubts[i-1], doubts[i] = exchangedProblem, exchangedProblem
		}
	}
}

// stretch counts the changes of consecutive lines. Relatives who all get one name instead of another count once.
type stretch struct {
	pairs        [2 + 2*sameStep + 1]map[[2]uint64]int // beside, all, and by distance
	n, lost, new int
}

func (s *stretch) add(c fieldChange, n int) {
	if !c.counts {
		return
	}
	s.n += n
	if c.isNone {
		s.lost += n
	}
	if c.isNew {
		s.new += n
	}
	for i := range s.pairs {
		if i == 0 && !c.isBeside || i > 1 && c.steps>>(i-2)&1 == 0 {
			continue
		}
		if s.pairs[i] == nil {
			s.pairs[i] = map[[2]uint64]int{}
		}
		pair := [2]uint64{c.was, c.is}
		if s.pairs[i][pair] += n; s.pairs[i][pair] == 0 {
			delete(s.pairs[i], pair)
		}
	}
}

func (s *stretch) distinct(i int) int { return len(s.pairs[i]) }

func (s *stretch) hasStep(bound int) bool {
	return slices.ContainsFunc(s.pairs[2:], func(pairs map[[2]uint64]int) bool { return len(pairs) >= bound })
}

// all counts changes. Suffixes that are given to those who had none count as far as others lose theirs, and the other way round: a
// column that was lacking, or is emptied, gives nobody another one's (FillError, ClearError).
func (s *stretch) all(f personField) int {
	if f == fieldSuffix {
		return s.n - s.new - s.lost + 2*min(s.new, s.lost)
	}
	return s.n
}

// changed is all, with relatives counted once.
func (s *stretch) changed(f personField) int {
	if f == fieldSuffix {
		return s.all(f)
	}
	return s.distinct(1)
}

// denseDoubt returns why an entry is held for what it changes, given what of it is still to be changed.
func (e *entry) denseDoubt(first, last, born bool) string {
	for f, isChanged := range [personFieldCount]bool{first, last, true, born} {
		if isChanged && e.dense[f] != "" {
			return e.dense[f]
		}
	}
	return ""
}

// lateDense adds to late the lines that were taken before others showed that they are to be held, by member.
func (run *importRun) lateDense(late map[uuid.UUID]string, listed map[int]bool) {
	for f := range personFieldCount {
		for i, problem := range run.persons.doubts(f, run.source.isChange(), run.known) {
			c := run.persons.changes[f][i]
			if !c.isHeld && !listed[c.line] && late[c.member] == "" {
				late[c.member] = problem
			}
		}
	}
}
