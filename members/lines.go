package members

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

const maxLine = 64 << 10 // bytes, including the line end; a roster line has a few hundred

// endMark ends files on systems that count in blocks.
const endMark = "\x1a"

// fillers may follow an interchange, whose own counts show that nothing is missing.
const fillers = endMark + "\x00"

// FileError is a fault of the file as a whole. Nothing of the file is applied.
type FileError struct {
	Line    int // from 1, 0 if the fault is not in one line; in X12 the segment
	Problem string
	unit    string // the unit of Line; "line" if empty
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.Problem
	}
	return fmt.Sprintf("%s %d: %s", unitOr(e.unit), e.Line, e.Problem)
}

func unitOr(unit string) string {
	if unit == "" {
		return "line"
	}
	return unit
}

// lineReader returns one physical line at a time and never holds more than maxLine bytes. That is why it replaces
// encoding/csv, which collects a whole record and uses unbounded memory to do so.
type lineReader struct {
	r       *bufio.Reader // with room for maxLine
	decoder *decoder
	isCR    bool // lines end in a bare CR
	line    int
	isOpen  bool // the line just read is unterminated: it is the last one, or the file is cut off

	isMarked bool // the line just read ends in the end-of-file mark
}

func (l *lineReader) end() byte {
	if l.isCR {
		return '\r'
	}
	return '\n'
}

// endsInCR recognizes text whose lines end in a bare CR, as old Macintosh programs write it.
func endsInCR(text *bufio.Reader) bool {
	start, _ := text.Peek(maxLine)
	return bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(start, '\r') >= 0
}

// next returns a line without its end, io.EOF after the last one, a *FileError, or the error of the file system.
func (l *lineReader) next() (string, error) {
	raw, err := l.r.ReadSlice(l.end())
	if len(raw) > 0 {
		l.line++
	}
	switch {
	case bytes.IndexByte(raw, 0) >= 0: // a full disk or a crash leaves zeros in place of text
		return "", &FileError{Problem: "the file is damaged, or no text: NUL bytes from here on, and lines may be missing; ask for it again", Line: l.line}
	case isConflictMark(raw):
		return "", &FileError{Line: l.line, Problem: conflictProblem}
	case errors.Is(err, bufio.ErrBufferFull):
		return "", &FileError{Line: l.line, Problem: fmt.Sprintf("longer than %d bytes; this is not a roster in CSV form", maxLine)}
	case errors.Is(err, io.EOF) && len(raw) == 0:
		return "", io.EOF
	case errors.Is(err, io.EOF):
		l.isOpen = true
	case err != nil:
		return "", fmt.Errorf("reading line %d: %w", l.line+1, err)
	}
	l.isMarked = bytes.HasSuffix(raw, []byte(endMark))
	return l.decoder.text(bytes.TrimRight(raw, "\r\n"+endMark)), nil
}

// Problems of splitLine.
const (
	markOpen     = "a quotation mark is not closed on its line"
	markFollowed = "text follows a closing quotation mark"
	markInside   = "a quotation mark is inside a field that does not begin with one"
)

// maxCellLines is how many lines a cell with line breaks is taken to have at most.
const maxCellLines = 100

// brokenCell notices a cell with line breaks, such as a note into which rows were pasted: what stands between its quotation marks
// would be read as lines of their own.
type brokenCell struct {
	opened int // the line with a quotation mark that is not closed, 0 for none
	rows   int // lines since then that were read
}

// add returns an error if the line ends a cell within which lines were read.
func (b *brokenCell) add(line int, text, problem string, separator byte) error {
	closes := problem == markInside || problem == markFollowed || problem == markOpen && (text == `"` || strings.HasPrefix(text, `"`+string(rune(separator))))
	switch {
	case closes && b.opened > 0 && b.rows > 0 && line-b.opened <= maxCellLines:
		return &FileError{Line: b.opened, Problem: fmt.Sprintf("a quotation mark is opened here and closed on line %d: a cell with line breaks, and what was read between may be its text; take the line breaks out of the cell", line)}
	case problem == markOpen && !closes:
		*b = brokenCell{opened: line}
	case closes:
		*b = brokenCell{}
	case problem == "":
		b.rows++
	}
	return nil
}

// splitLine splits a line into fields (RFC 4180, except that a field cannot span lines) and appends them to dst. A
// field may be ="004123789", as spreadsheets write text that looks like a number.
func splitLine(dst []string, line string, separator byte) (fields []string, problem string) {
	for {
		field, rest, more := line, "", false
		if strings.HasPrefix(line, `="`) {
			line = line[1:]
		}
		if strings.HasPrefix(line, `"`) {
			var ok bool
			if field, rest, ok = cutQuoted(line); !ok {
				return dst, markOpen
			}
			if rest != "" {
				if rest[0] != separator {
					return dst, markFollowed
				}
				rest, more = rest[1:], true
			}
		} else {
			field, rest, more = strings.Cut(line, string(rune(separator)))
			if strings.Contains(field, `"`) {
				return dst, markInside
			}
		}
		dst = append(dst, field)
		if !more {
			return dst, ""
		}
		line = rest
	}
}

// cutQuoted reads a field that begins with a quotation mark; a doubled one inside means one.
func cutQuoted(line string) (field, rest string, ok bool) {
	for i := 1; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		if i+1 < len(line) && line[i+1] == '"' {
			i++
			continue
		}
		return strings.ReplaceAll(line[1:i], `""`, `"`), line[i+1:], true
	}
	return "", "", false
}
