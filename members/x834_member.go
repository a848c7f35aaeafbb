package members

import (
	"fmt"
	"slices"
)

// memberLoop collects one INS loop (2000): who it is about, and the coverages of its HD loops (2300).
type memberLoop struct {
	file        *x834
	ins         segment
	maintenance string // INS03
	interchange int    // of the file, from 1

	typedNumbers    []string // values of the configured REF
	otherRef        string   // another REF that may hold the number, and its value
	otherNumber     string
	priorNumber     string // REF Q4: the one that the member had before
	isNamed, isBorn bool
	rec             record
	level           level
	eligible        span      // DTP 356 and 357
	spare           []segment // DTP that count where others are missing: 473, 474, 303
	unread          []segment // DTP of member or programme with other qualifiers
	early           []segment // DTP 348 and 349 above HD
	isLoose         bool      // other segments than DTP are between them and HD
	isAtHead        bool      // some of them are right behind INS, where they may be of the loop above
	isBegun         bool      // there was more than DTP behind INS
	open            []segment // DTP 357 that say that there is no end
	written         *[3]string
	isOver          bool     // another person's segments begin
	isJoined        bool     // a segment holds another one
	stray           []string // values of the configured REF below the head of the loop
	coverages       []coverage
	others          []string // HD03 of the loops of other insurance lines
	otherNamed      int      // those of them with a programme's name
	isOtherEnded    bool     // one of them has HD01 024
	endsByDeath     bool     // its only day of an end is INS12
	hasNone         bool     // all coverages never were (HD01 002)
	wrong           column
	problem         string
	problemAt       int
}

// level is the part of the loop that the segments belong to.
type level uint8

const (
	levelMember    level = iota
	levelPerson          // the member's own name loop (2100A)
	levelOther           // an address, a guardian, an employer, a provider
	levelOtherLine       // 2300 of another insurance line
	levelCoverage        // 2300
)

func newMemberLoop(x *x834, ins segment) *memberLoop {
	l := &memberLoop{file: x, ins: ins, maintenance: ins.at(3), interchange: len(x.x12.controls[0])}
	l.doubtJoined(ins)
	if !slices.Contains([]string{"001", "021", "024", "025", "030"}, l.maintenance) {
		l.fail(ins, "", "INS03 is none of 001, 021, 024, 025, 030")
	}
	return l
}

// fail records the first fault.
func (l *memberLoop) fail(s segment, wrong column, problem string) {
	if l.problem == "" {
		l.wrong, l.problem, l.problemAt = wrong, problem, s.number
	}
}

func (l *memberLoop) take(s segment) {
	name := s.name()
	l.doubtJoined(s)
	l.isBegun = l.isBegun || name != "DTP"
	l.isLoose = l.isLoose || len(l.early) > 0 && !l.isCovering() && name != "DTP" && name != "HD"
	switch name {
	case "REF":
		if l.level == levelMember {
			l.reference(s)
		} else {
			l.strayReference(s)
		}
	case "NM1":
		l.name(s)
	case "DMG":
		switch {
		case l.isCovering():
			l.another(s, colBirthDate, l.isBorn, "DMG is behind HD")
		case l.level == levelPerson:
			l.birth(s)
		case l.level == levelMember:
			l.fail(s, colBirthDate, "DMG comes before NM1: nobody can tell whose birth date it is")
		}
	case "HD":
		l.cover(s)
	case "LX", "COB", "LS", "DSB": // providers, other insurers, reporting categories, disability
		l.level = levelOther
	case "DTP":
		l.date(s)
	default:
		if !isSegment(name) {
			l.fail(s, "", "is no segment that an 834 has: is it INS, HD, DTP or another one, misspelt?")
		}
	}
}

// another fails for what is behind HD. If the loop has its own above, another person begins there.
func (l *memberLoop) another(s segment, wrong column, hasOwn bool, problem string) {
	l.fail(s, wrong, problem+": is the INS of another person missing?")
	l.isOver = hasOwn
}

// isCovering reports whether an HD was read. No segments about the person come behind it.
func (l *memberLoop) isCovering() bool { return len(l.coverages)+len(l.others) > 0 }

// strayReference reads REF below the head of the loop, where a member's number is another person's. Behind HD, 1L is a policy's number.
func (l *memberLoop) strayReference(s segment) {
	isNumber := s.at(1) == l.file.memberRef
	if isNumber && !slices.Contains(l.typedNumbers, s.at(2)) {
		l.stray = append(l.stray, s.at(2))
	}
	switch {
	case l.isCovering() && (isNumber && s.at(1) != "1L" || s.at(1) == defaultMemberRef):
		l.another(s, colNumber, len(l.typedNumbers) > 0, fmt.Sprintf("REF %s is behind HD", s.at(1)))
	case !l.isCovering() && isNumber && len(l.typedNumbers) > 0 && !slices.Contains(l.typedNumbers, s.at(2)):
		l.fail(s, colNumber, fmt.Sprintf("there are two REF %s with different numbers: is the INS of another person missing?", s.at(1)))
	}
}

// reference reads REF. A number under another qualifier than the configured one is not the member's, but is reported.
func (l *memberLoop) reference(s segment) {
	if s.at(1) == "Q4" {
		l.priorNumber, _ = l.file.numbers.Parse(s.at(2))
	}
	if s.at(1) == l.file.memberRef {
		if !slices.Contains(l.typedNumbers, s.at(2)) {
			l.typedNumbers = append(l.typedNumbers, s.at(2))
		}
	} else if number, err := l.file.numbers.Parse(s.at(2)); err == nil && slices.Contains(MemberRefs(), s.at(1)) {
		l.otherRef, l.otherNumber = s.at(1), number
	}
}

// noNumber describes what the loop has in place of a number, and returns the numbers it may mean.
func (l *memberLoop) noNumber() (problem string, may []string) {
	ref := "REF " + l.file.memberRef
	switch {
	case len(l.typedNumbers) > 0:
		problem, may = l.file.numbers.fault(l.typedNumbers[0])
		return ref + " " + problem, may
	case l.otherRef != "":
		return fmt.Sprintf("there is no %s; REF %s has the form of a member number: if it is the one, import with --member-ref=%[2]s", ref, l.otherRef), []string{l.otherNumber}
	}
	return "there is no " + ref + ", which --member-ref names as the one with the number", nil
}

// isDependent reports whether the loop is a dependent's, in whom REF 0F is by the implementation guide the subscriber's number.
func (l *memberLoop) isDependent() bool {
	return l.ins.at(1) == "N" && l.file.memberRef == defaultMemberRef
}

// isNot reports whether the loop has the number of a subscriber, and is not certainly about the same person.
func (l *memberLoop) isNot(subscriber record) bool {
	first, _, born := subscriber.differs(l.rec)
	return l.rec.MemberNumber == subscriber.MemberNumber && (!l.isNamed || first || born)
}

const (
	dependentApart  = "the loop is a dependent's (INS*N) and its REF 0F the subscriber's number, so the dependent is left out: "
	dependentAdvice = "ask the sender for a number of each person, and name its REF with --member-ref"
)

// ofSubscriber says why a dependent is left out, and what to do.
func (l *memberLoop) ofSubscriber() string {
	if l.otherRef != "" {
		return fmt.Sprintf("%sif the number in REF %s is the dependent's own, import with --member-ref=%[2]s", dependentApart, l.otherRef)
	}
	return dependentApart + dependentAdvice
}

// name reads NM1: IL is the member, 74 the member with a corrected name (70 is then the incorrect name).
func (l *memberLoop) name(s segment) {
	switch entity := s.at(1); {
	case entity != "IL" && entity != "74":
		l.level = levelOther
		return
	case l.isCovering():
		problem := "NM1 (IL, 74) is behind HD"
		if l.isNamed {
			problem = "there are two NM1 in one loop (IL, 74), one of them behind HD"
		}
		l.level = levelOther
		l.another(s, colLastName, l.isNamed, problem)
		return
	}
	was := l.rec
	l.rec.LastName, l.rec.FirstName, l.rec.Suffix = readName(s.at(3)), readName(s.at(4)), readSuffix(s.at(7))
	if l.rec.Suffix == "" {
		l.rec.Suffix = suffixBeside(s)
	}
	l.written = l.rec.moveSuffix()
	if first, last, _ := was.differs(l.rec); l.isNamed && (first || last) {
		l.fail(s, colLastName, "there are two NM1 with different names in one loop (IL, 74): is the INS of another person missing?")
	}
	l.level, l.isNamed = levelPerson, true
}

// suffixBeside returns a suffix that is in an element beside its own: a middle name, a prefix, or what follows the suffix.
func suffixBeside(nm1 segment) string {
	for _, i := range []int{5, 6, 8, 9} {
		said := readName(nm1.at(i))
		suffix := clearSuffix(said)
		if suffix == "" {
			_, suffix = partSuffix(said)
		}
		if suffix != "" && (i != 6 || suffix != "SR") { // Señor
			return suffix
		}
	}
	return ""
}

func (l *memberLoop) birth(s segment) {
	born, ok := readD8(s.at(2))
	if s.at(1) != "D8" || !ok {
		l.fail(s, colBirthDate, notD8)
		return
	}
	if isEmptyCell(born) { // a change file may omit the person's other data
		l.fail(s, colBirthDate, dateEmptyCell)
	}
	if l.isBorn && born != l.rec.BirthDate {
		l.fail(s, colBirthDate, "there are two DMG with different birth dates in one loop")
	}
	l.rec.BirthDate, l.isBorn = born, true
}

// entry returns the result of the loop.
func (l *memberLoop) entry() entry {
	e := entry{position: l.ins.number, unit: "segment", interchange: l.interchange, partial: l.file.isChange(), written: l.written}
	var numbers []string
	isClear := len(l.typedNumbers) > 0
	for _, typed := range l.typedNumbers {
		number, err := l.file.numbers.Parse(typed)
		if err == nil && !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
		isClear = isClear && err == nil && len(numbers) == 1
	}
	number := ""
	switch {
	case isClear:
		number = numbers[0]
	case len(l.typedNumbers) > 1:
		l.fail(l.ins, colNumber, fmt.Sprintf("there are two REF %s with different numbers", l.file.memberRef))
		e.numbers = numbers
	default:
		var problem string
		problem, e.numbers = l.noNumber()
		l.fail(l.ins, colNumber, problem)
	}
	l.rec.MemberNumber, e.prior = number, l.priorNumber
	l.settleDates()
	isDead := !isOpen(l.ins.at(12))
	e.hasDied, e.isDeath, e.endsByDeath = isDead && l.maintenance != "024", isDead && l.maintenance == "024", l.endsByDeath
	e.others, e.otherNamed, e.isOther, e.endsOthers = l.others, l.otherNamed, l.isOther(), l.maintenance == "024" && l.endsOthers()
	if e.isOther && !e.partial && number != "" && !l.isJoined {
		e.rec = l.rec
		if l.ins.at(1) == "Y" {
			l.file.subscriber = l.rec
		}
		return e
	}
	e.remarks = wholeNameRemarks(l.rec.partWholeNames(), l.ins.number, e.unit)
	isDependent := l.isDependent()
	if isDependent {
		e.apart = l.ofSubscriber()
	}
	if isDependent && number != "" && l.isNot(l.file.subscriber) {
		l.fail(l.ins, colNumber, e.apart)
		number, l.rec.MemberNumber, e.numbers = "", "", nil
		if l.otherRef != "" {
			e.numbers = []string{l.otherNumber}
		}
	}
	if l.isEffectiveLater() {
		e.remarks = append(e.remarks, LineError{l.ins.number, "", "DTP 303 is a day to come, but what the loop says of the person counts from now on", e.unit})
	}
	if isDependent && !l.isNamed {
		l.fail(l.ins, colFirstName, "a dependent (INS*N) without a name, under a REF 0F that may be the subscriber's number: nobody can tell whose the loop is")
	}
	if !e.isOther {
		e.covered = l.coverage()
		e.isBare = !e.covered && !e.partial
	}
	if l.problem == "" && (!e.partial || l.isNamed && l.isBorn) {
		if wrong, problem := checkPerson(l.rec, l.file.today); problem != "" {
			l.fail(l.ins, wrong, problem)
		}
	}
	if !l.isNamed {
		l.rec.FirstName, l.rec.LastName, l.rec.Suffix = "", "", ""
	}
	e.rec = l.rec
	if e.partial {
		l.effect(&e)
	}
	if l.ins.at(1) == "Y" {
		l.file.subscriber = l.rec
	}
	if i := slices.IndexFunc(l.coverages, l.goesOn); l.maintenance == "024" && !e.endsOthers && i >= 0 {
		l.fail(l.coverages[i].hd, colProgram, "INS03 is 024, but this HD says that its coverage goes on: does the member end?")
	}
	switch {
	case l.maintenance == "024" && !e.endsOthers:
		e.verb = l.ending(&e)
	case e.partial && (l.maintenance == "001" || e.endsOthers || e.isOther):
		e.verb = verbUpdate
	}
	if l.problem != "" {
		e.fault = &LineError{Line: l.problemAt, Column: string(l.wrong), Problem: l.problem, Unit: e.unit}
		if number != "" {
			e.numbers, e.own = []string{number}, number
		}
		for _, typed := range l.stray { // of people whose INS is missing: they do not end
			if other, err := l.file.numbers.Parse(typed); err == nil && !slices.Contains(e.numbers, other) {
				e.numbers = append(e.numbers, other)
			}
		}
		return e
	}
	e.hasNone = l.hasNone
	if l.isNamed {
		e.notes = cannotRegister(l.rec, l.ins.number, e.unit)
	}
	return e
}
