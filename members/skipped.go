package members

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Reports for people have lines that are nobody's: a total, a page's number, the title of a group, the header again. Those
// that can carry no member are skipped and named. All others whose number cannot be read may be anybody's.
const (
	skippedHeader = "the header again"
	skippedTotal  = "a total, or the number of a page"
	skippedTitle  = "a title"
)

// otherHeaderProblem refuses a file made of several: the columns of the next part have other places.
const otherHeaderProblem = "another header, whose columns stand elsewhere: is the file made of several? Import them one by one"

// nobodys says why a line that was not read can carry no member, "" if it can. another reports a header with its columns in
// other places.
func (s *csvSource) nobodys(line string) (why string, another bool) {
	p := s.parser
	if l, _, err := readHeaderLine(line, p.separator, s.columns); err == nil {
		if maps.Equal(l.position, p.layout.position) {
			return skippedHeader, false
		}
		return "", true
	}
	cells, problem := splitLine(nil, line, p.separator)
	if problem != "" || len(numbersBetween(line, p.separator, p.numbers)) > 0 {
		return "", false
	}
	cells = slices.DeleteFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) == "" })
	switch said := strings.ToLower(strings.Join(strings.Fields(strings.Join(cells, " ")), " ")); {
	case totals.MatchString(said), len(cells) == 1 && onceAPage.MatchString(said):
		return skippedTotal, false
	case len(cells) == 1 && isTitle(said) && !s.lines.isOpen && s.hasMore():
		return skippedTitle, false
	}
	return "", false
}

// What such lines say, in full: with any other word in it, a line may have a name.
const (
	counted   = `(members?|records?|rows?|lines?|miembros?|registros?|filas?|l[íi]neas?)`
	numeral   = `[0-9][0-9 .,]*`
	datedWhen = `[-0-9/.:, ]*(am|pm)?`
)

var (
	totals = regexp.MustCompile(`^(grand |sub-?)?total(e?s)?( (general(es)?|of|in|the|de|del|los|las|husky|[abcd]|page|file|report|p[áa]gina|archivo|informe|` +
		counted + `))*( ?[:=])?( ?` + numeral + `)*( ` + counted + `)?$`)
	onceAPage = regexp.MustCompile(`^[-* ]*((page|p[áa]gina|p[áa]g\.?|hoja) ?[0-9]+( ?(of|de|/) ?[0-9]+)?` +
		`|(number of |n[úu]mero de )?` + counted + ` ?[:=] ?` + numeral +
		`|` + numeral + counted + `( in (the )?file| en el archivo)?` +
		`|(printed|generated|created|impreso|generado|creado)( (on|at|el))?:? ` + datedWhen +
		`|end of (the )?(file|report|list)|fin del? (archivo|informe|reporte|listado))[-* .]*$`)
)

var yearIn = regexp.MustCompile(`\b(19|20)[0-9]{2}\b`)

// isTitle knows a cell of words without a number that could be a member's: digits are those of a year.
func isTitle(cell string) bool {
	rest := yearIn.ReplaceAllString(cell, "")
	return strings.ContainsFunc(rest, unicode.IsLetter) && !strings.ContainsFunc(rest, unicode.IsDigit)
}

// hasMore tells whether anything follows but blank lines. A line of a few letters at the end of a file may be what is left
// of a member's; a title has its members below it.
func (s *csvSource) hasMore() bool {
	rest, _ := s.lines.r.Peek(maxLine)
	return len(bytes.Trim(rest, " \t\r\n\""+endMark+string(rune(s.parser.separator)))) > 0
}
