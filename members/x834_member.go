package members

import (
	"fmt"
	"slices"
	"strings"
)

// memberLoop collects one INS loop (2000): who it is about, and the coverages of its HD loops (2300).
type memberLoop struct {
	file        *x834
	ins         segment
	maintenance string // INS03

	typedNumber     string
	hasRef          bool   // the configured REF is present
	secondNumber    string // another value of it
	otherRef        string // another REF that may hold the number, and its value
	otherNumber     string
	isNamed, isBorn bool
	rec             record
	level           level
	eligible        span // DTP 356 and 357
	coverages       []coverage
	others          []string // HD03 of the loops of other insurance lines
	otherNamed      int      // those of them with a programme's name
	isOtherEnded    bool     // one of them has HD01 024
	wrong           column
	problem         string
	problemAt       int
}

// level is the part of the loop that the segments belong to.
type level uint8

const (
	levelMember   level = iota
	levelPerson         // the member's own name loop (2100A)
	levelOther          // an address, a guardian, an employer, a provider
	levelCoverage       // 2300
)

type coverage struct {
	span
	isDropped bool // HD01 002: the coverage never was
	isEnded   bool // HD01 024
}

func newMemberLoop(x *x834, ins segment) *memberLoop {
	l := &memberLoop{file: x, ins: ins, maintenance: ins.at(3)}
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
	switch s.name() {
	case "REF":
		if l.level == levelMember {
			l.reference(s)
		}
	case "NM1":
		l.name(s)
	case "DMG":
		if l.level == levelPerson {
			l.birth(s)
		}
	case "HD":
		l.cover(s)
	case "LX", "COB", "LS", "DSB": // providers, other insurers, reporting categories, disability
		l.level = levelOther
	case "DTP":
		l.date(s)
	}
}

// cover reads HD. What loops of other insurance lines say (dental, vision, hearing, drugs, long-term care, disability, …) neither
// begins nor ends the programme. A loop without a line counts.
func (l *memberLoop) cover(s segment) {
	line := strings.ToUpper(s.at(3))
	if line != "" && !slices.Contains(l.file.lines, line) {
		l.level = levelOther
		if !isLine(line) {
			line = "?"
		}
		l.others = append(l.others, line)
		l.isOtherEnded = l.isOtherEnded || s.at(1) == "024"
		if program, _ := readProgram(s.at(4)); program != "" && strings.HasPrefix(strings.ToUpper(s.at(4)), "HUSKY") {
			l.otherNamed++
		}
		return
	}
	l.level = levelCoverage
	program, problem := readProgram(s.at(4))
	if problem != "" {
		if line != "" {
			problem += fmt.Sprintf("; if %s (HD03) is of another benefit, name those of the programmes with --insurance-line", line)
		}
		l.fail(s, colProgram, problem)
	}
	l.coverages = append(l.coverages, coverage{
		span: span{Program: program}, isDropped: s.at(1) == "002", isEnded: s.at(1) == "024",
	})
}

// isLine reports whether a value of HD03 has the form of its codes, and may be printed.
func isLine(s string) bool {
	return len(s) <= 3 && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}

// isOther reports whether all HD loops are of other insurance lines.
func (l *memberLoop) isOther() bool { return len(l.others) > 0 && len(l.coverages) == 0 }

// endsOthers reports whether a loop with INS03 024 ends other insurance lines, and not the programme: it has loops of nothing else,
// or only those end.
func (l *memberLoop) endsOthers() bool {
	return l.isOther() || l.isOtherEnded && l.eligible.End.IsZero() && len(l.coverages) > 0 && !slices.ContainsFunc(l.coverages, func(c coverage) bool {
		return c.isEnded || c.isDropped || !c.End.IsZero()
	})
}

// reference reads REF. A number under another qualifier than the configured one is not the member's, but is reported.
func (l *memberLoop) reference(s segment) {
	if s.at(1) == l.file.memberRef {
		if l.hasRef && s.at(2) != l.typedNumber {
			l.secondNumber = l.typedNumber
		}
		l.typedNumber, l.hasRef = s.at(2), true
	} else if number, err := l.file.numbers.Parse(s.at(2)); err == nil && slices.Contains(MemberRefs(), s.at(1)) {
		l.otherRef, l.otherNumber = s.at(1), number
	}
}

// noNumber describes what the loop has in place of a number, and returns the numbers it may mean.
func (l *memberLoop) noNumber() (problem string, may []string) {
	ref := "REF " + l.file.memberRef
	switch {
	case l.hasRef:
		problem, may = l.file.numbers.fault(l.typedNumber)
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
	if entity := s.at(1); entity != "IL" && entity != "74" || l.level == levelCoverage {
		l.level = levelOther
		return
	}
	l.level, l.isNamed = levelPerson, true
	l.rec.LastName, l.rec.FirstName, l.rec.Suffix = readName(s.at(3)), readName(s.at(4)), readSuffix(s.at(7))
}

func (l *memberLoop) birth(s segment) {
	born, ok := readD8(s.at(2))
	if s.at(1) != "D8" || !ok {
		l.fail(s, colBirthDate, "is not a date in the form D8")
		return
	}
	if isEmptyCell(born) { // a change file may omit the person's other data
		l.fail(s, colBirthDate, dateEmptyCell)
	}
	l.rec.BirthDate, l.isBorn = born, true
}

// readD8 reads the format D8, 20060102.
func readD8(s string) (Date, bool) {
	if len(s) != 8 {
		return Date{}, false
	}
	return dateFromDigits(s[:4], s[4:6], s[6:])
}

// boundD8 reads a first or last day; values that programs write for "no such day" become the zero Date.
func boundD8(s string) (Date, bool) {
	if isOpen(s) {
		return Date{}, true
	}
	d, ok := readD8(s)
	return asBound(d), ok
}

// date reads DTP: 356 and 357 delimit the eligibility, 348 and 349 a coverage.
func (l *memberLoop) date(s segment) {
	to, wrong := &l.eligible, colCoverageStart
	qualifier := s.at(1)
	switch {
	case qualifier == "356" || qualifier == "357":
	case (qualifier == "348" || qualifier == "349") && l.level == levelCoverage:
		to = &l.coverages[len(l.coverages)-1].span
	default:
		return
	}
	text, end := s.at(3), ""
	if s.at(2) == "RD8" && len(text) == len("20250101-20251231") && text[8] == '-' {
		text, end = text[:8], text[9:]
	} else if s.at(2) != "D8" {
		l.fail(s, wrong, "is not a date in the form D8")
		return
	}
	day, ok := boundD8(text)
	isStart := qualifier == "356" || qualifier == "348"
	if isStart {
		to.Start = day
	} else {
		to.End, wrong = day, colCoverageEnd
	}
	if end != "" {
		last, isDate := boundD8(end)
		to.End, ok = last, ok && isDate
	}
	if !ok {
		l.fail(s, wrong, "is not a date in the form D8")
	}
}

// entry returns the result of the loop.
func (l *memberLoop) entry() entry {
	e := entry{position: l.ins.number, unit: "segment", partial: l.file.isChange()}
	number, err := l.file.numbers.Parse(l.typedNumber)
	if second, twoErr := l.file.numbers.Parse(l.secondNumber); twoErr == nil && err == nil && second != number {
		l.fail(l.ins, colNumber, fmt.Sprintf("there are two REF %s with different numbers", l.file.memberRef))
		e.numbers, number = []string{second, number}, ""
	}
	if err != nil {
		var problem string
		problem, e.numbers = l.noNumber()
		l.fail(l.ins, colNumber, problem)
	}
	l.rec.MemberNumber = number
	e.others, e.otherNamed, e.isOther, e.endsOthers = l.others, l.otherNamed, l.isOther(), l.maintenance == "024" && l.endsOthers()
	if e.isOther && !e.partial && number != "" {
		e.rec = l.rec
		if l.ins.at(1) == "Y" {
			l.file.subscriber = l.rec
		}
		return e
	}
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
	if isDependent && !l.isNamed {
		l.fail(l.ins, colFirstName, "a dependent (INS*N) without a name, under a REF 0F that may be the subscriber's number: nobody can tell whose the loop is")
	}
	if !e.isOther {
		e.covered = l.coverage()
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
		return e
	}
	if l.isNamed {
		e.notes = cannotRegister(l.rec, l.ins.number, e.unit)
	}
	return e
}

// coverage adds the spans of the HD loops to the record; without HD loops the eligibility period applies. It reports
// whether coverage was mentioned at all.
func (l *memberLoop) coverage() bool {
	if !l.eligible.End.IsZero() && l.eligible.End.Before(l.eligible.Start) {
		l.fail(l.ins, colCoverageEnd, "is before "+string(colCoverageStart)+" (DTP 357, 356)")
	}
	var spans, named []span
	for _, c := range l.coverages {
		if c.Start.IsZero() {
			c.Start = l.eligible.Start
		}
		if c.End.IsZero() {
			c.End = l.eligible.End
		}
		if c.isEnded && c.End.IsZero() {
			c.End = l.file.today
		}
		if !c.End.IsZero() && c.End.Before(c.Start) {
			l.fail(l.ins, colCoverageEnd, "is before "+string(colCoverageStart))
		}
		if c.isDropped {
			continue
		}
		spans = append(spans, c.span)
		if c.Program != "" {
			named = append(named, c.span)
		}
	}
	if len(named) > 0 {
		spans = named
	}
	if len(spans) == 0 {
		if l.eligible == (span{}) {
			return len(l.coverages) > 0
		}
		spans = []span{l.eligible}
	}
	if !l.rec.setCovers(spans) {
		l.fail(l.ins, colProgram, "two programs claim one day")
	}
	return true
}

// effect says what the loop begins or ends, and from when, for the order of the loops of one person.
func (l *memberLoop) effect(e *entry) {
	for _, c := range l.coverages {
		if c.Program != "" && (!c.isDropped || l.maintenance == "024") && !slices.Contains(e.programs, c.Program) {
			e.programs = append(e.programs, c.Program)
		}
		if c.isDropped {
			e.never = append(e.never, c.span)
		}
	}
	if e.isEnding = l.maintenance == "024" && !e.endsOthers; e.isEnding {
		if e.since = l.lastEnd(); e.since.IsZero() {
			e.since = l.eligible.End
		}
		e.isDated = !e.since.IsZero()
	} else {
		e.since = l.firstDay()
	}
	if e.since.IsZero() {
		e.since = l.file.today
	}
}

// firstDay returns the earliest day on which a coverage of the loop begins, or the zero Date.
func (l *memberLoop) firstDay() (first Date) {
	for _, c := range l.coverages {
		if !c.isDropped && !c.Start.IsZero() && (first.IsZero() || c.Start.Before(first)) {
			first = c.Start
		}
	}
	if first.IsZero() {
		return l.eligible.Start
	}
	return first
}

// lastEnd returns the latest end of a coverage, or the zero Date.
func (l *memberLoop) lastEnd() (last Date) {
	for _, c := range l.coverages {
		if last.Before(c.End) {
			last = c.End
		}
	}
	return last
}

// ending returns when a 024 ends its member: now, unless it names a future day.
func (l *memberLoop) ending(e *entry) verb {
	last := l.lastEnd()
	if last.Before(l.eligible.End) {
		last = l.eligible.End
	}
	if last.IsZero() || last.Before(l.file.today) {
		return verbEnd
	}
	e.rec.Ends = last
	return verbUpdate
}
