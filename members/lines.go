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

// lineReader returns one physical line at a time and holds at most maxLine bytes, and about as many ahead. That is why it replaces
// encoding/csv, which collects a whole record and uses unbounded memory to do so.
type lineReader struct {
	r            *bufio.Reader // with room for maxLine
	decoder      *decoder
	isCR         bool // lines end in a bare CR
	physicalLine      // the one that next returned

	read   int            // lines, those ahead among them
	ahead  []physicalLine // read by peek, and to be returned by next
	failed error          // behind them
}

// physicalLine is a line without its end.
type physicalLine struct {
	text     string
	line     int
	isOpen   bool // it is unterminated: it is the last one, or the file is cut off
	isMarked bool // it ends in the end-of-file mark
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
	switch {
	case len(l.ahead) > 0:
		l.physicalLine, l.ahead = l.ahead[0], l.ahead[1:]
	case l.failed != nil:
		return "", l.failed
	default:
		p, err := l.readLine()
		if l.line = l.read; err != nil {
			return "", err
		}
		l.physicalLine = p
	}
	return l.text, nil
}

// peek returns the line i lines below the next one, if there is any. The caller bounds how far it looks.
func (l *lineReader) peek(i int) (p physicalLine, ok bool) {
	for len(l.ahead) <= i && l.failed == nil {
		p, err := l.readLine()
		if err != nil {
			l.failed = err
			break
		}
		l.ahead = append(l.ahead, p)
	}
	if i >= len(l.ahead) {
		return physicalLine{}, false
	}
	return l.ahead[i], true
}

func (l *lineReader) readLine() (p physicalLine, err error) {
	raw, err := l.r.ReadSlice(l.end())
	if len(raw) > 0 {
		l.read++
	}
	switch {
	case bytes.IndexByte(raw, 0) >= 0: // a full disk or a crash leaves zeros in place of text
		return p, &FileError{Problem: "the file is damaged, or no text: NUL bytes from here on, and lines may be missing; ask for it again", Line: l.read}
	case isConflictMark(raw):
		return p, &FileError{Line: l.read, Problem: conflictProblem}
	case errors.Is(err, bufio.ErrBufferFull):
		return p, &FileError{Line: l.read, Problem: fmt.Sprintf("longer than %d bytes; this is not a roster in CSV form", maxLine)}
	case errors.Is(err, io.EOF) && len(raw) == 0:
		return p, io.EOF
	case errors.Is(err, io.EOF):
		p.isOpen = true
	case err != nil:
		return p, fmt.Errorf("reading line %d: %w", l.read+1, err)
	}
	p.line, p.isMarked = l.read, bytes.HasSuffix(raw, []byte(endMark))
	p.text = l.decoder.text(bytes.TrimRight(raw, "\r\n"+endMark))
	return p, nil
}

// Problems of splitLine.
const (
	markOpen     = "a quotation mark is not closed on its line"
	markFollowed = "text follows a closing quotation mark"
	markInside   = "a quotation mark is inside a field that does not begin with one"
)

// splitLine splits a line, or several that csvSource.join joined, into fields (RFC 4180) and appends them to dst. A
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
