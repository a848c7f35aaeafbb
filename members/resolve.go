package members

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"huskyidp/internal/seal"
)

// The effect of an entry on the roster, as stored in the staging table.
const (
	lineAdded int16 = iota
	lineChanged
	lineUnchanged
	lineRejected // left out, together with everything else the file says about its member, who counts as present
	lineHeld     // another person under a known number: left out until somebody decides
	lineEnded    // the file says that the member ended
	lineStill    // changed, and still ended
	lineReplaced // decided: the number was given to another person
	lineGuessed  // left out, member unknown: marks as present everybody it may mean
	lineNaming   // left out, and another member's: marks as present whom it also names
	lineRestored // decided: the number is its former member's again
	lineOther    // a full file's coverage of other insurance lines: marks as present
)

// stagedRow is an entry on its way to the staging table.
type stagedRow struct {
	line       int
	kind       int16
	id         uuid.UUID // of the member; zero for a rejected entry that the roster does not know
	newID      uuid.UUID // under a reassigned number: of the new member, or of the former one who gets it back
	numberMAC  []byte
	contentMAC []byte
	sealed     []byte
	marks      marks // effect on a known member's fields
}

// resolve decides what the entries of a chunk mean for known members. A member found under an older index key counts as
// changed, and so moves to the current key.
func (run *importRun) resolve(chunk []entry, known map[string]knownRow) ([]stagedRow, error) {
	former, err := run.formerRecords(chunk, known)
	if err != nil {
		return nil, err
	}
	run.markShifted(chunk, known, former)
	rows, handed := make([]stagedRow, 0, len(chunk)), map[int]*entry{}
	for i := range chunk {
		e := &chunk[i]
		run.missing = e.absent
		run.last = max(run.last, e.position)
		run.report.addOthers(e)
		if e.skipped != "" {
			run.report.Skipped++
			run.note(LineError{Line: e.position, Problem: "skipped: " + e.skipped})
			continue
		}
		row, isKnown := findRow(known, e.macs)
		if e.isOther && e.fault == nil && (!isKnown || !e.partial) {
			if isKnown {
				rows = append(rows, stagedRow{line: e.position, kind: lineOther, id: row.ID, numberMAC: e.macs[0]})
			}
			continue
		}
		if e.endsOthers && e.fault == nil && !row.Ended {
			run.note(LineError{e.position, "", "INS03 is 024, but only coverage of other insurance lines ends: the member's programme goes on", e.unit})
		}
		if e.fault == nil {
			run.complete(e, row, isKnown, former[row.ID])
		}
		if before, isOther := former[row.ID]; isKnown && e.fault == nil {
			if !isOther {
				before = e.rec
			}
			run.weighDates(e, before)
		}
		if e.isOpen && !isKnown && e.fault == nil {
			run.judgeOpen(e)
		}
		if e.fault != nil {
			rows = append(rows, run.reject(e, known)...)
			continue
		}
		staged := stagedRow{line: e.position, id: row.ID, numberMAC: e.macs[0]}
		staged.kind = run.judge(e, row, isKnown, former[row.ID])
		if e.fault != nil {
			rows = append(rows, run.reject(e, known)...)
			continue
		}
		staged.contentMAC = e.contentMAC
		if e.isOpen && isKnown {
			run.lastLine = &openLine{e.position, row.ID}
		}
		run.printNotes(e.notes)
		switch staged.kind {
		case lineChanged, lineStill, lineEnded:
			before, isOther := former[row.ID]
			if !isOther {
				before = e.rec
			}
			staged.marks = marksOf(before, e.rec, run.today())
			if staged.kind == lineChanged && staged.marks.changed&identityMarks != 0 {
				run.noteMoved(e, row.ID, before)
			}
			if staged.kind != lineChanged {
				staged.marks.cleared &^= lapses // ended, and counted as such
			}
		case lineUnchanged:
			staged.marks.had = e.rec.has()
		case lineAdded:
			staged.id = newID()
		case lineReplaced:
			staged.newID = newID()
		case lineRestored:
			holder, _ := run.formerHolder(e)
			staged.newID = holder.ID
		case lineHeld:
			if !isKnown {
				staged.id = newID()
			}
		}
		if e.apart != "" {
			staged.marks.had |= ofDependent
		}
		if staged.kind != lineUnchanged {
			staged.sealed = run.roster.deps.Keyring.Seal(seal.PII, place(staged.owner()), e.content)
		}
		run.report.count(staged.kind, 1)
		run.tally(staged.marks, 1)
		if run.source.isChange() && (staged.kind == lineAdded || staged.kind == lineReplaced) {
			handed[len(rows)] = e
		}
		rows = append(rows, staged)
	}
	run.holdDisplacedIn(rows, handed)
	if run.source.isChange() {
		run.settleSwappedIn(rows, chunk)
	}
	return rows, nil
}

func (run *importRun) printNotes(notes []LineError) {
	for _, note := range notes {
		if strings.HasPrefix(note.Problem, noteCannotRegister) {
			run.report.CannotRegister++
		} else {
			run.report.NamesKept++
		}
		run.note(note)
	}
}

// owner returns the row to which the sealed record is bound.
func (s stagedRow) owner() uuid.UUID {
	if s.kind == lineReplaced || s.kind == lineRestored {
		return s.newID
	}
	return s.id
}

// lookUp reads the members that a chunk may refer to.
func (run *importRun) lookUp(ctx context.Context, chunk []entry) (known map[string]knownRow, err error) {
	if run.isEmpty && !run.source.isChange() {
		return nil, nil
	}
	var macs, contents [][]byte
	add := func(numbers [][]byte, content []byte) {
		for _, mac := range numbers {
			macs, contents = append(macs, mac), append(contents, content)
		}
	}
	for i := range chunk {
		e := &chunk[i]
		add(e.macs, e.contentMAC)
		for _, number := range e.numbers {
			add(run.roster.numberMACs(number), nil)
		}
	}
	return run.roster.store.lookUp(ctx, macs, contents)
}

// formerRecords decrypts the known records of those who are about to change.
func (run *importRun) formerRecords(chunk []entry, known map[string]knownRow) (former map[uuid.UUID]record, err error) {
	former = map[uuid.UUID]record{}
	for i := range chunk {
		row, ok := findRow(known, chunk[i].macs)
		if !ok || string(row.ContentMAC) == string(chunk[i].contentMAC) {
			continue
		}
		if former[row.ID], err = run.roster.unseal(row.ID, row.Sealed); err != nil {
			return nil, err
		}
	}
	return former, nil
}

// findRow looks a member up by the digests of the number, the current version first.
func findRow(known map[string]knownRow, macs [][]byte) (row knownRow, ok bool) {
	for _, mac := range macs {
		if row, ok = known[string(mac)]; ok {
			return row, true
		}
	}
	return knownRow{}, false
}

// complete fills in known data that the file omits: in a change file for any entry, otherwise for columns that the file
// does not have.
func (run *importRun) complete(e *entry, row knownRow, isKnown bool, former record) {
	e.said = e.rec
	isFilled := isKnown && len(e.absent) > 0 && string(row.ContentMAC) != string(e.contentMAC)
	switch {
	case isFilled:
		e.rec = former.completed(e)
	case !isKnown && e.isShared:
		e.reject(colNumber, e.apart)
	case !isKnown && e.verb == verbEnd:
		e.reject(colNumber, "is to end, but is of nobody on the roster")
	case !isKnown && e.partial && (e.rec.LastName == "" || e.rec.BirthDate.IsZero()):
		e.reject("", "is incomplete, and nobody on the roster has this number")
	case e.partial && isKnown:
		if e.isEnding && former.goesOn(e.programs, e.since) {
			e.verb, e.covered, e.said.Ends = verbUpdate, false, Date{}
			if !former.hasAny(e.programs) && !row.Ended {
				run.note(LineError{e.position, string(colProgram), "ends another programme than the member has: the member stays", e.unit})
			}
			former = former.without(e.programs, e.since)
		}
		e.rec = former.completed(e)
		if !e.rec.setCovers(e.rec.covers()) {
			e.reject(colProgram, "two programs claim one day")
		}
	}
	if (e.partial || isFilled) && e.fault == nil {
		e.content, e.contentMAC = run.roster.encode(e.rec)
	}
}

// reject marks an entry as left out after it was read.
func (e *entry) reject(wrong column, problem string) {
	e.fault = &LineError{e.position, string(wrong), problem, e.unit}
	e.numbers, e.own = []string{e.rec.MemberNumber}, e.rec.MemberNumber
}

// reject reports an entry with a fault and marks everybody it may mean as present. If no such member is known and the
// number is uncertain, the line may belong to any member who seems to be absent. A number that is known but uncertain
// may be a relative's, which only the whole file can tell (countUnaccounted).
func (run *importRun) reject(e *entry, known map[string]knownRow) (rows []stagedRow) {
	var m marks
	if e.apart != "" {
		m.had = ofDependent
	}
	run.rejected(*e.fault)
	isRead := e.own != ""
	for i, number := range e.numbers {
		macs := run.roster.numberMACs(number)
		row, isKnown := findRow(known, macs)
		isRead = isRead || isKnown
		kind := lineGuessed
		switch {
		case number == e.own:
			kind = lineRejected
		case e.own != "":
			kind = lineNaming
		}
		if (isKnown || number == e.own) && !slices.Contains(e.numbers[:i], number) {
			rows = append(rows, run.withPerson(stagedRow{line: e.position, kind: kind, id: row.ID, numberMAC: macs[0], marks: m}, e.rec))
		}
	}
	if !isRead {
		run.unreadable++
	}
	return rows
}

// withPerson adds to a line that is left out who it is about, if that can be read: its number may be wrong as well, and that
// person's member absent (keepRenumbered).
func (run *importRun) withPerson(row stagedRow, rec record) stagedRow {
	if run.isEmpty || run.source.isChange() || row.kind != lineRejected || rec.FirstName == "" || rec.LastName == "" || rec.BirthDate.IsZero() {
		return row
	}
	if row.id == uuid.Nil {
		row.id = newID()
	}
	row.sealed = run.roster.deps.Keyring.Seal(seal.PII, place(row.id), rec.encode())
	return row
}

// judge decides what a valid entry does to its member.
func (run *importRun) judge(e *entry, row knownRow, isKnown bool, former record) int16 {
	if !isKnown {
		if kind, isDecided := run.isReturn(e); isDecided {
			return kind
		}
		return lineAdded
	}
	run.known++
	if string(row.ContentMAC) != string(e.contentMAC) {
		if kind, isDecided := run.compare(e, row, former); isDecided {
			return kind
		}
	}
	isSame := string(row.NumberMAC) == string(e.macs[0]) && string(row.ContentMAC) == string(e.contentMAC)
	if isSame && row.Ended == (e.verb == verbEnd || e.verb == verbUpdate && row.Ended) {
		return lineUnchanged
	}
	switch {
	case e.verb == verbEnd && !row.Ended:
		return lineEnded
	case row.Ended && e.verb != verbPresent:
		return lineStill
	}
	if !e.rec.Ends.IsZero() {
		run.leaving++
	}
	return lineChanged
}

// compare holds an entry back if it looks like another person under a known number, unless somebody decided on it. A dependent
// who looks so is left out, since no decision could be right, unless it may be that a birth date was put right.
func (run *importRun) compare(e *entry, row knownRow, former record) (kind int16, isDecided bool) {
	first, last, born := former.differs(e.rec)
	holder, isFormer := run.formerHolder(e)
	isFormer = isFormer && (first || last || born)
	// The subscriber's number says nothing of who a dependent is.
	isDependent := e.apart != "" && !isFormer && (born || first && (e.said.BirthDate.IsZero() || e.isShared))
	if isDependent && (first || e.isShared || e.verb == verbEnd) {
		e.reject(colNumber, e.apart)
		return lineRejected, true
	}
	isHeld := (first || last) && born || isDependent || isFormer
	if !isHeld && (first || last) {
		wasDamaged := len(cannotRegister(former, 0, "")) > 0 // any name is better
		run.keepNames(e, former)
		first, last, _ = former.differs(e.rec)
		first, last = first && !wasDamaged, last && !wasDamaged
	}
	// A change file consists of people whose data changed; in a full file they are few.
	if (born || first && last || (first || last) && !run.source.isChange()) && !isDependent {
		run.doubtful++
	}
	isUnlikely := !isHeld && !run.options.AllowDoubtful && (first && last || e.isShifted && (first || last || born))
	if !isHeld && !isUnlikely {
		return 0, false
	}
	problem := heldProblem(first, last, born, isDependent, row.Ended)
	if isUnlikely {
		problem = unlikelyProblem(former.isSwapped(e.rec), e.isShifted)
	}
	if isFormer {
		run.returning = append(run.returning, e.position)
		problem = formerProblem
		if holder.rec.MemberNumber != e.rec.MemberNumber {
			problem = formerOtherProblem
		}
	}
	line := heldLine{LineError{e.position, string(colNumber), problem, e.unit}, row.ID, row.ContentMAC, e.contentMAC, isDependent}
	if isDependent && !run.source.isChange() {
		run.delayed[e.position] = line
	} else {
		run.hold(line)
	}
	switch {
	case isFormer && slices.Contains(run.options.OtherPerson, e.position) && e.verb != verbEnd:
		run.giveTo(e, holder)
		run.displaced[former.identity()] = displacedMember{formerHolder{row.ID, former}, e.position, true}
		return lineRestored, true
	case slices.Contains(run.options.SamePerson, e.position):
		run.keepNames(e, former)
		return 0, false
	case slices.Contains(run.options.OtherPerson, e.position) && e.verb != verbEnd:
		e.rec = e.said
		e.content, e.contentMAC = run.roster.encode(e.rec)
		run.displaced[former.identity()] = displacedMember{formerHolder{row.ID, former}, e.position, true}
		return lineReplaced, true
	}
	if !isDependent {
		run.displaced[former.identity()] = displacedMember{formerHolder{row.ID, former}, e.position, false}
	}
	if isUnlikely && run.unlikelyOf != row.ID { // a member's lines count once
		run.unlikely++
		run.unlikelyOf = row.ID
	}
	return lineHeld, true
}

// heldProblem says what a held line changes, without a value.
func heldProblem(first, last, born, isDependent, hasEnded bool) string {
	changes := "first name, last name and birth date"
	switch {
	case !born:
		changes = "the names, and not the birth date,"
	case !first && !last:
		changes = "the birth date, and not the names,"
	case !first:
		changes = "last name and birth date, not the first name,"
	case !last:
		changes = "first name and birth date, not the last name,"
	}
	who := "its member"
	if hasEnded {
		who = "its member, who has ended"
	}
	question := "Is it a correction, another person, or a wrong number?"
	if isDependent {
		question = "It is a dependent's loop (INS*N): the subscriber's child of the same name, under the subscriber's number, or a birth date put right? " +
			"Only the second can be decided; else the file needs a number of each person"
	}
	return fmt.Sprintf("%s differ from those of %s: held. %s", changes, who, question)
}

// newID cannot fail, because crypto/rand does not (Go 1.24).
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
