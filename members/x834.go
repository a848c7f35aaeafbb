package members

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

const x834Version = "005010X220A1"

// defaultMemberRef is the qualifier of the REF segment with the member number, unless configured otherwise.
const defaultMemberRef = "0F"

// MemberRefs are the qualifiers that the setting may name: subscriber number, client number, group or policy number.
func MemberRefs() []string { return []string{defaultMemberRef, "23", "1L"} }

// defaultLines are the values of HD03 that are medical coverage, unless configured otherwise. Programmes differ: there are
// some whose dental coverage is MM.
var defaultLines = []string{"HLT", "HMO", "PPO", "POS", "EPO", "MM"}

// x834 reads X12 834 files (benefit enrollment and maintenance), with one entry per INS loop.
type x834 struct {
	x12       *x12Reader
	memberRef string
	lines     []string // of HD03
	numbers   NumberFormat
	today     Date

	ahead      []segment  // already read: INS or ST, and what follows INS
	room       [2]segment // of ahead
	failed     error      // of the reading behind them
	unknown    *segment   // above the first INS: no segment of an 834
	subscriber record     // of the last loop of a subscriber
	action     string     // BGN08 of the file: full or change, the same in all its sets
	making     makings
}

// Values of BGN08.
const (
	actionChange  = "2"
	actionVerify  = "4"  // an audit: the whole roster, to compare
	actionReplace = "RX" // the whole roster
)

func new834(text *bufio.Reader, decoder *decoder, options ImportOptions, numbers NumberFormat, today Date) *x834 {
	return &x834{
		x12: &x12Reader{r: text, decoder: decoder, allowTest: options.AllowTest}, memberRef: options.memberRef(), lines: options.insuranceLines(),
		numbers: numbers, today: today,
	}
}

func (x *x834) doubts() []error { return nil }
func (x *x834) made() makings   { return x.making }
func (x *x834) charset() string { return x.x12.decoder.charset }
func (x *x834) isChange() bool  { return x.action == actionChange }
func (x *x834) unit() string    { return "segment" }

func (x *x834) sharing() string {
	if x.memberRef != defaultMemberRef {
		return ""
	}
	return "; REF 0F of a dependent (INS*N) is the subscriber's number: if the file has each person's own elsewhere, name its REF with --member-ref"
}

func (x *x834) format() string {
	kind := "full"
	if x.isChange() {
		kind = "change"
	}
	return fmt.Sprintf("X12 834 %s, %s file", x834Version, kind)
}

func (x *x834) segment() (segment, error) {
	if len(x.ahead) > 0 {
		s := x.ahead[0]
		x.ahead = x.ahead[1:]
		return s, nil
	}
	if x.failed != nil {
		return segment{}, x.failed
	}
	return x.x12.next()
}

// next skips to the next INS and reads its loop.
func (x *x834) next() (entry, error) {
	for {
		s, err := x.segment()
		if err != nil {
			return entry{}, err
		}
		switch s.name() {
		case "BGN":
			if err := x.begin(s.at(8)); err != nil {
				return entry{}, err
			}
			at, isDay := readMade(s.at(3), s.at(4), x.today)
			if at.IsZero() {
				at, isDay = readMade(x.x12.group.at(4), x.x12.group.at(5), x.today)
			}
			x.making.add(at, isDay)
			if s.holdsINS() {
				return x.joinedAbove(s)
			}
		case "INS":
			if x.action == "" {
				return entry{}, x.x12.fault("INS comes before BGN")
			}
			x.unknown = nil
			return x.member(newMemberLoop(x, s))
		case "ST":
			x.unknown = nil
		default:
			if e, isMembers, err := x.withoutINS(s); isMembers || err != nil {
				return e, err
			}
		}
	}
}

// withoutINS reads what is above the first INS of a set and is a member's: that INS is missing or misspelt.
func (x *x834) withoutINS(s segment) (e entry, isMembers bool, err error) {
	if x.action == "" {
		return entry{}, false, nil
	}
	switch name := s.name(); {
	case s.holdsINS():
		e, err = x.joinedAbove(s)
		return e, true, err
	case name == "NM1", name == "DMG", name == "HD", name == "REF" && s.at(1) == defaultMemberRef:
	case x.unknown == nil && !isSegment(name):
		x.unknown = &s
		return entry{}, false, nil
	default:
		return entry{}, false, nil
	}
	at := s
	if x.unknown != nil {
		at, x.unknown = *x.unknown, nil
	}
	loop := &memberLoop{file: x, ins: segment{[]string{"INS"}, at.number}}
	loop.fail(at, "", "begins a member's segments, but there is no INS above them: is it missing or misspelt?")
	loop.take(s)
	loop.isOver = false
	e, err = x.member(loop)
	return e, true, err
}

// joinedAbove reads what is below a segment above the first INS that holds that INS.
func (x *x834) joinedAbove(s segment) (entry, error) {
	loop := &memberLoop{file: x, ins: segment{[]string{"INS"}, s.number}}
	loop.doubtJoined(s)
	return x.member(loop)
}

func (x *x834) begin(action string) error {
	switch {
	case action != actionChange && action != actionVerify && action != actionReplace:
		return x.x12.fault("BGN08 says neither change (2) nor full file (4, RX)")
	case x.action != "" && x.isChange() != (action == actionChange):
		return x.x12.fault("the file holds full and change sets; send them apart")
	}
	if x.action == "" { // of the first set: others read it from then on
		x.action = action
	}
	return nil
}

// member reads a loop from behind INS to the next one, or to the end of the transaction set.
func (x *x834) member(loop *memberLoop) (entry, error) {
	for {
		s, err := x.segment()
		if errors.Is(err, io.EOF) {
			return loop.entry(), nil
		}
		if err != nil {
			return entry{}, err
		}
		if name := s.name(); name == "INS" || name == "ST" {
			x.ahead = append(x.room[:0], s)
			if name == "INS" {
				x.lookBehind(loop)
			}
			return loop.entry(), nil
		}
		loop.take(s)
		if loop.isOver {
			x.ahead = append(x.room[:0], s)
			return loop.entry(), nil
		}
	}
}

// lookBehind reads what follows the INS of the next loop: a date there may be of the coverage above.
func (x *x834) lookBehind(loop *memberLoop) {
	s, err := x.x12.next()
	if err != nil {
		x.failed = err
		return
	}
	x.ahead = append(x.ahead, s)
	loop.doubtNext(s)
}

// isSegment reports whether an 834 may have segments of a name: by the standard, in the guide or not, and those for notes that senders add
// to any set.
func isSegment(name string) bool {
	switch name {
	case "ST", "BGN", "N1", "N2", "N3", "N4", "PER", "ACT", "QTY", "AMT",
		"INS", "REF", "DTP", "NM1", "DMG", "PM", "EC", "ICM", "HLH", "HI", "LUI", "NX1", "NX2", "DSB", "AD1",
		"HD", "IDC", "LX", "PRV", "PLA", "COB", "LC", "BEN", "FSA", "RP", "INV", "FC", "LS", "LE", "MPI", "LIC", "PD",
		"III", "K1", "K2", "K3", "NTE", "MSG", "DTM", "CRC", "TRN":
		return true
	}
	return false
}
