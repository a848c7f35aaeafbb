package members

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// rowParser turns lines into records.
type rowParser struct {
	layout    layout
	separator byte
	numbers   NumberFormat
	today     Date
	born      dateReader
	start     dateReader
	end       dateReader
	isOpen    bool                   // the line has no end
	behind    int                    // empty fields beyond those of the header, on every line
	fields    []string               // reused
	guessed   []string               // numbers that the last line may mean
	either    [len(dateColumns)]bool // which dates of the last line can be read with the day first, too
}

// dateColumns are the columns with dates, in the order of rowParser.dates.
var dateColumns = [...]column{colBirthDate, colCoverageStart, colCoverageEnd}

func (p *rowParser) dates() [len(dateColumns)]*dateReader {
	return [...]*dateReader{&p.born, &p.start, &p.end}
}

// parse returns the record, or the problem with the line. The number is set whenever it is in its place, so that a
// member does not count as absent because something else is wrong.
func (p *rowParser) parse(line string) (rec record, wrong column, problem string) {
	p.fields, problem = splitLine(p.fields[:0], line, p.separator)
	p.guessed = nil
	if n := p.layout.fields; p.behind > 0 && len(p.fields) == n+p.behind && areEmpty(p.fields[n:]) {
		p.fields = p.fields[:n]
	}
	rec.MemberNumber, _ = p.numbers.Parse(p.layout.field(p.fields, colNumber))
	switch {
	case problem != "":
		return rec, "", problem
	case len(p.fields) != p.layout.fields:
		return rec, "", p.fieldCount()
	case strings.IndexByte(line, '\n') >= 0 && p.broken() != "":
		return rec, p.broken(), "has a line break in it"
	case rec.MemberNumber == "":
		problem, p.guessed = p.numbers.fault(p.layout.field(p.fields, colNumber))
		return rec, colNumber, problem
	}
	rec.FirstName, rec.LastName = readName(p.layout.field(p.fields, colFirstName)), readName(p.layout.field(p.fields, colLastName))
	rec.Suffix = readSuffix(p.layout.field(p.fields, colSuffix))
	if wrong, problem = p.parseDates(&rec); problem != "" {
		return rec, wrong, problem
	}
	rec.Program, problem = readProgram(p.layout.field(p.fields, colProgram))
	if isCut := p.isOpen && p.layout.position[colProgram] == len(p.fields)-1; problem != "" && (problem != programLetterLost || !isCut) { // a cut one is judged later (cut.go)
		return rec, colProgram, problem
	}
	for i, r := range p.dates() {
		p.either[i] = r.isEither
	}
	wrong, problem = checkPerson(rec, p.today)
	return rec, wrong, problem
}

// broken returns the first column that is read in which a field has a line break.
func (p *rowParser) broken() column {
	for _, columns := range [...][]column{requiredColumns, optionalColumns} {
		for _, c := range columns {
			if strings.Contains(p.layout.field(p.fields, c), "\n") {
				return c
			}
		}
	}
	return ""
}

// isInPlace reports whether the number of the line just parsed is certainly in its own column: nothing can shift the
// first one.
func (p *rowParser) isInPlace() bool {
	return len(p.fields) == p.layout.fields || p.layout.position[colNumber] == 0
}

// fieldCount reports that a line does not have the fields of the header.
func (p *rowParser) fieldCount() string {
	n := p.layout.fields
	said := fmt.Sprintf("%d fields, but the header has %d", len(p.fields), n)
	if len(p.fields) > n && areEmpty(p.fields[n:]) {
		said += "; the last are empty: a separator too many?"
	}
	return said
}

// numbersBetween returns all pieces of a line that have the form of a member number: one of them belongs to its member,
// wherever the line was broken.
func numbersBetween(line string, separator byte, format NumberFormat) (numbers []string) {
	isBetween := func(r rune) bool { return r < 0x80 && strings.ContainsRune(",;|\t\"'=", r) || r == rune(separator) }
	pieces := strings.FieldsFunc(line, isBetween)
	for _, piece := range slices.Concat(pieces, strings.Fields(strings.Join(pieces, " "))) {
		if number, err := format.Parse(piece); err == nil && !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

func (p *rowParser) parseDates(rec *record) (wrong column, problem string) {
	if rec.BirthDate, problem = p.born.birth(p.layout.field(p.fields, colBirthDate)); problem != "" {
		return colBirthDate, problem
	}
	if rec.CoverageStart, problem = p.start.bound(p.layout.field(p.fields, colCoverageStart)); problem != "" {
		return colCoverageStart, problem
	}
	if rec.CoverageEnd, problem = p.end.bound(p.layout.field(p.fields, colCoverageEnd)); problem != "" {
		return colCoverageEnd, problem
	}
	if !rec.CoverageEnd.IsZero() && rec.CoverageEnd.Before(rec.CoverageStart) {
		return colCoverageEnd, "is before " + string(colCoverageStart)
	}
	return "", ""
}

// checkPerson returns the reason why a record cannot be a person.
func checkPerson(rec record, today Date) (wrong column, problem string) {
	for _, name := range []struct {
		column column
		is     string
	}{{colFirstName, rec.FirstName}, {colLastName, rec.LastName}} {
		if !hasLatin(name.is) && fold(name.is) == "" {
			return name.column, "has no letters"
		}
		if fault := nameFault(name.is); fault == nameLong || fault == nameUnreadable {
			return name.column, fault
		}
	}
	switch {
	case utf8.RuneCountInString(rec.Suffix) > maxSuffix:
		return colSuffix, fmt.Sprintf("is longer than %d characters", maxSuffix)
	case nameFault(rec.Suffix) == nameUnreadable:
		return colSuffix, nameUnreadable
	case slices.Contains(sexes, strings.ToUpper(rec.Suffix)):
		return colSuffix, suffixSex
	case rec.BirthDate.IsZero():
		return colBirthDate, dateIsEmpty
	case isEmptyCell(rec.BirthDate):
		return colBirthDate, dateEmptyCell
	case isTooOld(rec.BirthDate, today):
		return colBirthDate, fmt.Sprintf("is more than %d years ago", oldestAge)
	case today.Before(rec.BirthDate):
		return colBirthDate, "is in the future"
	}
	return "", ""
}

const maxSuffix = 10

const suffixSex = "is a sex, not a suffix; leave it empty"

// sexes are how files write one, in English and Spanish.
var sexes = []string{"M", "F", "H", "MALE", "FEMALE", "MASCULINO", "FEMENINO", "FEMENINA", "HOMBRE", "MUJER", "VARON", "VARÓN", "1", "2"}

// noSuffix is what people write where there is none.
var noSuffix = []string{"NA", "NONE", "NO", "NINGUNO", "NIL", "BLANK", "EMPTY", "DO NOT USE", "NO USAR", "DUPLICATE", "DECEASED"}

func readSuffix(s string) string {
	s = readName(s)
	if isMissing(s) || slices.Contains(noSuffix, strings.ToUpper(s)) {
		return ""
	}
	if known, ok := suffixes[fold(s)]; ok {
		return known
	}
	if fold(s) == "" {
		return ""
	}
	return s
}

const programLetterLost = "is HUSKY without its letter, A, B, C or D"

func readProgram(s string) (program, problem string) {
	if isNull(s) {
		return "", ""
	}
	switch s = strings.TrimSpace(strings.ToUpper(s)); s {
	case "":
		return "", ""
	case "HUSKY": // its letter was lost, and the programme of before may be right
		return "", programLetterLost
	}
	switch s = strings.TrimSpace(strings.TrimPrefix(s, "HUSKY")); s {
	case "A", "B", "C", "D":
		return s, ""
	}
	return "", "is none of A, B, C, D"
}
