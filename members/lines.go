package members

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const maxLine = 64 << 10 // bytes, line end included; a roster line has some hundred

// FileError is a fault of the file as a whole. Nothing of it is applied.
type FileError struct {
	Line    int // from 1, 0 if the fault is not in one line
	Problem string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.Problem
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Problem)
}

// lineReader gives one physical line at a time. It never holds more than maxLine bytes, whatever the file is: that is
// why it stands in place of encoding/csv, which collects a whole record, and takes any amount of memory to do so.
type lineReader struct {
	r    *bufio.Reader
	line int
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, maxLine)} }

// next returns a line without its end, io.EOF after the last, a *FileError, or the error of the file system.
func (l *lineReader) next() (string, error) {
	raw, err := l.r.ReadSlice('\n')
	if len(raw) > 0 {
		l.line++
	}
	if l.line == 1 {
		if problem := foreignFormat(raw); problem != "" {
			return "", &FileError{Problem: problem}
		}
		raw = bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF")) // byte order mark, as some programs write it
	}
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", &FileError{l.line, fmt.Sprintf("longer than %d bytes; this is no roster in CSV form", maxLine)}
	case errors.Is(err, io.EOF) && len(raw) == 0:
		return "", io.EOF
	case errors.Is(err, io.EOF):
		return "", &FileError{l.line, "the last line has no line end, so the file seems to be cut off; if it is whole, add a line end"}
	case err != nil:
		return "", fmt.Errorf("reading line %d: %w", l.line+1, err)
	}
	raw = bytes.TrimSuffix(raw[:len(raw)-1], []byte("\r"))
	if !utf8.Valid(raw) {
		return "", &FileError{l.line, "not UTF-8; export the file again with the encoding UTF-8"}
	}
	return string(raw), nil
}

func foreignFormat(start []byte) string {
	for magic, problem := range map[string]string{
		"\x1f\x8b":     "the file is compressed with gzip; unpack it first",
		"BZh":          "the file is compressed with bzip2; unpack it first",
		"\xFD7zXZ":     "the file is compressed with xz; unpack it first",
		"\x28\xB5\x2F": "the file is compressed with zstd; unpack it first",
		"PK\x03\x04":   "the file is a ZIP archive or a spreadsheet; export it as CSV",
		"\xFF\xFE":     "the file is in UTF-16; export it again with the encoding UTF-8",
		"\xFE\xFF":     "the file is in UTF-16; export it again with the encoding UTF-8",
		"ISA*":         "the file is an X12 interchange, not CSV",
	} {
		if bytes.HasPrefix(start, []byte(magic)) {
			return problem
		}
	}
	return ""
}

// splitLine cuts a line into fields (RFC 4180, except that a field ends on its line) and appends them to dst.
func splitLine(dst []string, line string, separator byte) (fields []string, problem string) {
	for {
		field, rest, more := line, "", false
		if strings.HasPrefix(line, `"`) {
			var ok bool
			if field, rest, ok = cutQuoted(line); !ok {
				return dst, "a quotation mark is not closed on its line"
			}
			if rest != "" {
				if rest[0] != separator {
					return dst, "text follows a closing quotation mark"
				}
				rest, more = rest[1:], true
			}
		} else {
			field, rest, more = strings.Cut(line, string(rune(separator)))
			if strings.Contains(field, `"`) {
				return dst, "a quotation mark stands inside a field that does not begin with one"
			}
		}
		dst = append(dst, field)
		if !more {
			return dst, ""
		}
		line = rest
	}
}

// cutQuoted reads a field that begins with a quotation mark; two of them inside stand for one.
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
