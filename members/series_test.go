package members

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// coverageOf is a roster of people with some dates of coverage.
func coverageOf(spans []span) string {
	var out strings.Builder
	out.WriteString(header)
	for i, s := range spans {
		fmt.Fprintf(&out, "9%08d,ANA,PAZ,,%s,A,%s,%s\n", i, Date{1930 + i%80, 1 + i/80%12, 1 + i/960%28}, s.Start, s.End)
	}
	return out.String()
}

// someSpans begin on firsts of months and end on last days of months.
func someSpans(n int) (spans []span) {
	random := rand.New(rand.NewPCG(5, 0))
	for range n {
		start := Date{2018 + random.IntN(6), 1 + random.IntN(12), 1}
		spans = append(spans, span{Start: start, End: Date{2027 + random.IntN(2), 1 + random.IntN(12), 1}.previous()})
	}
	return spans
}

// A date that is dragged down by weeks, months or years is held on every line, wherever the rows are.
func TestThousandsOfCoveragesDraggedByLongerSteps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		column int
		first  Date
		step   dateStep
	}{
		"starts by weeks":         {0, Date{2025, 3, 3}, dateStep{days: 7}},
		"starts by two weeks":     {0, Date{2025, 3, 3}, dateStep{days: 14}},
		"starts by months":        {0, Date{2024, 2, 1}, dateStep{months: 1}},
		"starts by months, down":  {0, Date{2026, 2, 1}, dateStep{months: -1}},
		"starts by years":         {0, Date{2008, 5, 1}, dateStep{months: 12}},
		"ends by weeks":           {1, Date{2026, 12, 31}, dateStep{days: 7}},
		"ends by months":          {1, Date{2026, 12, 31}, dateStep{months: 1}},
		"ends by months, of June": {1, Date{2026, 6, 30}, dateStep{months: 1}},
		"ends by quarters":        {1, Date{2026, 12, 31}, dateStep{months: 3}},
		"ends by half years":      {1, Date{2026, 12, 31}, dateStep{months: 6}},
		"ends by years":           {1, Date{2026, 12, 31}, dateStep{months: 12}},
		"ends by years, of leap":  {1, Date{2028, 2, 29}, dateStep{months: 12}},
	} {
		for _, rows := range []int{2, 3, 8} {
			spans := someSpans(300)
			for i := range rows {
				spans[100+i].End = Date{2035, 1 + i*5%12, 17} // so that each changes
			}
			before, changed, d := coverageOf(spans), rows, test.first
			for i := range rows {
				*[]*Date{&spans[100+i].Start, &spans[100+i].End}[test.column] = d
				d = test.step.after(d)
			}
			if rows == 8 { // two had these dates before
				was := someSpans(300)
				for i := range rows {
					was[100+i] = span{Start: was[100+i].Start, End: Date{2035, 1 + i*5%12, 17}}
					if i == 2 || i == 5 {
						was[100+i] = spans[100+i]
					}
				}
				before, changed = coverageOf(was), rows-2
			}
			f := newFixture(t)
			f.load(t, before)
			var held []string
			report, err := f.Import(t.Context(), strings.NewReader(coverageOf(spans)), ImportOptions{Held: func(e LineError) { held = append(held, e.Error()) }})
			want := changed
			if rows == 2 {
				want = 0
			}
			if err != nil || report.Held != want || report.Changed != changed-want || want > 0 && !strings.Contains(held[0], "Was a date dragged down?") {
				t.Errorf("%s, %d rows: %+v, %v, %q, want %d held", name, rows, report, err, held, want)
			}
		}
	}
}

// Coverage really begins and ends on few days: what is renewed, or is in the order of its dates, is not held.
func TestThousandsOfRenewedCoveragesAreNotHeld(t *testing.T) {
	t.Parallel()
	const n = 3000
	random := rand.New(rand.NewPCG(7, 0))
	renewed := func(share float64, months int) func([]span) {
		return func(spans []span) {
			for i := range spans {
				if random.Float64() < share {
					spans[i].End = Date{2028, 1 + random.IntN(months), 1}.previous()
				}
			}
		}
	}
	byEnd := func(a, b span) int { return int(a.End.time().Sub(b.End.time()).Hours()) }
	for name, test := range map[string]struct {
		n      int
		before func([]span)
		change func([]span)
	}{
		"a year more for everybody": {n, nil, func(s []span) {
			for i := range s {
				s[i].End = dateStep{months: 12}.after(s[i].End)
			}
		}},
		"all to one of twelve months":     {n, nil, renewed(1, 12)},
		"a third to one of twelve months": {n, nil, renewed(1./3, 12)},
		"a tenth to one of twelve months": {n, nil, renewed(.1, 12)},
		"3 % to one of twelve months":     {n, nil, renewed(.03, 12)},
		"a fifth to one of three months":  {n, nil, renewed(.2, 3)},
		"all to the end of a year": {n, nil, func(s []span) {
			for i := range s {
				s[i].End = Date{2027 + random.IntN(4), 12, 31}
			}
		}},
		"a small roster, one a month": {24, func(s []span) {
			for i := range s {
				s[i].End = dateStep{months: i}.after(Date{2026, 1, 31})
			}
		}, func(s []span) {
			for i := range s {
				s[i].End = dateStep{months: 12}.after(s[i].End)
			}
		}},
		"in the order of its ends": {200, func(s []span) {
			for i := range s {
				s[i].End = dateStep{months: i / 2}.after(Date{2020, 1, 31})
			}
		}, func(s []span) {
			for i := 60; i < 66; i++ {
				s[i].End = dateStep{months: i - 30}.after(Date{2020, 1, 31})
			}
		}},
		"sorted, and new ends of a tenth": {n, func(s []span) { slices.SortFunc(s, byEnd) }, renewed(.1, 12)},
	} {
		spans := someSpans(test.n)
		if test.before != nil {
			test.before(spans)
		}
		f := newFixture(t)
		f.load(t, coverageOf(spans))
		test.change(spans)
		for i := range spans {
			if spans[i].End.Before(spans[i].Start) {
				spans[i].Start = spans[i].End
			}
		}
		report, err := f.Import(t.Context(), strings.NewReader(coverageOf(spans)), ImportOptions{AllowShrink: true})
		if err != nil || report.Held > 0 || report.Changed == 0 {
			t.Errorf("%s: %+v, %v, want none held", name, report, err)
		}
	}
}
