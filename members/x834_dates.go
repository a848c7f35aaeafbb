package members

import (
	"fmt"
	"slices"
	"strings"
)

const notD8 = "is not a date in the form D8"

// readD8 reads the format D8, 20060102.
func readD8(s string) (Date, bool) {
	if len(s) != 8 {
		return Date{}, false
	}
	return dateFromDigits(s[:4], s[4:6], s[6:])
}

// boundD8 reads a first or last day; values that programs write for "no such day" become the zero Date.
func boundD8(s string) (d Date, problem string) {
	if isOpen(s) {
		return Date{}, ""
	}
	d, ok := readD8(s)
	if !ok {
		return Date{}, notD8
	}
	return asBound(d)
}

// date reads DTP: 356 and 357 delimit the eligibility, 348 and 349 a coverage. 473 and 474 (Medicaid) and 303 (from when the change
// counts) are read once all are known, and dates of other insurance lines not at all.
func (l *memberLoop) date(s segment) {
	qualifier := s.at(1)
	isOfCoverage := l.level == levelCoverage
	isSpare := qualifier == "473" || qualifier == "474" || qualifier == "303"
	switch {
	case qualifier == "356" || qualifier == "357":
		l.bound(s, &l.eligible, qualifier == "357")
		if qualifier == "357" && l.eligible.End.IsZero() {
			l.open = append(l.open, s)
		}
	case l.level == levelOtherLine:
	case isBenefit(s) && isOfCoverage:
		l.benefit(s, &l.coverages[len(l.coverages)-1])
	case isBenefit(s) && l.isCovering():
		l.fail(s, "", fmt.Sprintf("DTP %s is behind other segments than its HD: nobody can tell which coverage it is of", qualifier))
	case isBenefit(s):
		l.early = append(l.early, s)
		l.isAtHead = l.isAtHead || !l.isBegun
	case !isDTP(qualifier):
		l.fail(s, "", "DTP01 is no code: which day is it?")
	case isSpare && isOfCoverage:
		c := &l.coverages[len(l.coverages)-1]
		c.spare = append(c.spare, s)
	case isSpare:
		l.spare = append(l.spare, s)
	case s.at(3) == "" || !isOpen(s.at(3)):
		l.unread = append(l.unread, s)
	}
}

// isBenefit recognizes the first and last day of a coverage.
func isBenefit(s segment) bool {
	return s.name() == "DTP" && (s.at(1) == "348" || s.at(1) == "349")
}

// isDTP reports whether a text has the form of the codes of DTP01.
func isDTP(s string) bool {
	return len(s) == 3 && !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') })
}

// benefit reads DTP 348 or 349 of a coverage.
func (l *memberLoop) benefit(s segment, c *coverage) {
	l.bound(s, &c.span, s.at(1) == "349")
	if s.at(1) == "349" && c.End.IsZero() {
		c.open = append(c.open, s)
	}
}

// placeEarly gives DTP 348 and 349 right above HD to the loop's only coverage. Elsewhere nobody can tell what they are of, unless they say
// the same.
func (l *memberLoop) placeEarly() {
	switch {
	case len(l.early) == 0 || l.isOther():
	case len(l.coverages) == 1 && len(l.others) == 0 && !l.isAtHead:
		c := &l.coverages[0]
		for _, s := range l.early {
			day, _ := boundD8(s.at(3))
			if isSame := s.at(1) == "348" && day == c.Start || s.at(1) == "349" && day == c.End; l.isLoose && (!isSame || day.IsZero()) {
				l.failEarly(s)
			}
			l.benefit(s, c)
		}
	case len(l.coverages) == 0 && l.maintenance == "024" && !l.isAtHead: // named as an end that is not read
		l.unread = append(l.unread, l.early...)
	default:
		l.failEarly(l.early[0])
	}
}

func (l *memberLoop) failEarly(s segment) {
	l.fail(s, "", fmt.Sprintf("DTP %s is outside of HD: nobody can tell which coverage it is of", s.at(1)))
}

// doubtNext judges what follows the INS of the next loop: a bound that the last coverage of this one lacks may have slipped there.
func (l *memberLoop) doubtNext(s segment) {
	if !isBenefit(s) || l.level != levelCoverage {
		return
	}
	if c := l.coverages[len(l.coverages)-1]; s.at(1) == "348" && c.Start.IsZero() || s.at(1) == "349" && c.End.IsZero() {
		l.fail(s, "", fmt.Sprintf("DTP %s is behind the INS of the next loop, and may be of this one", s.at(1)))
	}
}

// bound reads a day, or both of a period, into a span.
func (l *memberLoop) bound(s segment, to *span, isEnd bool) {
	wrong := colCoverageStart
	text, end := s.at(3), ""
	if isEnd {
		wrong = colCoverageEnd
	}
	if text == "" && s.at(1) != "473" && s.at(1) != "474" && s.at(1) != "303" {
		l.fail(s, wrong, fmt.Sprintf("DTP %s has no date", s.at(1)))
		return
	}
	if s.at(2) == "RD8" && len(text) == len("20250101-20251231") && text[8] == '-' {
		text, end = text[:8], text[9:]
	} else if s.at(2) != "D8" {
		l.fail(s, wrong, notD8)
		return
	}
	day, problem := boundD8(text)
	if until, fault := boundD8(end); isEnd && end != "" && problem == "" && fault == "" && !day.IsZero() && day != until {
		problem = fmt.Sprintf("DTP %s is one day, and has a period of several (RD8): which day is it?", s.at(1))
	}
	if isEnd {
		setBound(&to.End, day, &problem)
	} else {
		setBound(&to.Start, day, &problem)
	}
	if end != "" && problem == "" {
		if day, problem = boundD8(end); problem == "" {
			setBound(&to.End, day, &problem)
		}
	}
	if problem != "" {
		l.fail(s, wrong, problem)
	}
}

// setBound sets a day that may have been set before, to the same.
func setBound(to *Date, day Date, problem *string) {
	if !to.IsZero() && *to != day && *problem == "" {
		*problem = "there are two DTP with different days"
	}
	*to = day
}

// settleDates completes eligibility and coverages by the spare dates, and fails if the day of an end remains unknown although there
// are dates that may be it.
func (l *memberLoop) settleDates() {
	l.placeEarly()
	if len(l.coverages) == 0 {
		l.useMedicaid(&l.eligible, l.spare)
		if l.maintenance == "024" && !l.isOther() && l.eligible.End.IsZero() {
			l.eligible.End = l.effective(l.spare)
		}
	}
	for i := range l.coverages {
		c := &l.coverages[i]
		l.useMedicaid(&c.span, c.spare)
		if bounds := c.within(l.eligible); c.Program != "B" { // which is CHIP
			l.useMedicaid(&bounds, l.spare)
			c.span = c.within(bounds)
		}
		l.useEffective(c)
	}
	l.useDeath()
	isUnknown := l.maintenance == "024" && !l.endsOthers() && l.lastEnd().IsZero() || slices.ContainsFunc(l.coverages, func(c coverage) bool { return c.isEnded && c.End.IsZero() })
	if !isUnknown || !l.eligible.End.IsZero() {
		return
	}
	passed := slices.Clone(l.unread)
	for _, c := range l.coverages {
		if c.isEnded && c.End.IsZero() {
			passed = append(passed, c.open...)
		}
	}
	if l.maintenance == "024" {
		passed = append(passed, l.open...)
	}
	for _, spare := range append([][]segment{l.spare}, spares(l.coverages)...) {
		passed = append(passed, slices.DeleteFunc(slices.Clone(spare), func(s segment) bool { return s.at(1) == "473" || s.at(3) != "" && isOpen(s.at(3)) })...)
	}
	if len(passed) > 0 {
		l.fail(passed[0], colCoverageEnd, fmt.Sprintf("coverage ends (024) without a day that is read, and DTP %s may be it: "+
			"the end is DTP 357 (eligibility), 474 (Medicaid), 349 behind HD (coverage) or 303 (the change counts from then)", clip(passed[0].at(1))))
	}
}

// useDeath takes the date of death (INS12) as the day of an end that has no other one.
func (l *memberLoop) useDeath() {
	isEnd, text := l.maintenance == "024" && !l.endsOthers() && l.lastEnd().IsZero(), l.ins.at(12)
	hasOpenEnd := func(c coverage) bool { return c.isEnded && c.End.IsZero() }
	if isOpen(text) || !l.eligible.End.IsZero() || !isEnd && !slices.ContainsFunc(l.coverages, hasOpenEnd) {
		return
	}
	died, ok := readD8(text)
	if !ok || l.file.today.Before(died) {
		l.fail(l.ins, colCoverageEnd, "coverage ends (024) without a day that is read, and the date of death (INS12) is none, or to come")
		return
	}
	l.endsByDeath = true
	for i := range l.coverages {
		if c := &l.coverages[i]; hasOpenEnd(*c) {
			c.End = died
		}
	}
	if isEnd {
		l.eligible.End = died
	}
}

func spares(coverages []coverage) (all [][]segment) {
	for _, c := range coverages {
		all = append(all, c.spare)
	}
	return all
}

// useMedicaid takes days that are missing from DTP 473 and 474. An end before the beginning is of a former period.
func (l *memberLoop) useMedicaid(to *span, spare []segment) {
	var medicaid span
	for _, s := range spare {
		if qualifier := s.at(1); qualifier == "473" && to.Start.IsZero() || qualifier == "474" && to.End.IsZero() {
			l.bound(s, &medicaid, qualifier == "474")
		}
	}
	if to.Start.IsZero() {
		to.Start = medicaid.Start
	}
	if to.End.IsZero() && !medicaid.End.Before(to.Start) {
		to.End = medicaid.End
	}
}

// within is the span with those bounds that it lacks.
func (s span) within(bounds span) span {
	if s.Start.IsZero() {
		s.Start = bounds.Start
	}
	if s.End.IsZero() {
		s.End = bounds.End
	}
	return s
}

// useEffective takes the day from which a change counts (DTP 303) as the end of a coverage that ends, or the beginning of one that
// a change file adds, where those have none.
func (l *memberLoop) useEffective(c *coverage) {
	from := l.effective(slices.Concat(c.spare, l.spare))
	bounds := c.within(l.eligible)
	action := c.hd.at(1)
	isEnding := c.isEnded || l.maintenance == "024" && !l.isOtherEnded
	switch {
	case c.isDropped || from.IsZero():
	case isEnding && bounds.End.IsZero():
		c.End = from
	case isEnding || !l.file.isChange() || action != "001" && action != "021" && action != "025":
	case bounds.Start.IsZero() && (bounds.End.IsZero() || !bounds.End.Before(from)):
		c.Start = from
	}
}

// effective returns the day of the first DTP 303, or the zero Date.
func (l *memberLoop) effective(spare []segment) Date {
	var from span
	for _, s := range spare {
		if s.at(1) == "303" && from.Start.IsZero() {
			l.bound(s, &from, false)
		}
	}
	return from.Start
}

// isEffectiveLater reports whether a loop that changes a person's data, and neither begins nor ends coverage, counts from a day to come.
func (l *memberLoop) isEffectiveLater() bool {
	return l.maintenance != "024" && l.isNamed && len(l.coverages) == 0 && l.file.isChange() && l.file.today.Before(l.effective(l.spare))
}
