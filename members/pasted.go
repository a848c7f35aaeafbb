package members

import "fmt"

// PastedError reports that as many rows are there again as known members are missing: rows were pasted over others.
type PastedError struct{ Repeated, Missing int }

func (e *PastedError) Error() string {
	return fmt.Sprintf("%d rows are there twice, and %d known members are not in the file; were rows pasted over others? Nothing was changed", e.Repeated, e.Missing)
}

// By chance hardly as many rows are there again as members are missing, if they are pastedLeast or more. Rows that come again as a block are
// hardly there by chance from doubtLeast on; then pastedPercent of them must have had members who are missing, since others were new.
const (
	pastedLeast   = 10
	pastedPercent = 80
)

// maxDistances bounds the memory of repeats.
const maxDistances = 1 << 16

// repeats counts the rows of a full file that are there again, by how far below the first they are.
type repeats struct {
	rows      int
	distances map[int]int
	filled    int // rows that were dragged down: the same many times
}

// add counts the repeated rows among those of one number.
func (r *repeats) add(group []repeat) {
	first, again := make(map[string]int, len(group)), map[string]int(nil)
	for _, row := range group {
		of := string(row.ContentMAC)
		line, isAgain := first[of]
		switch {
		case row.isRejected() || of == "":
		case !isAgain:
			first[of] = row.Line
		default:
			r.rows++
			if again == nil {
				again = map[string]int{}
			}
			again[of]++
			if r.distances == nil {
				r.distances = map[int]int{}
			}
			if by := row.Line - line; r.distances[by] > 0 || len(r.distances) < maxDistances {
				r.distances[by]++
			}
		}
	}
	for _, n := range again {
		if n >= doubtLeast {
			r.filled += n
		}
	}
}

// pasted returns the repeated rows that are hardly there by chance: blocks of rows, which are further below than they are long, and rows
// that were filled down.
func (r *repeats) pasted(isCSV bool) (rows int) {
	for by, n := range r.distances {
		if isCSV && n >= doubtLeast && by >= n {
			rows += n
		}
	}
	return min(max(rows, r.filled), r.rows)
}

// weighPasted compares the repeated rows of a full file with the members who are missing.
func (run *importRun) weighPasted() {
	again, missing := run.again.rows, run.absent
	if run.source.isChange() || again == 0 || missing == 0 {
		return
	}
	_, isCSV := run.source.(*csvSource)
	pasted := run.again.pasted(isCSV)
	isBlock := pasted >= doubtLeast && missing*100 >= pasted*pastedPercent
	switch {
	case isBlock:
		again = pasted
	case again != missing:
		return
	}
	run.report.PastedRows, run.report.PastedOver = again, missing
	if isBlock || again >= pastedLeast {
		run.pasted = &PastedError{again, missing}
	}
}
