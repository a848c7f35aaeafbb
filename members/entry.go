package members

import "fmt"

// entry is what a file says of one member.
type entry struct {
	position int // line or segment
	rec      record
	verb     verb
	unit     string   // what position counts: "segment" in X12
	partial  bool     // a change file: what is missing in rec stays as it was
	covered  bool     // rec says something of coverage
	absent   []column // of these the file says nothing of anybody
	isOpen   bool     // the last line, and it has no end
	tail     tail     // what can be said of its last field then
	said     record   // rec before what was known was put in

	skipped string      // why it is of nobody, and nothing else is said
	fault   *LineError  // why it is left out
	notes   []LineError // what is worth knowing although it counts
	numbers []string    // with a fault: whom the entry may mean, so that none of them ends
	own     string      // the one of them that is sure to be its member's, even if the roster does not know it; "" for none

	macs                [][]byte // of rec.MemberNumber, the writing version first
	content, contentMAC []byte
}

// verb is what an entry does to its member.
type verb uint8

const (
	verbPresent verb = iota // on the roster, whatever was before
	verbUpdate              // as before, with other data
	verbEnd                 // not on the roster any more
)

// LineError is a fault of one line. The line is left out, the others are applied. It quotes no value of the line.
type LineError struct {
	Line    int
	Column  string // "" if the whole line is meant
	Problem string
	Unit    string // what Line counts: "segment" in X12, "line" if empty
}

func (e LineError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("%s %d: %s", unitOr(e.Unit), e.Line, e.Problem)
	}
	return fmt.Sprintf("%s %d: %s: %s", unitOr(e.Unit), e.Line, e.Column, e.Problem)
}

// source gives the entries of a file in their order, then io.EOF. Other errors are of the file as a whole.
type source interface {
	next() (entry, error)
	format() string  // for the report
	unit() string    // what positions count
	doubts() []error // what of the file, read to its end, can be understood in two ways
	made() makings   // when, known at the end
	isChange() bool  // the file speaks of some members only; known after the first entry
}

const noteCannotRegister = "cannot register: "

// cannotRegister notes the names of a record that the form could never match.
func cannotRegister(rec record, position int, unit string) (notes []LineError) {
	last, _ := splitSuffix(rec.LastName, rec.Suffix)
	for _, name := range []struct {
		column column
		part   string
	}{{colFirstName, rec.FirstName}, {colLastName, last}} {
		fault := nameFault(name.part)
		if fault == "" && hasLostLetter(name.part) {
			fault = "seems to have lost a letter behind Ã"
		}
		if fault != "" {
			notes = append(notes, LineError{position, string(name.column), noteCannotRegister + fault, unit})
		}
	}
	return notes
}
