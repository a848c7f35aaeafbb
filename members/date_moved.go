package members

import (
	"fmt"
	"slices"
	"time"
)

// MovedError reports that nearly all dates of a column that change do so by the same number of days, as a program moves them, or
// that many are the known ones with month and day exchanged.
type MovedError struct {
	Column               string
	Days, Moved, Changed int
	Years                int  // for Days, of birth dates
	IsExchanged          bool // for Days: month and day
}

func (e *MovedError) Error() string {
	if e.Years != 0 {
		return fmt.Sprintf("%s: of %d dates that change, %d move by %+d years; did a program move them? Nothing was changed", e.Column, e.Changed, e.Moved, e.Years)
	}
	if e.IsExchanged {
		return fmt.Sprintf("%s: of %d dates that change, %d are the known ones with month and day exchanged, as by a program that reads dates with the day first; "+
			"did one save the file? Nothing was changed", e.Column, e.Changed, e.Moved)
	}
	why := "as between the calendars of 1900 and 1904 of spreadsheets"
	if e.Days == 1 || e.Days == -1 {
		why = "as a change of time zone does"
	}
	return fmt.Sprintf("%s: of %d dates that change, %d move by %+d days, %s; did a program move them? Nothing was changed", e.Column, e.Changed, e.Moved, e.Days, why)
}

// SortedError reports a column whose values are those that are known, but each another member's: it was sorted or moved alone.
type SortedError struct {
	Column         string
	Changed, Known int
}

func (e *SortedError) Error() string {
	return fmt.Sprintf("%s: nearly all values are those that are known, but %d of %d members have another one's; was the column sorted alone, or moved? Nothing was changed",
		e.Column, e.Changed, e.Known)
}

// movedInChange is the number of changed dates from which a change file, which consists of changes, is doubted.
const movedInChange = 20

// dateMoves is what a file does to the dates that known members have in one column.
type dateMoves struct {
	known, dated   int          // lines, and those with a date that is known and one in the file
	changed, moved int          // lines with another date than is known, and those of them that are dated
	exchanged      int          // those that are the known ones with month and day exchanged
	by             map[int]int  // days
	byYears        map[int]int  // those that keep month and day
	more           map[Date]int // how many members have a date, or none, less how many had it
}

// maxMoves and maxDates bound the memory: a file that has more has no pattern.
const maxMoves, maxDates = 4096, 65_536

// weighMoves compares the dates of an entry with those of its member.
func (run *importRun) weighMoves(e *entry, before record) {
	spans := before.covers()
	for i, c := range dateColumns {
		said, was := e.rec.BirthDate, before.BirthDate
		switch c {
		case colCoverageStart:
			said, was = e.rec.CoverageStart, nearest(spans, e.rec.CoverageStart, func(s span) Date { return s.Start })
		case colCoverageEnd:
			said, was = e.rec.CoverageEnd, nearest(spans, e.rec.CoverageEnd, func(s span) Date { return s.End })
		}
		run.moves[i].add(said, was, e.either[i])
	}
}

func (m *dateMoves) add(said, was Date, isEither bool) {
	if m.by == nil {
		m.by, m.byYears, m.more = map[int]int{}, map[int]int{}, map[Date]int{}
	}
	m.known++
	if !said.IsZero() && !was.IsZero() {
		m.dated++
	}
	if said == was {
		return
	}
	m.changed++
	if len(m.more) < maxDates {
		m.more[said]++
		m.more[was]--
	}
	if said.IsZero() || was.IsZero() {
		return
	}
	m.moved++
	if said == was.exchanged() && !isEither { // else the order of day and month is judged (date_known.go)
		m.exchanged++
	}
	if said.Month == was.Month && said.Day == was.Day {
		m.byYears[said.Year-was.Year]++
	}
	if days := int(said.time().Sub(was.time()) / (24 * time.Hour)); m.by[days] > 0 || len(m.by) < maxMoves {
		m.by[days]++
	}
}

// isShuffled reports whether the file has the dates that are known, each of another member.
func (m *dateMoves) isShuffled() bool {
	off := 0
	for _, n := range m.more {
		off += max(n, -n)
	}
	return len(m.more) < maxDates && off*5 <= m.changed // two for each date that is new
}

// isExchanged reports whether month and day of so many dates changed places: of most that change, or in a full file of many. That two
// days of a member are such by chance is rare, and files rightly change many other dates.
func (m *dateMoves) isExchanged(least int, isChange bool) bool {
	return m.exchanged >= least && m.exchanged*100 > m.dated*heldLimit && (m.exchanged*2 > m.moved || !isChange && m.exchanged*100 > m.dated*doubtLimit)
}

// nearest returns the date of a span that equals said, or does with month and day exchanged, else that of the last one.
func nearest(spans []span, said Date, of func(span) Date) Date {
	for _, d := range []Date{said, said.exchanged()} {
		if slices.ContainsFunc(spans, func(s span) bool { return of(s) == d }) {
			return d
		}
	}
	return of(spans[len(spans)-1])
}

// movedDates returns the columns whose dates a program seems to have moved or sorted.
func (run *importRun) movedDates() (causes []error) {
	least := doubtLeast
	if run.source.isChange() {
		least = movedInChange
	}
	for i := range run.moves {
		m, column := &run.moves[i], string(dateColumns[i])
		for _, days := range [...]int{-1, 1, -1462, 1462, -1461, 1461} {
			if n := m.by[days]; m.moved >= least && m.moved*100 > m.dated*heldLimit && n*10 >= m.moved*9 {
				causes = append(causes, &MovedError{Column: column, Days: days, Moved: n, Changed: m.moved})
			}
		}
		for years, n := range m.byYears { // coverage may rightly move by years
			if dateColumns[i] == colBirthDate && m.moved >= least && m.moved*100 > m.dated*heldLimit && n*10 >= m.moved*9 {
				causes = append(causes, &MovedError{Column: column, Years: years, Moved: n, Changed: m.moved})
			}
		}
		if m.isExchanged(least, run.source.isChange()) {
			causes = append(causes, &MovedError{Column: column, Moved: m.exchanged, Changed: m.moved, IsExchanged: true})
		}
		if m.changed >= least && m.changed*100 > m.known*doubtLimit && m.isShuffled() {
			causes = append(causes, &SortedError{column, m.changed, m.known})
		}
	}
	return causes
}
