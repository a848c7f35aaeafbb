package members

import (
	"bufio"
	"fmt"
	"strings"
)

// csvSource reads a file with one header line and one member per line.
type csvSource struct {
	lines   *lineReader
	parser  *rowParser
	columns map[string]string // from the setting
	ends    []endColumn
	unnamed []unnamedColumn
	totals  totals
	cell    brokenCell
	heldTo  int // lines above this one are held back by join
}

// separators are tried in this order if none is configured.
var separators = []byte{',', ';', '\t', '|'}

func newCSV(text *bufio.Reader, decoder *decoder, options ImportOptions, numbers NumberFormat, today Date) (*csvSource, error) {
	lines := &lineReader{r: text, decoder: decoder, isCR: endsInCR(text)}
	layout, separator, err := findHeader(lines, options, numbers)
	if err != nil {
		return nil, err
	}
	if err := layout.lacking(options.IgnoreColumns); err != nil {
		return nil, err
	}
	parser := &rowParser{layout: layout, separator: separator, numbers: numbers, today: today}
	parser.born.order, parser.start.order, parser.end.order = options.Dates, options.Dates, options.Dates
	s := &csvSource{lines: lines, parser: parser, columns: options.Columns, ends: endColumns(layout.unknown, options.IgnoreColumns)}
	for _, at := range layout.unnamed {
		s.unnamed = append(s.unnamed, unnamedColumn{at: at})
	}
	parser.behind = s.emptyBehind()
	return s, nil
}

// namedSeparator recognizes the line "sep=;" with which spreadsheets begin a file.
func namedSeparator(line string) (separator byte, ok bool) {
	line = strings.Trim(line, `"`)
	if len(line) != len("sep=;") || !strings.EqualFold(line[:4], "sep=") {
		return 0, false
	}
	return line[4], true
}

func mostFrequent(header string) (separator byte) {
	for _, s := range separators {
		if separator == 0 || strings.Count(header, string(rune(s))) > strings.Count(header, string(rune(separator))) {
			separator = s
		}
	}
	return separator
}

// doubts returns the columns whose dates may have the day first, unless the setting states the order, and those that seem to say who
// ended.
func (s *csvSource) doubts() (causes []error) {
	for i, r := range s.parser.dates() {
		if r.order == "" && r.day > 0 {
			causes = append(causes, &DateOrderError{Column: string(dateColumns[i]), DayFirst: r.day, MonthFirst: r.month, Either: r.ambiguous, DayLine: r.dayLine, MonthLine: r.monthLine})
		}
	}
	for i := range s.ends {
		if doubt := s.ends[i].doubt(); doubt != nil {
			causes = append(causes, doubt)
		}
	}
	return causes
}

func (s *csvSource) made() makings   { return makings{} }
func (s *csvSource) charset() string { return s.lines.decoder.charset }
func (s *csvSource) isChange() bool  { return false }
func (s *csvSource) unit() string    { return "line" }
func (*csvSource) sharing() string   { return "" }

func (s *csvSource) format() string {
	charset := s.lines.decoder.charset
	if charset == "" {
		charset = "ASCII"
	}
	between := fmt.Sprintf("%q", s.parser.separator)
	if s.parser.separator == '\t' {
		between = "tabs"
	}
	how := fmt.Sprintf("CSV, %s, separated by %s", charset, between)
	if words := s.parser.layout.words; len(words) > 0 {
		how += "; read " + strings.Join(words, ", ")
	}
	if l := s.parser.layout; len(l.unread) > 0 && len(l.absent) > 0 { // one may be a misspelling of the other
		how += fmt.Sprintf("; NOT READ: the columns %s; the file has no %s: members keep theirs, new ones have none", strings.Join(l.unread, ", "), strings.Join(l.lacks, ", "))
	} else if len(l.unread) > 0 {
		how += "; not read, since they mean nothing here: " + strings.Join(l.unread, ", ")
	}
	for _, c := range s.unnamed {
		how += c.said()
	}
	return how
}

// isBlank recognizes the empty rows that spreadsheets write at the end: nothing but separators.
func (s *csvSource) isBlank(line string) bool {
	return strings.Trim(line, " \t\"\u00a0"+string(rune(s.parser.separator))) == ""
}

func (s *csvSource) next() (entry, error) {
	var line string
	var position int
	var rows []string
	for {
		var err error
		var isRow bool
		if line, err = s.lines.next(); err != nil {
			return entry{}, err
		}
		if position = s.lines.line; position < s.heldTo {
			if s.isBlank(line) {
				continue
			}
			return s.between(line)
		}
		if line, rows, isRow = s.join(line); isRow || !s.isBlank(line) {
			break
		}
		if !hasOddMarks(line) {
			continue
		}
		if err := s.cell.add(position, line, markInside, s.parser.separator); err != nil { // all that is left of a cell
			return entry{}, err
		}
	}
	e := entry{position: position, absent: s.parser.layout.absent, isOpen: s.lines.isOpen && !s.lines.isMarked}
	s.parser.born.line, s.parser.start.line, s.parser.end.line = e.position, e.position, e.position
	s.parser.isOpen = e.isOpen
	rec, wrong, problem := s.parser.parse(line)
	if err := s.cell.add(e.position, line, problem, s.parser.separator); err != nil {
		return entry{}, err
	}
	if problem == "" {
		s.totals.rows++
		for i := range s.ends {
			s.ends[i].add(s.parser.fields, e.position)
		}
		for i := range s.unnamed {
			s.unnamed[i].add(s.parser.fields, e.position)
		}
		if e.isOpen {
			e.tail = s.parser.tail(line)
		}
		e.either = s.parser.either
		e.remarks = wholeNameRemarks(rec.partWholeNames(), e.position, "")
		e.written = rec.moveSuffix()
		s.noteRows(&e, rows)
		e.rec, e.notes = rec, cannotRegister(rec, e.position, "")
		return e, nil
	}
	switch why, isOther := s.nobodys(line); {
	case isOther:
		return entry{}, &FileError{Line: e.position, Problem: otherHeaderProblem}
	case why != "":
		return entry{position: e.position, skipped: why}, nil
	case s.lines.isOpen:
		return entry{}, &FileError{Line: e.position, Problem: problem + ", and the line has no end: the file seems to be cut off"}
	}
	s.totals.rows++
	e.rec = rec
	e.fault = &LineError{Line: e.position, Column: string(wrong), Problem: problem}
	e.numbers = append(numbersBetween(line, s.parser.separator, s.parser.numbers), s.parser.guessed...)
	if rec.MemberNumber != "" {
		e.numbers = append(e.numbers, rec.MemberNumber)
	}
	if s.parser.isInPlace() {
		e.own = rec.MemberNumber
	}
	return e, nil
}
