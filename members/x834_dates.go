package members

import (
	"fmt"
	"slices"
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
	case l.level == levelOtherLine:
	case (qualifier == "348" || qualifier == "349") && isOfCoverage:
		l.bound(s, &l.coverages[len(l.coverages)-1].span, qualifier == "349")
	case isSpare && isOfCoverage:
		c := &l.coverages[len(l.coverages)-1]
		c.spare = append(c.spare, s)
	case isSpare:
		l.spare = append(l.spare, s)
	case !isOpen(s.at(3)):
		l.unread = append(l.unread, s)
	}
}

// bound reads a day, or both of a period, into a span.
func (l *memberLoop) bound(s segment, to *span, isEnd bool) {
	wrong := colCoverageStart
	text, end := s.at(3), ""
	if s.at(2) == "RD8" && len(text) == len("20250101-20251231") && text[8] == '-' {
		text, end = text[:8], text[9:]
	} else if s.at(2) != "D8" {
		l.fail(s, wrong, notD8)
		return
	}
	day, problem := boundD8(text)
	if isEnd {
		wrong = colCoverageEnd
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
	isUnknown := l.maintenance == "024" && !l.endsOthers() && l.lastEnd().IsZero() || slices.ContainsFunc(l.coverages, func(c coverage) bool { return c.isEnded && c.End.IsZero() })
	if !isUnknown || !l.eligible.End.IsZero() {
		return
	}
	passed := slices.Clone(l.unread)
	for _, spare := range append([][]segment{l.spare}, spares(l.coverages)...) {
		passed = append(passed, slices.DeleteFunc(slices.Clone(spare), func(s segment) bool { return s.at(1) == "473" || isOpen(s.at(3)) })...)
	}
	if len(passed) > 0 {
		l.fail(passed[0], colCoverageEnd, fmt.Sprintf("coverage ends (024) without a day that is read, and DTP %s may be it: "+
			"the end is DTP 357 (eligibility), 474 (Medicaid), 349 behind HD (coverage) or 303 (the change counts from then)", clip(passed[0].at(1))))
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
