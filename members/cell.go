package members

import (
	"fmt"
	"slices"
	"strings"
)

// maxCellLines is how many lines a row with line breaks in its cells has at most. maxLine bounds its bytes: no spreadsheet's cell
// holds more than 32,767 characters.
const maxCellLines = 100

const betweenMarks = "is between two quotation marks that are not closed: row or note?"

// join returns the row that begins with a line whose last cell goes on in the next lines, since a quotation mark is open. Two marks that
// nobody closed look alike: then the row does not have the fields of the header, and the lines between them, of which nobody can
// tell whether they are rows, are held back.
func (s *csvSource) join(line string) (row string, rows []string, ok bool) {
	if s.lines.isCR || !hasOddMarks(line) {
		return line, nil, false
	}
	if _, problem := splitLine(nil, line, s.parser.separator); problem != markOpen {
		return line, nil, false
	}
	lines, size := []string{line}, len(line)
	for len(lines) < maxCellLines {
		p, isThere := s.lines.peek(len(lines) - 1)
		if size += 1 + len(p.text); !isThere || size > maxLine {
			break
		}
		lines = append(lines, p.text)
		switch {
		case hasOddMarks(p.text) && s.isRow(strings.Join(lines, "\n")):
			for range lines[1:] {
				_, _ = s.lines.next() // was read by peek
			}
			row = strings.Join(lines, "\n")
			return row, slices.DeleteFunc(lines[1:], func(l string) bool { return !s.isRow(strings.ReplaceAll(l, `"`, "")) }), true
		case hasOddMarks(p.text):
			s.heldTo = p.line
			return line, nil, false
		case p.isOpen && !p.isMarked: // the file may be cut within the cell
			s.heldTo = p.line + 1
			return line, nil, false
		}
	}
	return line, nil, false
}

func hasOddMarks(line string) bool { return strings.Count(line, `"`)%2 == 1 }

// isRow reports whether a text has the fields of the header.
func (s *csvSource) isRow(text string) bool {
	fields, problem := splitLine(nil, text, s.parser.separator)
	n := s.parser.layout.fields
	return problem == "" && (len(fields) == n || len(fields) == n+s.parser.behind && areEmpty(fields[n:]))
}

// between returns the entry of a line that join held back.
func (s *csvSource) between(line string) (entry, error) {
	if s.lines.isOpen && !s.isRow(line) {
		return entry{}, &FileError{Line: s.lines.line, Problem: betweenMarks + " The line has no end: the file seems to be cut off"}
	}
	s.totals.rows++
	position := s.lines.line
	return entry{
		position: position, absent: s.parser.layout.absent, isOpen: s.lines.isOpen && !s.lines.isMarked,
		fault: &LineError{Line: position, Problem: betweenMarks}, numbers: numbersBetween(line, s.parser.separator, s.parser.numbers),
	}, nil
}

// noteRows notes the rows within a cell of an entry, which are read as its text: their members do not end, if the marks around them are
// two that nobody closed.
func (s *csvSource) noteRows(e *entry, rows []string) {
	if len(rows) == 0 {
		return
	}
	e.remarks = append(e.remarks, LineError{Line: e.position, Problem: fmt.Sprintf("has a cell with line breaks and what looks like rows (%d), which are read as its text: rows or a note?", len(rows))})
	for _, row := range rows {
		e.naming = append(e.naming, numbersBetween(row, s.parser.separator, s.parser.numbers)...)
	}
}

// brokenCell notices a cell of more than maxCellLines lines: what is between its quotation marks would be read as rows.
type brokenCell struct {
	opened int // the line with a quotation mark that is not closed, 0 for none
	rows   int // lines since then that were read
	size   int // bytes since then
}

// add returns an error if the line ends a cell within which lines were read.
func (b *brokenCell) add(line int, text, problem string, separator byte) error {
	mark := string(rune(separator))
	closes := problem == markInside || problem == markFollowed ||
		problem == markOpen && (text == `"` || strings.HasPrefix(text, `"`+mark) || strings.HasSuffix(text, mark+`"`) && b.opened > 0)
	b.size += 1 + len(text)
	switch {
	case closes && b.opened > 0 && b.rows > 0 && b.size <= maxLine:
		return &FileError{Line: b.opened, Problem: fmt.Sprintf("a quotation mark is opened here and not closed before line %d: a cell of more than %d lines, and what was read between may be its text; take the line breaks out of the cell", line, maxCellLines)}
	case problem == markOpen && !closes:
		*b = brokenCell{opened: line, size: len(text)}
	case closes:
		*b = brokenCell{}
	case problem == "":
		b.rows++
	}
	return nil
}
