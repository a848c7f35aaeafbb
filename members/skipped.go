package members

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Reports for people contain lines that belong to nobody: totals, page numbers, group titles, repeated headers. Those
// that cannot belong to a member are skipped and named. Any other line whose number cannot be read may belong to
// anybody.
const (
	skippedHeader = "the header again"
	skippedTotal  = "a total, or the number of a page"
	skippedTitle  = "a title"
)

// otherHeaderProblem refuses a file joined from several: the columns of the next part are in other places.
const otherHeaderProblem = "another header, whose columns are in other places: is the file made of several? Give all its parts the columns of the first"

// nobodys returns why an unreadable line cannot belong to a member, "" if it can. another reports a header with its
// columns in other places.
func (s *csvSource) nobodys(line string) (why string, another bool) {
	why, said, another := s.nobodysSaying(line)
	if why != "" {
		s.totals.skip(s.lines.line, countsIn(said), isOfRecords(said))
	}
	return why, another
}

// nobodysSaying is nobodys, with the cells of a line that counts rows.
func (s *csvSource) nobodysSaying(line string) (why string, counting []string, another bool) {
	p := s.parser
	if l, _, err := readHeaderLine(line, p.separator, s.columns); err == nil {
		if maps.Equal(l.position, p.layout.position) {
			return skippedHeader, nil, false
		}
		return "", nil, true
	}
	cells, problem := splitLine(nil, line, p.separator)
	if problem != "" || len(numbersBetween(line, p.separator, p.numbers)) > 0 {
		return "", nil, false
	}
	cells = slices.DeleteFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) == "" })
	switch said := strings.ToLower(strings.Join(strings.Fields(strings.Join(cells, " ")), " ")); {
	case totalLine.MatchString(said), len(cells) == 1 && countLine.MatchString(said):
		return skippedTotal, cells, false
	case len(cells) == 1 && onceAPage.MatchString(said):
		return skippedTotal, nil, false
	case len(cells) == 1 && isTitle(said) && !s.lines.isOpen && s.hasMore():
		return skippedTitle, nil, false
	}
	return "", nil, false
}

// isOfRecords reports whether a total may count lines that are no member's, such as the header's and its own.
func isOfRecords(cells []string) bool {
	return ofRecords.MatchString(strings.ToLower(strings.Join(cells, " ")))
}

// The complete texts of such lines: with any other word, a line may contain a name.
const (
	counted   = `(members?|records?|rows?|lines?|miembros?|registros?|filas?|l[íi]neas?)`
	numeral   = `[0-9][0-9 .,]*`
	datedWhen = `[-0-9/.:, ]*(am|pm)?`
)

var (
	totalLine = regexp.MustCompile(`^((grand |sub-?)?total(e?s)?|suma|conteo|(record|row|line)s? count|count of (records|rows|lines|members)|trailer( record)?|trl)( (general(es)?|of|in|the|de|del|los|las|husky|[abcd]|page|file|report|p[áa]gina|archivo|informe|` +
		counted + `))*( ?[:=])?( ?` + numeral + `)*( ` + counted + `)?$`)
	onceAPage = regexp.MustCompile(`^[-* ]*((page|p[áa]gina|p[áa]g\.?|hoja) ?[0-9]+( ?(of|de|/) ?[0-9]+)?` +
		`|(printed|generated|created|impreso|generado|creado)( (on|at|el))?:? ` + datedWhen +
		`|end of (the )?(file|report|list)|fin del? (archivo|informe|reporte|listado))[-* .]*$`)
	countLine = regexp.MustCompile(`^[-* ]*((number of |n[úu]mero de )?` + counted + ` ?[:=] ?` + numeral + `|` + numeral + counted + `( in (the )?file| en el archivo)?)[-* .]*$`)
	ofRecords = regexp.MustCompile(`record|row|line|trailer|trl|registro|fila|l[íi]nea`)
)

var yearIn = regexp.MustCompile(`\b(19|20)[0-9]{2}\b`)

// isTitle recognizes a cell of words without a number that could be a member's; the only digits are those of a year.
func isTitle(cell string) bool {
	rest := yearIn.ReplaceAllString(cell, "")
	return strings.ContainsFunc(rest, unicode.IsLetter) && !strings.ContainsFunc(rest, unicode.IsDigit)
}

// hasMore reports whether anything but blank lines follows. A line of a few letters at the end of a file may be the
// remains of a member's line; a title has members below it.
func (s *csvSource) hasMore() bool {
	if slices.ContainsFunc(s.lines.ahead, func(p physicalLine) bool { return !s.isBlank(p.text) }) {
		return true
	}
	rest, _ := s.lines.r.Peek(maxLine)
	return len(bytes.Trim(rest, " \t\r\n\""+endMark+string(rune(s.parser.separator)))) > 0
}

// unnamedColumn is a column without a header, which nothing reads.
type unnamedColumn struct {
	at    int
	lines int // that have a value there
	first int
}

func (c *unnamedColumn) add(fields []string, line int) {
	if strings.TrimSpace(fields[c.at]) == "" {
		return
	}
	if c.lines++; c.lines == 1 {
		c.first = line
	}
}

// said names the column in the report if it has values.
func (c *unnamedColumn) said() string {
	if c.lines == 0 {
		return ""
	}
	return fmt.Sprintf("; not read: column %d, which has no header; lines with a value there: %d, the first is %d", c.at+1, c.lines, c.first)
}
