package members

import (
	"context"
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
	identity   []byte // digest of name and birth date; with sealed
	sealed     []byte
	marks      marks // effect on a known member's fields
}

// put stores a record in a staged row, bound to the row of its owner.
func (run *importRun) put(row *stagedRow, rec record) {
	var content []byte
	content, row.contentMAC = run.roster.encode(rec)
	run.sealIn(row, rec, content)
}

// sealIn is put for a record whose content was encoded already.
func (run *importRun) sealIn(row *stagedRow, rec record, content []byte) {
	row.sealed = run.roster.deps.Keyring.Seal(seal.PII, place(row.owner()), content)
	row.identity = run.roster.identityMAC(rec.identity())
}

// resolve decides what the entries of a chunk mean for known members. A member found under an older index key counts as
// changed, and so moves to the current key.
func (run *importRun) resolve(chunk []entry, known map[string]knownRow, former map[uuid.UUID]record) ([]stagedRow, error) {
	run.markCut(chunk, known, former)
	run.noteSameWords(chunk, known)
	run.markDragged(chunk, known)
	run.markShifted(chunk, known, former)
	run.markOthersData(chunk, known, former)
	run.weighPersons(chunk, known, former)
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
		if e.hasDied {
			run.report.Died++
			run.note(LineError{e.position, "", "has a date of death (INS12), by which nobody ends: only INS03 024 does", e.unit})
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
			run.weighMoves(e, before)
			run.weighProgram(e, before)
			run.weighCoverage(e, row, &before)
		} else {
			run.weighCoverage(e, row, nil)
		}
		if e.fault == nil {
			run.exchanged.weigh(e.said, former[row.ID])
		}
		if e.isOpen && !isKnown && e.fault == nil {
			run.judgeOpen(e)
		}
		for _, number := range e.naming {
			macs := run.roster.numberMACs(number)
			if row, isKnown := findRow(known, macs); isKnown {
				rows = append(rows, stagedRow{line: e.position, kind: lineNaming, id: row.ID, numberMAC: macs[0]})
			}
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
		for _, remark := range e.remarks {
			run.note(remark)
		}
		switch staged.kind {
		case lineChanged, lineStill, lineEnded:
			before, isOther := former[row.ID]
			if !isOther {
				before = e.rec
			}
			staged.marks = marksOf(before, e.rec, run.today()).covered(staged.kind, row.Ended, e.rec, run.today())
		case lineUnchanged:
			staged.marks.had = e.rec.has()
		case lineAdded:
			staged.id = newID()
			run.noteBornLate(e)
			if e.namesake != nil && !run.source.isChange() {
				staged.newID = e.namesake.ID
				run.namesakes++
				if e.namesake.isPrior {
					staged.marks.gained |= ofPrior
				}
			}
		case lineReplaced:
			staged.newID = newID()
		case lineRestored:
			holder, _ := run.formerHolder(e)
			staged.newID = holder.ID
		case lineHeld:
			staged.marks.gained |= ofStranger
			if !isKnown {
				staged.id = newID()
			}
		}
		if e.hasNone && (staged.kind == lineAdded || staged.marks.cleared&lapses != 0) {
			run.note(LineError{e.position, string(colProgram), "HD01 is 002, and there is no other coverage: the member never had any", e.unit})
		}
		if e.isDeath && !e.endsOthers && (staged.kind == lineEnded || staged.kind == lineStill || staged.kind == lineUnchanged) {
			run.report.DiedEnding++
		}
		if e.endsByDeath && staged.kind == lineEnded {
			run.note(LineError{e.position, string(colCoverageEnd), "is the date of death (INS12), since INS03 024 has no other day", e.unit})
		}
		if e.apart != "" {
			staged.marks.had |= ofDependent
		}
		if staged.kind != lineUnchanged {
			run.sealIn(&staged, e.rec, e.content)
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
		run.holdNamesakesIn(rows, handed)
	}
	return rows, nil
}

func (run *importRun) printNotes(notes []LineError) {
	for _, note := range notes {
		if strings.HasPrefix(note.Problem, noteCannotRegister) {
			run.report.CannotRegister++
		} else {
			run.report.Kept++
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

// lookUp reads the members that a chunk may refer to, and the records of those who are about to change.
func (run *importRun) lookUp(ctx context.Context, chunk []entry) (known map[string]knownRow, former map[uuid.UUID]record, err error) {
	if run.isEmpty && !run.source.isChange() {
		return nil, nil, nil
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
		for _, number := range slices.Concat(e.numbers, e.naming) {
			add(run.roster.numberMACs(number), nil)
		}
		if e.prior != "" && e.prior != e.rec.MemberNumber && e.fault == nil {
			e.priorMACs = run.roster.numberMACs(e.prior)
			add(e.priorMACs, nil)
		}
	}
	if known, err = run.roster.store.lookUp(ctx, macs, contents); err != nil {
		return nil, nil, err
	}
	if former, err = run.formerRecords(chunk, known); err != nil {
		return nil, nil, err
	}
	return known, former, run.findNamesakes(ctx, chunk, known, former)
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

// soundChange returns the known member whose data an entry without a fault changes, and what was known of them.
func soundChange(e *entry, known map[string]knownRow, former map[uuid.UUID]record) (row knownRow, before record, ok bool) {
	row, isKnown := findRow(known, e.macs)
	before, isOther := former[row.ID]
	return row, before, isKnown && isOther && e.fault == nil && e.skipped == ""
}

// complete fills in known data that the file omits: in a change file for any entry, otherwise for columns that the file
// does not have.
func (run *importRun) complete(e *entry, row knownRow, isKnown bool, former record) {
	if isKnown {
		run.keepWritten(e, former)
	}
	e.said = e.rec
	isFilled := isKnown && len(e.absent) > 0 && string(row.ContentMAC) != string(e.contentMAC)
	switch {
	case isFilled:
		e.rec = former.completed(e)
	case isKnown && e.isBare && string(row.ContentMAC) != string(e.contentMAC):
		e.rec.putCovers(former.covers())
		isFilled = true
		e.remarks = append(e.remarks, LineError{e.position, string(colProgram), "there is no coverage (HD): the member's stays as it was", e.unit})
	case !isKnown && e.isShared:
		e.reject(colNumber, e.apart)
	case !isKnown && e.verb == verbEnd:
		e.reject(colNumber, "is to end, but is of nobody on the roster")
	case !isKnown && e.partial && (e.rec.LastName == "" || e.rec.BirthDate.IsZero()):
		e.reject("", "is incomplete, and nobody on the roster has this number")
	case e.partial && isKnown && former.endsBefore(e, DateOf(run.now)):
		e.reject(colCoverageEnd, "is before the "+string(colCoverageStart)+" that is known: which of both is wrong? If the coverage never was, HD01 002 says so")
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
	if isKnown && !e.partial && e.fault == nil && former.hasEarlyEnd(e, DateOf(run.now)) {
		e.reject(colCoverageEnd, "is before the "+string(colCoverageStart)+" that is known: which of both is wrong?")
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

// newID cannot fail, because crypto/rand does not (Go 1.24).
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
