package members

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// datedRoster has 60 people, each with dates of their own.
func datedRoster(change func(i int, born, start, end *Date)) string {
	var out strings.Builder
	out.WriteString(header)
	for i := range 60 {
		born, start, end := Date{1940 + i*7%60, 1 + i*5%12, 1 + i*11%28}, Date{2020 + i%5, 1 + i*7%12, 1}, Date{2027 + i*3%4, 1 + i*5%12, 28}
		if change != nil {
			change(i, &born, &start, &end)
		}
		fmt.Fprintf(&out, "9000008%02d,%s,PAZ,,%s,A,%s,%s\n", i, []string{"ANA", "EVA", "LEO", "NOA", "LUZ"}[i%5], born, start, end)
	}
	return out.String()
}

func moved(d Date, days int) Date { return DateOf(d.time().AddDate(0, 0, days)) }

// exchanged is the roster with month and day of every nth date of a column exchanged, at most so many if that is not 0.
func exchanged(most, nth, column int) string {
	n := 0
	return datedRoster(func(i int, born, start, end *Date) {
		d := []*Date{born, start, end}[column]
		if other := d.exchanged(); i%nth == 0 && other.Valid() && other != *d && (most == 0 || n < most) {
			*d = other
			n++
		}
	})
}

// exchangeOrRenew gives most dates a later year, and exchanges month and day of every fourth.
func exchangeOrRenew(i int, d *Date) {
	if other := d.exchanged(); i%4 == 0 && other != *d {
		*d = other
	} else {
		d.Year++
	}
}

// Dates that a program moved or sorted are not applied; those that rightly change for everybody are.
func TestMovedDatesAreRefused(t *testing.T) {
	t.Parallel()
	sorted := func(column int, isDown bool) string {
		var dates []Date
		datedRoster(func(_ int, born, start, end *Date) { dates = append(dates, *[]*Date{born, start, end}[column]) })
		slices.SortFunc(dates, func(a, b Date) int { return int(a.time().Sub(b.time()).Hours()) })
		if isDown {
			slices.Reverse(dates)
		}
		return datedRoster(func(i int, born, start, end *Date) { *[]*Date{born, start, end}[column] = dates[i] })
	}
	for name, test := range map[string]struct {
		file   string
		refuse bool
	}{
		"ends a day early":                           {datedRoster(func(_ int, _, _, end *Date) { *end = moved(*end, -1) }), true},
		"ends a day late":                            {datedRoster(func(_ int, _, _, end *Date) { *end = moved(*end, 1) }), true},
		"a third of the ends a day early":            {datedRoster(func(i int, _, _, end *Date) { *end = moved(*end, map[bool]int{i%3 == 0: -1}[true]) }), true},
		"starts a day early":                         {datedRoster(func(_ int, _, start, _ *Date) { *start = moved(*start, -1) }), true},
		"the calendar of 1904":                       {datedRoster(func(_ int, _, start, end *Date) { *end, *start = moved(*end, 1462), moved(*start, 1462) }), true},
		"six births a day early":                     {datedRoster(func(i int, born, _, _ *Date) { *born = moved(*born, map[bool]int{i%10 == 0: -1}[true]) }), true},
		"six births a year late":                     {datedRoster(func(i int, born, _, _ *Date) { born.Year += map[bool]int{i%10 == 0: 1}[true] }), true},
		"ends sorted alone":                          {sorted(2, false), true},
		"ends sorted alone, the last first":          {sorted(2, true), true},
		"starts sorted alone":                        {sorted(1, false), true},
		"open ends sorted alone":                     {"OPEN", true},
		"starts with month and day exchanged":        {exchanged(0, 1, 1), true},
		"births with month and day exchanged":        {exchanged(0, 1, 0), true},
		"a quarter of the starts exchanged":          {exchanged(0, 4, 1), true},
		"starts exchanged, and more of them renewed": {datedRoster(func(i int, _, start, _ *Date) { exchangeOrRenew(i, start) }), true},
		"four starts with month and day exchanged":   {exchanged(4, 12, 1), false},
		"a year more for everybody":                  {datedRoster(func(_ int, _, _, end *Date) { end.Year++ }), false},
		"a month more for everybody":                 {datedRoster(func(_ int, _, _, end *Date) { *end = moved(*end, 31) }), false},
		"one end for everybody":                      {datedRoster(func(_ int, _, _, end *Date) { *end = Date{2027, 12, 31} }), false},
		"three ends a day later":                     {datedRoster(func(i int, _, _, end *Date) { *end = moved(*end, map[bool]int{i%20 == 0: 1}[true]) }), false},
	} {
		f := newFixture(t)
		f.load(t, datedRoster(nil))
		if test.file == "OPEN" { // two of three end on one day, the others do not
			f = newFixture(t)
			f.load(t, datedRoster(func(i int, _, _, end *Date) { *end = [...]Date{{2026, 12, 31}, {2026, 12, 31}, {}}[i%3] }))
			test.file = datedRoster(func(i int, _, _, end *Date) { *end = [...]Date{{2026, 12, 31}, {2026, 12, 31}, {}}[i/20] })
		}
		report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{})
		_, isMoved := errors.AsType[*MovedError](err)
		_, isSorted := errors.AsType[*SortedError](err)
		if (isMoved || isSorted) != test.refuse || isSorted != (test.refuse && strings.Contains(name, "sorted")) || err != nil && !test.refuse {
			t.Errorf("%s: %+v, %v, want it refused: %v", name, report, err, test.refuse)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{AllowDoubtful: true, AllowShrink: true}); err != nil {
			t.Errorf("%s, meant: %v", name, err)
		}
	}
	// A roster that is in that order is none that was sorted.
	f := newFixture(t)
	f.load(t, sorted(2, false))
	if _, err := f.Import(t.Context(), strings.NewReader(strings.ReplaceAll(sorted(2, false), "-28\n", "-27\n")), ImportOptions{AllowDoubtful: true}); err != nil {
		t.Errorf("a roster in the order of its ends: %v", err)
	}
}

// A birth date that was dragged down goes on by a day from row to row.
func TestBirthDatesDraggedDown(t *testing.T) {
	t.Parallel()
	var first Date
	file := datedRoster(func(i int, born, _, _ *Date) {
		if i == 20 {
			first = *born
		}
		if i > 20 && i < 24 {
			*born = moved(first, i-20)
		}
	})
	f := newFixture(t)
	f.load(t, datedRoster(nil))
	if report := f.load(t, file); report.Held != 3 || report.Changed != 0 {
		t.Errorf("three rows: %+v, want them held", report)
	}
}

// So do days of coverage.
func TestCoverageDraggedDown(t *testing.T) {
	t.Parallel()
	for column, name := range []string{"start", "end"} {
		for n, held := range map[int]int{2: 0, 4: 4} {
			first := Date{2026, 10, 3}
			file := datedRoster(func(i int, _, start, end *Date) {
				if i >= 20 && i < 20+n {
					*[]*Date{start, end}[column] = moved(first, i)
				}
				if end.Before(*start) {
					*end = *start
				}
			})
			f := newFixture(t)
			f.load(t, datedRoster(nil))
			if report := f.load(t, file); report.Held != held || report.Changed != n-held {
				t.Errorf("%d rows of the %s: %+v, want %d held", n, name, report, held)
			}
		}
	}
}

// Month and day are exchanged in any span of a member who has several, in X12 as in CSV, and in change files.
func TestExchangedDatesOfAnyFile(t *testing.T) {
	t.Parallel()
	loops := func(exchange bool) (all []string) {
		for i := range 80 {
			start := Date{2024, 1 + i*7%12, 2 + i%11}
			if exchange {
				start = start.exchanged()
			}
			all = append(all, fmt.Sprintf("INS*Y*18*001**A~REF*0F*9000007%02d~NM1*IL*1*PAZ*ANA~DMG*D8*19%d0314~HD*001**HMO*HUSKY A~DTP*348*D8*%s~", i, 10+i, strings.ReplaceAll(start.String(), "-", "")))
		}
		return all
	}
	for _, action := range []string{"2", "4"} {
		f := newFixture(t)
		f.load(t, file834(set834("4", loops(false)...)))
		_, err := f.Import(t.Context(), strings.NewReader(file834(set834(action, loops(true)...))), ImportOptions{})
		if moved, ok := errors.AsType[*MovedError](err); !ok || !moved.IsExchanged || moved.Column != "coverage_start" {
			t.Errorf("X12 with BGN08 %s: %v, want it refused", action, err)
		}
	}
	spans := func(exchange bool) string {
		all := datedRoster(nil)
		for i := range 30 {
			early := Date{2018, 1 + i*7%12, 2 + i%11}
			if exchange {
				early = early.exchanged()
			}
			all += fmt.Sprintf("9000008%02d,%s,PAZ,,%s,A,%s,2019-06-30\n", i, []string{"ANA", "EVA", "LEO", "NOA", "LUZ"}[i%5], Date{1940 + i*7%60, 1 + i*5%12, 1 + i*11%28}, early)
		}
		return all
	}
	f := newFixture(t)
	f.load(t, spans(false))
	_, err := f.Import(t.Context(), strings.NewReader(spans(true)), ImportOptions{})
	if moved, ok := errors.AsType[*MovedError](err); !ok || !moved.IsExchanged || moved.Moved < 20 {
		t.Errorf("the earlier of two spans: %v, want it refused", err)
	}
}
