package members

import (
	"fmt"
	"slices"
	"strings"
)

type coverage struct {
	span
	hd        segment
	spare     []segment // of its DTP, as those of the member
	open      []segment // its DTP 349 that say that there is no end
	isDropped bool      // HD01 002: the coverage never was
	isEnded   bool      // HD01 024
}

// cover reads HD. What loops of other insurance lines say (dental, vision, hearing, drugs, long-term care, disability, …) neither
// begins nor ends the programme. A loop without a line counts.
func (l *memberLoop) cover(s segment) {
	line := strings.ToUpper(s.at(3))
	if line != "" && !slices.Contains(l.file.lines, line) {
		l.level = levelOtherLine
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
		span: span{Program: program}, hd: s, isDropped: s.at(1) == "002", isEnded: s.at(1) == "024",
	})
}

// isLine reports whether a value of HD03 has the form of its codes, and may be printed.
func isLine(s string) bool {
	return len(s) <= 3 && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}

// isOther reports whether all HD loops are of other insurance lines.
func (l *memberLoop) isOther() bool { return len(l.others) > 0 && len(l.coverages) == 0 }

// goesOn reports whether a coverage has no end of its own, nor by the eligibility.
func (l *memberLoop) goesOn(c coverage) bool {
	return !c.isEnded && !c.isDropped && c.End.IsZero() && (l.eligible.End.IsZero() || l.endsByDeath)
}

// endsOthers reports whether a loop with INS03 024 ends other insurance lines, and not the programme: it has loops of nothing else,
// or only those end.
func (l *memberLoop) endsOthers() bool {
	return l.isOther() || l.isOtherEnded && l.eligible.End.IsZero() && len(l.coverages) > 0 && !slices.ContainsFunc(l.coverages, func(c coverage) bool {
		return c.isEnded || c.isDropped || !c.End.IsZero()
	})
}

// coverage adds the spans of the HD loops to the record; without HD loops the eligibility period applies. It reports
// whether coverage was mentioned at all.
func (l *memberLoop) coverage() bool {
	if !l.eligible.End.IsZero() && l.eligible.End.Before(l.eligible.Start) {
		l.fail(l.ins, colCoverageEnd, "is before "+string(colCoverageStart)+" (DTP 357, 356)")
	}
	var spans, named []span
	var never *span
	var counted []coverage
	for _, c := range l.coverages {
		c.span = c.within(l.eligible)
		if c.isEnded && c.End.IsZero() {
			c.End = l.file.today
		}
		if !c.End.IsZero() && c.End.Before(c.Start) {
			l.fail(l.ins, colCoverageEnd, "is before "+string(colCoverageStart))
		}
		if c.isDropped {
			if never == nil || c.Start.Before(never.Start) {
				never = &c.span
			}
			continue
		}
		l.doubtOverlap(counted, c)
		counted = append(counted, c)
		spans = append(spans, c.span)
		if c.Program != "" {
			named = append(named, c.span)
		}
	}
	if len(named) > 0 {
		spans = named
	}
	if l.hasNone = len(spans) == 0 && never != nil; l.hasNone && !l.file.isChange() {
		spans = []span{l.endedBefore(*never)}
	}
	if len(spans) == 0 {
		if l.hasNone || l.eligible == (span{}) {
			return len(l.coverages) > 0
		}
		spans = []span{l.eligible}
	}
	if !l.rec.setCovers(spans) {
		l.fail(l.ins, colProgram, "two programs claim one day")
	}
	return true
}

// doubtOverlap fails if a coverage overlaps one above under the same programme and is not the same: an older one would undo an end, or move
// a begin back. In a change file, one that ends changes the other.
func (l *memberLoop) doubtOverlap(above []coverage, c coverage) {
	for _, a := range above {
		if a.Program != c.Program || a.span == c.span || !a.holds(c.Start) && !c.holds(a.Start) || l.file.isChange() && (a.isEnded || c.isEnded) {
			continue
		}
		problem, line := "overlaps another HD of the same program in this loop, and is not the same", strings.ToUpper(c.hd.at(3))
		if other := strings.ToUpper(a.hd.at(3)); other != line && other != "" && line != "" {
			problem += fmt.Sprintf("; if %s or %s (HD03) is of another benefit, name those of the programmes with --insurance-line", other, line)
		}
		wrong := colCoverageEnd
		if a.End == c.End {
			wrong = colCoverageStart
		}
		l.fail(c.hd, wrong, problem)
	}
}

// endedBefore returns what remains of a coverage that never was: it ended before it began, or yesterday if nobody knows when it did.
func (l *memberLoop) endedBefore(never span) span {
	first := never.Start
	if first.IsZero() {
		first = l.file.today
	}
	return span{End: first.previous(), Program: never.Program}
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
