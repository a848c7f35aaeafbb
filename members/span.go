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
	slices.SortStableFunc(spans, func(a, b span) int {
		switch {
		case a.Start.Before(b.Start):
			return -1
		case b.Start.Before(a.Start):
			return 1
		}
		return 0
	})
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

// putCovers stores sorted spans.
func (r *record) putCovers(spans []span) {
	last := spans[len(spans)-1]
	r.CoverageStart, r.CoverageEnd, r.Program = last.Start, last.End, last.Program
	r.Earlier = nil
	if len(spans) > 1 {
		r.Earlier = slices.Clone(spans[:len(spans)-1])
	}
}

// overlay applies a change file's coverage to the known spans: it cuts a span that it overlaps and replaces one that
// begins within it.
func overlay(old, changes []span) []span {
	for _, c := range changes {
		if c.Start.IsZero() { // "ends on": the span that contains the day
			for _, o := range old {
				if !c.End.IsZero() && o.holds(c.End) && (c.Program == "" || c.Program == o.Program) {
					c.Start, c.Program = o.Start, o.Program
				}
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
	}
	return old
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
