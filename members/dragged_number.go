package members

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// draggedNumbers is how many new numbers one person has in two chunks of a file, some 16,000 lines, until their lines are held: a
// spreadsheet counts a number up as its row is dragged down. Two people of one name and birth date may come together.
const draggedNumbers = 3

const draggedNumberProblem = "is new, and other lines have the same name and birth date under other new numbers: held. Was a row dragged down, so that its number was counted up?"

// namedPerson is a person as rows repeat them.
type namedPerson struct {
	first, last string
	born        Date
}

// newNumbers are the first new numbers of a person.
type newNumbers struct {
	numbers [draggedNumbers]string
	n       int
}

func (n *newNumbers) add(number string) {
	if n.n < draggedNumbers && !slices.Contains(n.numbers[:n.n], number) {
		n.numbers[n.n] = number
		n.n++
	}
}

// numbersByPerson are those of the lines of a chunk, and of the one above.
type numbersByPerson struct{ here, above map[namedPerson]newNumbers }

func (by *numbersByPerson) isDragged(p namedPerson) bool {
	all, above := by.here[p], by.above[p]
	for _, number := range above.numbers[:above.n] {
		all.add(number)
	}
	return all.n == draggedNumbers
}

// markDragged marks the lines of a chunk with new numbers of a person who has several. Newborns without a name are several people.
func (run *importRun) markDragged(chunk []entry, known map[string]knownRow) {
	if run.options.AllowDoubtful {
		return
	}
	by := &run.newByPerson
	if by.here, by.above = by.above, by.here; by.here == nil {
		by.here = make(map[namedPerson]newNumbers, len(chunk))
	}
	clear(by.here)
	isAny := false
	for i := range chunk {
		e := &chunk[i]
		if !e.isOfNobody(known) {
			continue
		}
		p := e.rec.named()
		numbers := by.here[p]
		numbers.add(e.rec.MemberNumber)
		by.here[p] = numbers
		isAny = isAny || by.isDragged(p)
	}
	for i := range chunk {
		e := &chunk[i]
		e.isCounted = isAny && e.isOfNobody(known) && by.isDragged(e.rec.named()) && !slices.Contains(placeholders, fold(e.rec.FirstName))
	}
}

// isOfNobody reports whether an entry would add somebody whom no other rule knows.
func (e *entry) isOfNobody(known map[string]knownRow) bool {
	if e.fault != nil || e.skipped != "" || e.isOther || e.namesake != nil || e.verb == verbEnd || e.rec.LastName == "" || e.rec.BirthDate.IsZero() {
		return false
	}
	_, isKnown := findRow(known, e.macs)
	return !isKnown
}

func (r record) named() namedPerson { return namedPerson{r.FirstName, r.LastName, r.BirthDate} }

// isDraggedNumber holds a line that markDragged marked, unless it was decided to be somebody else's.
func (run *importRun) isDraggedNumber(e *entry) bool {
	if !e.isCounted {
		return false
	}
	run.hold(heldLine{LineError{e.position, string(colNumber), draggedNumberProblem, e.unit}, uuid.Nil, nil, e.contentMAC, false})
	switch {
	case slices.Contains(run.options.OtherPerson, e.position):
		return false
	case slices.Contains(run.options.SamePerson, e.position):
		run.waiting[e.position] = fmt.Sprintf("%d has a new number, and so have other lines of the same person: leave all but one out, or decide that this one is another person", e.position)
	}
	run.renumbered++
	return true
}
