package members

import "slices"

// span is a period of coverage under one programme. A zero start means since ever, a zero end is open.
type span struct {
	Start   Date   `json:"c,omitzero"`
	End     Date   `json:"e,omitzero"`
	Program string `json:"p,omitempty"`
}

func (s span) holds(day Date) bool {
	return !day.Before(s.Start) && (s.End.IsZero() || !s.End.Before(day))
}

// meets reports whether the later span t begins within s or on the day after it.
func (s span) meets(t span) bool { return s.End.IsZero() || !s.End.next().Before(t.Start) }

// covers returns the spans of a record, the earliest first.
func (r record) covers() []span {
	return append(slices.Clone(r.Earlier), span{r.CoverageStart, r.CoverageEnd, r.Program})
}

// setCovers joins adjacent spans and stores the result, with the last one in the fields that a record with one span
// uses. It returns false and changes nothing if two programmes claim the same day.
func (r *record) setCovers(spans []span) bool {
	spans = slices.Clone(spans)
	slices.SortStableFunc(spans, byStart)
	joined := spans[:0]
	for _, next := range spans {
		if len(joined) == 0 || !joined[len(joined)-1].meets(next) {
			joined = append(joined, next)
			continue
		}
		last := &joined[len(joined)-1]
		isOverlap := last.holds(next.Start)
		switch {
		case last.Program == next.Program:
			if next.End.IsZero() || !last.End.IsZero() && last.End.Before(next.End) {
				last.End = next.End
			}
		case isOverlap:
			return false
		default: // the day after, under another programme
			joined = append(joined, next)
		}
	}
	r.putCovers(joined)
	return true
}

func byStart(a, b span) int {
	switch {
	case a.Start.Before(b.Start):
		return -1
	case b.Start.Before(a.Start):
		return 1
	}
	return 0
}

// putCovers stores sorted spans.
func (r *record) putCovers(spans []span) {
	last := spans[len(spans)-1]
	r.CoverageStart, r.CoverageEnd, r.Program = last.Start, last.End, last.Program
	r.Earlier = nil
	if len(spans) > 1 {
		r.Earlier = slices.Clone(spans[:len(spans)-1])
	}
}

// overlay applies a change file's coverage to the known spans, of which there is at least one. A change shortens a span
// that it overlaps and replaces one that begins within it. Without a programme, or without dates, it keeps the known
// ones.
func overlay(old, changes []span) []span {
	for _, c := range changes {
		if c.Start.IsZero() && !c.End.IsZero() {
			old = endOn(old, c)
			continue
		}
		if last := old[len(old)-1]; c.Start.IsZero() {
			if c.Program == "" || c.Program == last.Program {
				continue
			}
			c.Start = last.Start
		}
		touched := slices.DeleteFunc(slices.Clone(old), func(o span) bool { return !o.holds(c.Start) && !c.holds(o.Start) })
		if c.Program == "" && len(touched) > 0 {
			if c.Program = touched[0].Program; slices.ContainsFunc(touched, func(o span) bool { return o.Program != c.Program }) {
				if !c.End.IsZero() { // of several programmes, the last ends
					old = endOn(old, span{End: c.End})
				}
				continue
			}
		}
		var kept []span
		for _, o := range old {
			switch {
			case !o.Start.Before(c.Start) && c.holds(o.Start):
				continue
			case o.Start.Before(c.Start) && o.holds(c.Start):
				o.End = c.Start.previous()
			}
			kept = append(kept, o)
		}
		old = append(kept, c)
		slices.SortStableFunc(old, byStart)
	}
	return old
}

// endOn applies a change that ends a programme, or any, on a day: it begins no more behind that day.
func endOn(old []span, c span) []span {
	var kept []span
	last := -1
	for _, o := range old {
		isOf := c.Program == "" || o.Program == "" || c.Program == o.Program
		if isOf && c.End.Before(o.Start) {
			continue
		}
		if isOf {
			last = len(kept)
		}
		kept = append(kept, o)
	}
	switch {
	case len(kept) == 0: // it never was
		return []span{{End: c.End, Program: old[0].Program}}
	case last == len(kept)-1 || last >= 0 && c.End.Before(kept[last+1].Start):
		kept[last].End = c.End
	}
	return kept
}

// endsBefore reports whether a change file ends a coverage before it began, as far as is known: it would take the begin with it. An end on the
// day before means that it never was; what has not begun may be called off.
func (r record) endsBefore(e *entry, today Date) bool {
	var ends []span
	if e.covered {
		ends = e.rec.covers()
	}
	if e.isEnding && e.isDated {
		for _, p := range e.programs {
			ends = append(ends, span{End: e.since, Program: p})
		}
	}
	return slices.ContainsFunc(ends, func(c span) bool {
		isOf := func(o span) bool { return c.Program == "" || o.Program == "" || c.Program == o.Program }
		goesBefore := func(o span) bool {
			return !isOf(o) || c.End.Before(o.Start.previous()) && !today.Before(o.Start)
		}
		known := r.covers()
		return c.Start.IsZero() && !c.End.IsZero() && slices.ContainsFunc(known, isOf) && !slices.ContainsFunc(known, func(o span) bool { return !goesBefore(o) })
	})
}

// hasEarlyEnd reports whether a line of a full file ends coverage before it began, as far as is known, and says nothing of the begin: without
// its column the known one stays. An end that is known already is no news.
func (r record) hasEarlyEnd(e *entry, today Date) bool {
	known := r.covers()
	isEarly := func(end Date, o span) bool {
		return !o.Start.IsZero() && end.Before(o.Start.previous()) && !today.Before(o.Start)
	}
	return !e.hasNone && slices.ContainsFunc(e.said.covers(), func(c span) bool {
		switch {
		case !c.Start.IsZero() || c.End.IsZero() || slices.ContainsFunc(known, func(o span) bool { return o.End == c.End }):
			return false
		case slices.Contains(e.absent, colCoverageStart):
			return isEarly(c.End, span{Start: e.rec.CoverageStart})
		}
		return !slices.ContainsFunc(known, func(o span) bool { return !isEarly(c.End, o) })
	})
}

// dropped returns the spans without what a change file says never was.
func dropped(old, never []span) []span {
	for _, c := range never {
		kept := slices.DeleteFunc(slices.Clone(old), func(o span) bool {
			return (c.Program == "" || c.Program == o.Program) && c.holds(o.Start)
		})
		if first := old[0].Start; len(kept) == 0 && !first.IsZero() {
			kept = []span{{End: first.previous(), Program: c.Program}}
		}
		if len(kept) > 0 {
			old = kept
		}
	}
	return old
}

// hasAny reports whether the record has coverage under one of some programmes.
func (r record) hasAny(programs []string) bool {
	return slices.ContainsFunc(r.covers(), func(s span) bool { return s.Program == "" || slices.Contains(programs, s.Program) })
}

// goesOn reports whether the record has coverage behind a day under another programme than those that end on it.
func (r record) goesOn(ending []string, day Date) bool {
	return len(ending) > 0 && slices.ContainsFunc(r.covers(), func(s span) bool {
		return s.Program != "" && !slices.Contains(ending, s.Program) && (s.End.IsZero() || day.Before(s.End))
	})
}

// without returns the record with the coverage under some programmes ended on a day.
func (r record) without(programs []string, day Date) record {
	var kept []span
	for _, s := range r.covers() {
		if slices.Contains(programs, s.Program) {
			if day.Before(s.Start) {
				continue
			}
			if s.holds(day) {
				s.End = day
			}
		}
		kept = append(kept, s)
	}
	r.putCovers(kept)
	return r
}

// cover returns the span that applies on a day: the one that contains it, else the next one, else the last.
func (r record) cover(day Date) span {
	spans := r.covers()
	for _, s := range spans {
		if s.holds(day) || day.Before(s.Start) {
			return s
		}
	}
	return spans[len(spans)-1]
}
