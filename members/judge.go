package members

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// withPerson attaches the person to a line that is left out, if the names can be read. The line's number may be wrong as well: then
// that person's member seems absent, and keepRenumbered must keep it.
func (run *importRun) withPerson(row stagedRow, rec record) stagedRow {
	if run.isEmpty || run.source.isChange() || row.kind != lineRejected || rec.FirstName == "" || rec.LastName == "" {
		return row
	}
	if row.id == uuid.Nil {
		row.id = newID()
	}
	run.sealIn(&row, rec, rec.encode())
	return row
}

// judge decides what a valid entry does to its member.
func (run *importRun) judge(e *entry, row knownRow, isKnown bool, former record) int16 {
	if !isKnown {
		if kind, isDecided := run.isReturn(e); isDecided {
			return kind
		}
		if run.isDraggedNumber(e) {
			return lineHeld
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

// compare holds an entry back if it looks like another person under a known number, unless somebody decided on it. A
// dependent who looks like another person is left out, since no decision could be right; if the line may merely correct
// a birth date, it is held.
func (run *importRun) compare(e *entry, row knownRow, former record) (kind int16, isDecided bool) {
	first, last, born := former.differs(e.rec)
	if !first && !last {
		run.keepBlanks(e, former)
	}
	isRelative := !first && !last && e.apart == "" && run.isRelative(e, former)
	if born && !first && !last && e.apart == "" && !isRelative {
		born = !run.keepBirth(e, former)
	}
	holder, isFormer := run.formerHolder(e)
	isFormer = isFormer && (first || last || born)
	// The subscriber's number says nothing of who a dependent is.
	isDependent := e.apart != "" && !isFormer && (born || first && (e.said.BirthDate.IsZero() || e.isShared))
	if isDependent && (first || e.isShared || e.verb == verbEnd) {
		e.reject(colNumber, e.apart)
		return lineRejected, true
	}
	isHeld := (first || last) && born || isRelative || isDependent || isFormer
	if !isHeld && (first || last) {
		run.keepPage(e, former)
		wasDamaged := len(cannotRegister(former, 0, "")) > 0 // any name is better
		run.keepNames(e, former)
		first, last, _ = former.differs(e.rec)
		first, last = first && !wasDamaged, last && !wasDamaged
	}
	// A change file consists of people whose data changed; in a full file they are few.
	if (born || first && last || (first || last) && !run.source.isChange()) && !isDependent {
		run.doubtful++
	}
	doubt := ""
	if born {
		doubt = e.bornDoubt
	}
	if (first || last) && doubt == "" {
		doubt = e.nameDoubt
	}
	if (first || last) && doubt == "" && !former.isSwapped(e.rec) {
		doubt = former.copiedName(e.rec)
	}
	if doubt == "" {
		doubt = e.denseDoubt(first, last, born)
	}
	if doubt == "" && former.isCoverShifted(e) {
		doubt = shiftedCoverage
	}
	isTaken := e.namesake != nil && e.namesake.rec.identity() == e.rec.identity() && !isFormer && !isDependent
	isUnlikely := !isHeld && !isTaken && !run.options.AllowDoubtful && (doubt != "" || first && last || e.isFilled || e.isDragged || e.isShifted && (first || last || born))
	if !isHeld && !isTaken && !isUnlikely {
		return 0, false
	}
	problem := heldProblem(first, last, born, isDependent, row.Ended)
	if isRelative {
		problem = relativeProblem(former.ownSuffix() != e.rec.ownSuffix(), row.Ended)
	}
	if isUnlikely {
		problem = unlikelyProblem(former.isSwapped(e.rec), e.isShifted, e.isFilled, e.isDragged)
		if doubt != "" && !e.isShifted {
			problem = doubt
		}
	}
	if isFormer {
		run.returning = append(run.returning, e.position)
		problem = formerProblem
		if holder.rec.MemberNumber != e.rec.MemberNumber {
			problem = formerOtherProblem
		}
	}
	line := heldLine{LineError{e.position, string(colNumber), problem, e.unit}, row.ID, row.ContentMAC, e.contentMAC, isDependent}
	if isTaken {
		run.claims[e.position] = e.namesake
		line.Problem = claimProblem(row.Ended, *e.namesake)
		line.is = append(slices.Clone(line.is), e.namesake.ID[:]...) // another one needs another decision
	}
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
	case slices.Contains(slices.Concat(run.options.OtherPerson, run.options.Namesake), e.position) && e.verb != verbEnd:
		if e.partial && (e.said.LastName == "" || e.said.BirthDate.IsZero()) && (!isTaken || slices.Contains(run.options.Namesake, e.position)) {
			run.waiting[e.position] = fmt.Sprintf("%d lacks a name or birth date, without which nobody can be added", e.position)
		}
		e.rec = e.said
		e.content, e.contentMAC = run.roster.encode(e.rec)
		run.displaced[former.identity()] = displacedMember{formerHolder{row.ID, former}, e.position, true}
		return lineReplaced, true
	}
	if !isDependent {
		run.displaced[former.identity()] = displacedMember{formerHolder{row.ID, former}, e.position, false}
	}
	if !isHeld && run.unlikelyOf != row.ID { // a member's lines count once
		run.unlikely++
		run.unlikelyOf = row.ID
		if e.isFilled { // a file that does so to most members is refused as a whole
			run.plain++
			run.suffixed++
		}
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
	who := heldMember(hasEnded)
	question := "Is it a correction, another person, or a wrong number?"
	if isDependent {
		question = "It is a dependent's loop (INS*N): the subscriber's child of the same name, under the subscriber's number, or a birth date put right? " +
			"Only the second can be decided; else the file needs a number of each person"
	}
	return fmt.Sprintf("%s differ from those of %s: held. %s", changes, who, question)
}

// relativeProblem says why a line with its member's names is held.
func relativeProblem(isSuffix, hasEnded bool) string {
	changes := "the birth date is many years from, and coverage begins later than, that"
	if isSuffix {
		changes = "suffix and birth date, not the names, are other than those"
	}
	return fmt.Sprintf("%s of %s: held. Is it a correction, a relative of the same name, or a wrong number?", changes, heldMember(hasEnded))
}

func heldMember(hasEnded bool) string {
	if hasEnded {
		return "its member, who has ended"
	}
	return "its member"
}
