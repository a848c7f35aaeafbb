package members

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ShortError reports that a file has fewer rows than a total in it says: rows are missing, as they are from a file that is cut.
type ShortError struct{ Line, Total, Rows int }

func (e *ShortError) Error() string {
	return fmt.Sprintf("line %d says that there are %d rows, and %d were read; are some missing? Nothing was changed", e.Line, e.Total, e.Rows)
}

// maxTotals is the number of totals that may wait for the rows below them, and that are named.
const maxTotals = 100

// total is a line that counts rows.
type total struct {
	line     int
	says     []int // what it may say
	above    int   // rows above it
	group    int   // those below the total or title before
	isRecord bool  // such lines often count header and trailer as well
}

// totals compares the totals of a file with its rows.
type totals struct {
	rows   int
	mark   int     // rows above the last line that is nobody's
	total  int     // rows above the last total
	open   []total // those that agree with no number of rows so far
	hidden int
}

// skip notes a line that is nobody's; said are its numbers, if it may be a total.
func (t *totals) skip(line int, said []int, isRecord bool) {
	if n := len(t.open); n > 0 && slices.Contains(t.open[n-1].says, t.rows-t.open[n-1].above) { // it is above its group
		t.open = t.open[:n-1]
	}
	mark, group := t.rows-t.mark, t.rows-t.total
	t.mark = t.rows
	if len(said) == 0 {
		return
	}
	t.total = t.rows
	switch {
	case slices.Contains(said, t.rows), slices.Contains(said, mark), slices.Contains(said, group):
	case len(t.open) == maxTotals:
		t.hidden++
	default:
		t.open = append(t.open, total{line, said, t.rows, group, isRecord})
	}
}

// differences returns the totals that agree with no number of rows, and the first that says that rows are missing. Several rows may be of
// one member: merged is how many are.
func (t *totals) differences(merged int) (notes []LineError, short *ShortError) {
	for _, o := range t.open {
		if slices.ContainsFunc(o.says, func(n int) bool { return n == t.rows || n == t.rows-o.above || n == t.rows-merged }) {
			continue
		}
		most := slices.Max(o.says)
		rows := t.rows
		if o.group > 0 && o.group < o.above && most > o.group && most-o.group < rows-most { // it is of its group alone
			rows = o.group
		}
		notes = append(notes, LineError{Line: o.line, Problem: fmt.Sprintf("says that there are %d rows, and the file has %d, %d of them above: are some missing?", most, t.rows, o.above)})
		if isCounted := o.isRecord && most-rows <= 2; most > rows && !isCounted && short == nil {
			short = &ShortError{o.line, most, rows}
		}
	}
	if t.hidden > 0 {
		notes = append(notes, LineError{Line: t.open[len(t.open)-1].line, Problem: fmt.Sprintf("and %d totals below agree with no number of rows", t.hidden)})
	}
	return notes, short
}

// compareTotals names the totals of a CSV file that its rows contradict.
func (run *importRun) compareTotals() {
	source, isCSV := run.source.(*csvSource)
	if !isCSV {
		return
	}
	notes, short := source.totals.differences(run.report.Merged)
	for _, note := range notes {
		run.note(note)
	}
	run.short = short
}

var (
	numerals    = regexp.MustCompile(`[0-9][0-9.,]*(?:[ \x{a0}][0-9]{3}\b)*`)
	thousand    = regexp.MustCompile(`^[0-9]{1,3}([., \x{a0}][0-9]{3})+$`)
	wholeNumber = regexp.MustCompile(`^[0-9]+[.,]0+$`)
)

// countsIn returns the numbers in the cells of a total that may count rows. A comma of thousands may have parted one into cells.
func countsIn(cells []string) (counts []int) {
	add := func(s string) {
		switch {
		case thousand.MatchString(s):
			s = strings.Map(func(r rune) rune {
				if r < '0' || r > '9' {
					return -1
				}
				return r
			}, s)
		case wholeNumber.MatchString(s):
			s = s[:strings.IndexAny(s, ".,")]
		}
		if _, err := time.Parse("20060102", s); err == nil { // when it was made
			return
		}
		if n, err := strconv.Atoi(s); err == nil && len(s) < 9 {
			counts = append(counts, n)
		}
	}
	var parted []string
	for _, cell := range cells {
		for _, s := range numerals.FindAllString(cell, -1) {
			s = strings.TrimRight(s, ".,")
			add(s)
			parted = append(parted, s)
		}
	}
	if joined := strings.Join(parted, ","); len(parted) > 1 && thousand.MatchString(joined) {
		add(joined)
	}
	return counts
}
