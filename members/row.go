package members

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxName   = 100 // characters
	maxSuffix = 10
	minYear   = 1880
)

// LineError is a fault of one line. The line is left out, the others are applied. It quotes no value of the line.
type LineError struct {
	Line    int
	Column  string // "" if the whole line is meant
	Problem string
}

func (e LineError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Problem)
	}
	return fmt.Sprintf("line %d: %s: %s", e.Line, e.Column, e.Problem)
}

// rowParser turns lines into records.
type rowParser struct {
	layout    layout
	separator byte
	numbers   NumberFormat
	today     Date
	fields    []string // reused
}

// parse returns the record, or what is wrong with the line. The number is set whenever it could be read, so that a
// member is not taken for absent because another field is wrong.
func (p *rowParser) parse(line string) (rec record, wrong column, problem string) {
	if p.fields, problem = splitLine(p.fields[:0], line, p.separator); problem != "" {
		return record{}, "", problem
	}
	if len(p.fields) != p.layout.fields {
		return record{}, "", fmt.Sprintf("%d fields, but the header has %d", len(p.fields), p.layout.fields)
	}
	var err error
	if rec.MemberNumber, err = p.numbers.Parse(p.layout.field(p.fields, colNumber)); err != nil {
		return record{}, colNumber, "does not have the form of a member number"
	}
	for _, name := range []struct {
		column column
		to     *string
	}{{colFirstName, &rec.FirstName}, {colLastName, &rec.LastName}} {
		if *name.to, problem = cleanName(p.layout.field(p.fields, name.column), maxName); problem != "" {
			return rec, name.column, problem
		}
		if fold(*name.to) == "" {
			return rec, name.column, "has no letters"
		}
	}
	if rec.Suffix, problem = cleanSuffix(p.layout.field(p.fields, colSuffix)); problem != "" {
		return rec, colSuffix, problem
	}
	if rec.Program, problem = cleanProgram(p.layout.field(p.fields, colProgram)); problem != "" {
		return rec, colProgram, problem
	}
	wrong, problem = p.parseDates(&rec)
	return rec, wrong, problem
}

func (p *rowParser) parseDates(rec *record) (wrong column, problem string) {
	for _, date := range []struct {
		column column
		to     *Date
	}{{colBirthDate, &rec.BirthDate}, {colCoverageStart, &rec.CoverageStart}, {colCoverageEnd, &rec.CoverageEnd}} {
		text := p.layout.field(p.fields, date.column)
		if text == "" && date.column != colBirthDate {
			continue
		}
		parsed, ok := ParseDate(text)
		if !ok {
			return date.column, "is not a date (2006-01-02, 01/02/2006 or 20060102)"
		}
		*date.to = parsed
	}
	switch {
	case rec.BirthDate.Year < minYear:
		return colBirthDate, fmt.Sprintf("is before %d", minYear)
	case p.today.Before(rec.BirthDate):
		return colBirthDate, "is in the future"
	case !rec.CoverageEnd.IsZero() && rec.CoverageEnd.Before(rec.CoverageStart):
		return colCoverageEnd, "is before " + string(colCoverageStart)
	}
	return "", ""
}

// cleanName levels spaces and the Unicode form, and keeps everything else as on the card.
func cleanName(s string, limit int) (clean, problem string) {
	plain := true // ASCII without control characters, spaces single
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7F || c == ' ' && s[i-1] == ' ' { // s is trimmed, so i > 0 at a space
			plain = false
			break
		}
	}
	if !plain {
		for _, r := range s {
			if unicode.IsControl(r) && r != '\t' || r == utf8.RuneError {
				return "", "holds control characters"
			}
		}
		s = norm.NFC.String(strings.Join(strings.Fields(s), " "))
	}
	if utf8.RuneCountInString(s) > limit {
		return "", fmt.Sprintf("is longer than %d characters", limit)
	}
	return s, ""
}

func cleanSuffix(s string) (clean, problem string) {
	if s == "" {
		return "", ""
	}
	if s, problem = cleanName(s, maxSuffix); problem != "" {
		return "", problem
	}
	if known, ok := suffixes[fold(s)]; ok {
		return known, ""
	}
	if fold(s) == "" {
		return "", ""
	}
	return s, ""
}

func cleanProgram(s string) (clean, problem string) {
	s = strings.ToUpper(s)
	s = strings.TrimSpace(strings.TrimPrefix(s, "HUSKY"))
	switch s {
	case "", "A", "B", "C", "D":
		return s, ""
	}
	return "", "is none of A, B, C, D"
}
