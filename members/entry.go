package members

import "fmt"

// entry is what a file says about one member.
type entry struct {
	position int // line or segment
	rec      record
	verb     verb
	unit     string   // what position counts: "segment" in X12
	partial  bool     // from a change file: what rec lacks stays as it was
	apart    string   // X12, of a dependent: why it is left out if its number turns out to be the subscriber's
	isShared bool     // X12, of a dependent: other loops of the file have its number
	isEnding bool     // X12: INS03 is 024
	isDated  bool     // its end has a day
	since    Date     // X12: the day from which it counts
	programs []string // X12: of its coverages
	never    []span   // X12: coverages that never were (HD01 002)
	covered  bool     // rec says something about coverage
	hasNone  bool     // X12: all its coverages never were
	isBare   bool     // X12, full file: it says nothing about coverage
	hasDied  bool     // X12: it has a date of death (INS12), and does not end the member

	interchange int  // X12: of the file, from 1; a later one says what is so later
	isDeath     bool // it has a date of death, and INS03 is 024
	endsByDeath bool // that is the day of its end

	prior      string   // X12: the former number, of REF Q4
	others     []string // X12: HD03 of its loops of other insurance lines
	otherNamed int      // those of them with a programme's name
	isOther    bool     // all its loops of coverage are such
	endsOthers bool     // INS03 is 024, and only such loops end

	absent       []column                 // columns that the file does not have
	isOpen       bool                     // the last line, and it is unterminated
	tail         tail                     // what its last field reveals in that case
	either       [len(dateColumns)]bool   // dates that can be read with the day first, too
	cut          cutWidths                // at which names of the lines around are cut
	isDragged    bool                     // its new coverage goes on by a day from row to row
	isFilled     bool                     // it gives its member the suffix that the people in the rows beside are given
	isBesideLast bool                     // its new last name is that of the person in the row beside
	isShifted    bool                     // its new name or birth date is that of the person in the row beside
	isCounted    bool                     // its number is new, as are others of the same person
	bornDoubt    string                   // why its new birth date is hardly its member's
	nameDoubt    string                   // the same, of a name
	dense        [personFieldCount]string // why what it changes of a person is hardly its member's, by field
	said         record                   // rec as read, before known data was filled in
	written      *[3]string               // first name, last name and suffix, where the suffix was in another place

	skipped string      // why the line belongs to no member; nothing else is set then
	fault   *LineError  // why the entry is left out
	notes   []LineError // remarks on an entry that is applied
	remarks []LineError // the same, of what is not counted
	numbers []string    // with a fault: numbers that the entry may mean, so that none of those members ends
	naming  []string    // numbers that an entry without a fault names beside its own; none of those members ends
	own     string      // the one number that is certainly its member's, even if the roster does not know it; or ""

	macs                [][]byte // of rec.MemberNumber, the current version first
	priorMACs           [][]byte // of the number that the entry names as the former one
	namesake            *namesake
	content, contentMAC []byte
}

// verb is the effect of an entry on its member.
type verb uint8

const (
	verbPresent verb = iota // on the roster, whatever the former state
	verbUpdate              // state as before, other data
	verbEnd                 // no longer on the roster
)

// LineError is a fault of one line. The line is left out and the others are applied. It quotes no value of the line.
type LineError struct {
	Line    int
	Column  string // "" for the whole line
	Problem string
	Unit    string // the unit of Line: "segment" in X12, "line" if empty
}

func (e LineError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("%s %d: %s", unitOr(e.Unit), e.Line, e.Problem)
	}
	return fmt.Sprintf("%s %d: %s: %s", unitOr(e.Unit), e.Line, e.Column, e.Problem)
}

// source returns the entries of a file in order, then io.EOF. Any other error concerns the file as a whole.
type source interface {
	next() (entry, error)
	format() string  // for the report
	sharing() string // why entries may share a number wrongly, "" or behind a comma
	unit() string    // the unit of positions
	charset() string // as far as it is known
	doubts() []error // ambiguities, known once the file has been read
	made() makings   // when the file was made, known at the end
	isChange() bool  // the file covers only some members; known after the first entry
}

const noteCannotRegister = "cannot register: "

// cannotRegister notes the names of a record that the form could never match.
func cannotRegister(rec record, position int, unit string) (notes []LineError) {
	first, last, _ := splitNames(rec.FirstName, rec.LastName, rec.Suffix)
	for _, name := range []struct {
		column column
		part   string
	}{{colFirstName, first}, {colLastName, last}} {
		fault := nameFault(name.part)
		switch {
		case fault != "":
		case hasLostLetter(name.part):
			fault = "seems to have lost a letter behind Ã"
		case isMixed(name.part):
			fault = mixedProblem
		case isRemark(name.part):
			fault = remarkProblem
		case keepsSuffix(name.part):
			fault = suffixProblem
		case isMissing(name.part):
			fault = "is what programs write where a name is missing"
		}
		if fault != "" {
			notes = append(notes, LineError{position, string(name.column), noteCannotRegister + fault, unit})
		}
	}
	return notes
}
