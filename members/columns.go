package members

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// column is the meaning of a field of the file. Its text is also the header name unless configured otherwise.
type column string

const (
	colNumber        column = "member_number"
	colFirstName     column = "first_name"
	colLastName      column = "last_name"
	colSuffix        column = "suffix"
	colBirthDate     column = "birth_date"
	colProgram       column = "program"
	colCoverageStart column = "coverage_start"
	colCoverageEnd   column = "coverage_end"
)

var (
	requiredColumns = []column{colNumber, colFirstName, colLastName, colBirthDate}
	optionalColumns = []column{colSuffix, colProgram, colCoverageStart, colCoverageEnd}
)

// ColumnNames lists the columns that a roster file may have, the required ones first.
func ColumnNames() []string {
	var names []string
	for _, c := range slices.Concat(requiredColumns, optionalColumns) {
		names = append(names, string(c))
	}
	return names
}

// layout maps columns to their positions in a line. Absent columns are not in it.
type layout struct {
	position map[column]int
	fields   int
	words    []string       // columns recognized by another word than our own, with the header they were read from
	unread   []string       // columns of the file that are not recognized, by their headers
	unknown  map[int]string // the same, as written, by their positions
	written  []string       // all headers
	unnamed  []int          // positions of columns without a header
	absent   []column       // optional columns that the file does not have
	lacks    []string       // the same, by the names that their headers should have
}

// readHeader finds the columns by name, regardless of order, case and spaces. Unknown columns are ignored. An error is
// to be wrapped in a FileError; the layout returned with it holds what was found.
func readHeader(line string, separator byte, names map[string]string) (layout, error) {
	header, problem := splitLine(nil, line, separator)
	if problem != "" {
		return layout{}, errors.New(problem)
	}
	h := newHeaderNames(header)
	l := layout{position: map[column]int{}, fields: len(header), written: h.written}
	var missing []string
	var unclear error
	columns := slices.Concat(requiredColumns, optionalColumns)
	for _, c := range columns { // by the setting or our own name
		if i, ok := h.at[headerKey(cmp.Or(names[string(c)], string(c)))]; ok {
			l.position[c] = i
		}
	}
	taken := slices.Collect(maps.Values(l.position))
	for _, c := range columns {
		if _, ok := l.position[c]; ok {
			continue
		}
		name, isConfigured := names[string(c)]
		i, words := h.byWord(c, taken)
		switch {
		case !isConfigured && len(words) > 1:
			unclear = fmt.Errorf("the header has %s, any of which may be %s: choose one with the setting", strings.Join(words, " and "), c)
		case !isConfigured && len(words) == 1:
			l.position[c] = i
			l.words = append(l.words, fmt.Sprintf("%s as %s", words[0], c))
		case isConfigured || slices.Contains(requiredColumns, c):
			missing = append(missing, cmp.Or(name, string(c)))
		}
	}
	l.note(header, names)
	switch {
	case h.twice != "" && len(l.position) > 0:
		return l, fmt.Errorf("the header has the column %q twice", h.twice)
	case unclear != nil && len(l.position) > 0:
		return l, unclear
	}
	if len(missing) == 0 {
		return l, nil
	}
	hint := ""
	if len(header) == 1 {
		hint = fmt.Sprintf(" (the line has no %q: is the separator right?)", separator)
	}
	if len(l.position) > 0 && len(l.unread) > 0 { // it is a header: quoting it reveals no personal data
		hint = fmt.Sprintf(" and has %s, which mean nothing here", strings.Join(l.unread, ", "))
	}
	return l, fmt.Errorf("the header lacks %s%s; known columns are %s",
		strings.Join(missing, ", "), hint, strings.Join(ColumnNames(), ", "))
}

// headerNames holds the columns that a header names.
type headerNames struct {
	at      map[string]int // by headerKey
	written []string
	twice   string // a name that occurs twice, if any
}

func newHeaderNames(header []string) headerNames {
	h := headerNames{at: map[string]int{}}
	for i, name := range header {
		name = unwrap(strings.TrimSpace(name))
		key := headerKey(name)
		if _, isAgain := h.at[key]; isAgain && key != "" {
			h.twice = clip(name)
		}
		h.at[key] = i
		h.written = append(h.written, clip(name))
	}
	return h
}

// lacking returns an error if the header does not have a column that is to be passed over: its name is misspelt, or the file another one.
func (l layout) lacking(ignored []string) error {
	for _, name := range ignored {
		isThere := func(header string) bool { return header != "" && headerKey(header) == headerKey(clip(name)) }
		if !slices.ContainsFunc(l.written, isThere) {
			has := slices.DeleteFunc(slices.Clone(l.written), func(header string) bool { return header == "" })
			return &FileError{Problem: fmt.Sprintf("--ignore-column names %q, which is not in the header: it has %s", clip(name), strings.Join(has, ", "))}
		}
	}
	return nil
}

func (l layout) field(fields []string, c column) string {
	i, ok := l.position[c]
	if !ok || i >= len(fields) {
		return ""
	}
	field := unwrap(strings.TrimSpace(fields[i]))
	if c != colFirstName && c != colLastName { // spreadsheets mark text by it; a name may begin with one
		field = strings.TrimLeftFunc(field, isApostrophe)
	}
	return field
}

// unwrap returns 004123789 for ="004123789", where the quotation marks are part of the field.
func unwrap(field string) string {
	if len(field) > 3 && strings.HasPrefix(field, `="`) && strings.HasSuffix(field, `"`) {
		return strings.TrimSpace(field[2 : len(field)-1])
	}
	return field
}

// clip shortens what is quoted from a file. Headers hold no personal data, but a wrong file might.
func clip(s string) string {
	if r := []rune(s); len(r) > 30 {
		return string(r[:30]) + "…"
	}
	return s
}

// note lists unrecognized and missing columns: one may be a misspelling of the other.
func (l *layout) note(header []string, names map[string]string) {
	for i, name := range header {
		name = unwrap(strings.TrimSpace(name))
		if slices.Contains(slices.Collect(maps.Values(l.position)), i) {
			continue
		}
		if name == "" {
			l.unnamed = append(l.unnamed, i)
		} else {
			l.unread = append(l.unread, clip(name))
			if l.unknown == nil {
				l.unknown = map[int]string{}
			}
			l.unknown[i] = name
		}
	}
	for _, c := range optionalColumns {
		if _, ok := l.position[c]; !ok {
			l.absent = append(l.absent, c)
			l.lacks = append(l.lacks, cmp.Or(names[string(c)], string(c)))
		}
	}
}
