package members

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// headerLines is how far down the header may be: exports put a title above it.
const headerLines = 10

// findHeader reads up to the header, which is the first line with all required columns. The lines above it must not be
// able to belong to a member.
func findHeader(lines *lineReader, options ImportOptions, numbers NumberFormat) (layout, byte, error) {
	var best *FileError
	known, isMemberAbove, separator := -1, false, options.Separator
	wrapped := "" // lines of which a cell goes on in the next one, as spreadsheets write headers of two lines
	for range headerLines {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return layout{}, 0, err
		}
		if named, ok := namedSeparator(line); ok {
			separator = named
			continue
		}
		wrapped = strings.TrimPrefix(wrapped+" "+line, " ")
		l, written, err := readHeaderLine(line, separator, options.Columns)
		if err != nil && wrapped != line {
			if whole, by, wrong := readHeaderLine(wrapped, separator, options.Columns); wrong == nil {
				l, written, err = whole, by, nil
			}
		}
		if strings.Count(wrapped, `"`)%2 == 0 {
			wrapped = ""
		}
		switch {
		case err == nil && isMemberAbove:
			return layout{}, 0, &FileError{Line: lines.line, Problem: headerBelow}
		case err == nil:
			return l, written, nil
		case len(l.position) > known && strings.TrimSpace(line) != "":
			known, best = len(l.position), &FileError{Line: lines.line, Problem: err.Error()}
		}
		isMemberAbove = isMemberAbove || len(numbersBetween(line, separator, numbers)) > 0
	}
	switch {
	case best == nil:
		return layout{}, 0, &FileError{Problem: "the file is empty"}
	case isMemberAbove && reachesHeader(lines, separator, options.Columns):
		return layout{}, 0, &FileError{Line: lines.line, Problem: headerBelow}
	case known == 0 && isMemberAbove:
		return layout{}, 0, &FileError{Problem: "the file has no header line: its columns have to be named in the first one; known columns are " + strings.Join(ColumnNames(), ", ")}
	}
	return layout{}, 0, best
}

const headerBelow = "the header is here, below members' lines: was it sorted among them? Move it to the first line"

// reachesHeader reads on to a header, to say where it is.
func reachesHeader(lines *lineReader, separator byte, names map[string]string) bool {
	for {
		line, err := lines.next()
		if err != nil {
			return false
		}
		if _, _, err := readHeaderLine(line, separator, names); err == nil {
			return true
		}
	}
}

// readHeaderLine tries the separators. If it fails, the layout has the columns that were found.
func readHeaderLine(line string, separator byte, names map[string]string) (layout, byte, error) {
	if separator != 0 {
		l, err := readHeader(line, separator, names)
		return l, separator, err
	}
	for _, separator = range separators {
		if l, err := readHeader(line, separator, names); err == nil {
			return l, separator, nil
		}
	}
	separator = mostFrequent(line) // report what the most likely one lacks
	l, err := readHeader(line, separator, names)
	return l, separator, err
}

// headerKey evens out the spelling of a header: Member Number, MEMBER-NUMBER, member_number and memberNumber become
// membernumber, and "Número de miembro:" becomes numerodemiembro.
func headerKey(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_:#*()", r) {
			return -1
		}
		return r
	}, fold(name))
}

// emptyBehind returns the number of empty fields that every line has beyond those of the header, as spreadsheets write
// them, or 0 if the lines in the buffer disagree. A single such line may have an extra separator in its middle.
func (s *csvSource) emptyBehind() int {
	seen, err := s.lines.r.Peek(maxLine)
	behind, lines, row := 0, 0, ""
	for {
		line, rest, isWhole := bytes.Cut(seen, []byte{s.lines.end()})
		if isLast := errors.Is(err, io.EOF) && len(line) > 0; !isWhole && !isLast {
			break
		}
		seen = rest
		text := row + string(bytes.TrimRight(line, "\r"))
		if s.isBlank(text) {
			continue
		}
		fields, problem := splitLine(nil, text, s.parser.separator)
		if row = ""; problem == markOpen && isWhole && !s.lines.isCR { // a cell that goes on
			row = text + "\n"
			continue
		}
		extra := len(fields) - s.parser.layout.fields
		if problem != "" || extra <= 0 || lines > 0 && extra != behind || !areEmpty(fields[s.parser.layout.fields:]) {
			return 0
		}
		behind = extra
		lines++
	}
	if lines < 2 {
		return 0
	}
	return behind
}

func areEmpty(fields []string) bool { return strings.TrimSpace(strings.Join(fields, "")) == "" }
