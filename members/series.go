package members

import "time"

// A date that is dragged down goes on by the same step from row to row: by days (shift.go), or by weeks, months or years. Coverage begins
// and ends on few days of the year, so that people in a row may have such dates by chance. A series counts if that is hardly so.
const (
	seriesChance = 0.002 // of one among some 8,000 lines
	seriesBeside = 3     // rows above and below that are compared: a file in the order of its dates has series
)

// dateStep is the distance of two dates of a series; the zero value is none.
type dateStep struct{ months, days int }

// stepOf returns the step from one date to the next. The last days of two months are whole months apart.
func stepOf(from, to Date) dateStep {
	if from.IsZero() || to.IsZero() || from == to {
		return dateStep{}
	}
	switch months := (to.Year-from.Year)*12 + to.Month - from.Month; max(months, -months) {
	case 1, 3, 6, 12:
		isSameDay := from.Day == to.Day || from.isMonthEnd() && (to.isMonthEnd() || from.Day < to.Day) || to.isMonthEnd() && to.Day < from.Day
		if isSameDay {
			return dateStep{months: months}
		}
	}
	switch days := int(to.time().Sub(from.time()) / (24 * time.Hour)); max(days, -days) {
	case 7, 14:
		return dateStep{days: days}
	}
	return dateStep{}
}

func (d Date) isMonthEnd() bool { return d.next().Day == 1 }

// after returns the date a step later.
func (s dateStep) after(d Date) Date {
	if s.months == 0 {
		return DateOf(d.time().AddDate(0, 0, s.days))
	}
	first := time.Date(d.Year, time.Month(d.Month+s.months), 1, 0, 0, 0, 0, time.UTC)
	last := DateOf(first.AddDate(0, 1, -1))
	if d.isMonthEnd() || d.Day > last.Day {
		return last
	}
	return Date{last.Year, last.Month, d.Day}
}

// newDates are a chunk's people with one of their bounds of coverage.
type newDates struct {
	is   []Date // the new one, zero if it did not change
	said []Date // whether or not it changed
	was  []Date

	changed int
}

func newDatesOf(people int) *newDates {
	return &newDates{is: make([]Date, 0, people), said: make([]Date, 0, people), was: make([]Date, 0, people)}
}

func (n *newDates) add(is, said, was Date) {
	if is.IsZero() {
		was = said
	} else {
		n.changed++
	}
	n.is, n.said, n.was = append(n.is, is), append(n.said, said), append(n.was, was)
}

// dragged returns whose new dates are in a series that was hardly one before, and hardly is by chance. Those who had their date of it before
// do not break it.
func (n *newDates) dragged() (people map[int]bool) {
	if n.changed < draggedDates {
		return nil
	}
	for from := 0; from < len(n.said)-1; {
		step := stepOf(n.said[from], n.said[from+1])
		to := from + 1
		for step != (dateStep{}) && to+1 < len(n.said) && stepOf(n.said[to], n.said[to+1]) == step {
			to++
		}
		next := to
		for from < to && n.is[from].IsZero() {
			from++
		}
		for from < to && n.is[to].IsZero() {
			to--
		}
		wasSeries, changed := true, 0
		for i := from; i <= to && step != (dateStep{}); i++ {
			wasSeries = wasSeries && (i == from || stepOf(n.was[i-1], n.was[i]) == step)
			if !n.is[i].IsZero() {
				changed++
			}
		}
		if changed >= draggedDates && changed*2 > to-from+1 && !wasSeries && !n.isSorted(from, to) && n.chance(step, changed) < seriesChance {
			for i := from; i <= to; i++ {
				if people == nil {
					people = map[int]bool{}
				}
				people[i] = !n.is[i].IsZero()
			}
		}
		from = next
	}
	return people
}

// chance returns how many series of a step and length are to be expected if the changed dates were spread at random.
func (n *newDates) chance(step dateStep, length int) (expected float64) {
	count := map[Date]float64{}
	for _, d := range n.is {
		if !d.IsZero() {
			count[d]++
		}
	}
	all := float64(len(n.is))
	for d := range count {
		share := all
		for range length {
			share *= count[d] / all
			d = step.after(d)
		}
		expected += share
	}
	return expected
}

// isSorted reports whether the rows around a series are in its order, too.
func (n *newDates) isSorted(from, to int) bool {
	isDown := n.said[to].Before(n.said[from])
	last, beside := Date{}, 0
	for i := max(from-seriesBeside, 0); i <= min(to+seriesBeside, len(n.said)-1); i++ {
		d := n.said[i]
		if d.IsZero() {
			continue
		}
		if !last.IsZero() && d != last && d.Before(last) != isDown {
			return false
		}
		last = d
		if i < from || i > to {
			beside++
		}
	}
	return beside > seriesBeside
}
