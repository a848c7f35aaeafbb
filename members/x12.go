package members

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// isaLength is the length of the first segment of an X12 interchange: its fields have fixed widths, so that its own
// bytes reveal the delimiters of the rest.
const isaLength = 106

// isaFields are the positions of its element separators.
var isaFields = []int{3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103}

// segment is one X12 segment: its name, and its elements from 1.
type segment struct {
	elements []string // the name first
	number   int      // in the file, from 1
}

func (s segment) name() string { return s.elements[0] }

// at returns an element, "" if it is absent.
func (s segment) at(i int) string {
	if i < len(s.elements) {
		return strings.TrimSpace(s.elements[i])
	}
	return ""
}

// x12Reader returns the segments between the envelopes of a file of X12 interchanges and checks the envelopes: control
// numbers, counts, versions. It holds one segment at a time.
type x12Reader struct {
	r       *bufio.Reader // with room for maxLine
	decoder *decoder
	number  int

	allowTest bool // files that are marked as tests are wanted

	element, terminator byte
	open                []envelope         // the open ones of ISA, GS, ST
	controls            [3]map[string]bool // control numbers of the interchanges of the file, the groups of the interchange, the sets of the group
	group               segment            // the last GS
}

// envelope is what the trailer must repeat.
type envelope struct {
	name, control string
	inside        int // groups in ISA, sets in GS, segments in ST
}

// trailers maps a trailer to its header, as file errors name it.
var trailers = map[string]string{"IEA": "ISA", "GE": "GS", "SE": "ST"}

func isX12(text *bufio.Reader) bool {
	start, _ := text.Peek(64)
	return bytes.HasPrefix(bytes.TrimLeft(start, " \r\n\t"), []byte("ISA"))
}

func (x *x12Reader) fault(format string, args ...any) error {
	return &FileError{Line: x.number, Problem: fmt.Sprintf(format, args...), unit: "segment"}
}

// next returns the next segment inside a transaction set, ST included; io.EOF when all envelopes have ended.
func (x *x12Reader) next() (segment, error) {
	for {
		s, err := x.read()
		if errors.Is(err, io.EOF) && len(x.open) > 0 {
			return segment{}, x.fault("the file ends inside %s: it is cut off", x.open[len(x.open)-1].name)
		}
		if err != nil {
			return segment{}, err
		}
		inSet := len(x.open) == 3
		if inSet {
			x.open[2].inside++
		}
		switch name := s.name(); {
		case name == "ISA", name == "GS", name == "ST":
			if err := x.begin(s); err != nil {
				return segment{}, err
			}
			if name == "ST" {
				return s, nil
			}
		case trailers[name] != "":
			if err := x.end(s); err != nil {
				return segment{}, err
			}
		case inSet:
			return s, nil
		case name == "TA1" && len(x.open) == 1: // an acknowledgment of another interchange
		default:
			return segment{}, x.fault("a segment is outside a transaction set")
		}
	}
}

// begin opens an envelope; depth is the number that must already be open.
func (x *x12Reader) begin(s segment) error {
	name := s.name()
	depth := map[string]int{"ISA": 0, "GS": 1, "ST": 2}[name]
	if len(x.open) != depth {
		return x.fault("%s is in the wrong place", name)
	}
	control := map[string]string{"ISA": s.at(13), "GS": s.at(6), "ST": s.at(2)}[name]
	switch {
	case control == "":
		return x.fault("%s has no control number", name)
	case name == "ISA" && s.at(15) != "P" && !x.allowTest:
		return x.fault("ISA15 is %q, not P (production): the sender marks the file as a test. To take it nevertheless, add --allow-test", s.at(15))
	case name == "GS" && s.at(1) != "BE":
		return x.fault("the functional group is not BE (benefit enrollment)")
	case name == "GS" && s.at(8) != x834Version:
		return x.fault("the group is not of version %s", x834Version)
	case name == "ST" && s.at(1) != "834":
		return x.fault("the transaction set is not an 834")
	case name == "ST" && s.at(3) != "" && s.at(3) != x834Version:
		return x.fault("the transaction set is not of version %s", x834Version)
	}
	if !x.count(depth, s, control) {
		return x.fault("%s has the control number of one before: was a part of the file pasted twice? Ask the sender for the file as it was sent", name)
	}
	if name == "GS" {
		x.group = s
	}
	if depth > 0 && depth < 3 {
		x.open[depth-1].inside++
	}
	inside := 0
	if name == "ST" {
		inside = 1 // ST itself is counted
	}
	x.open = append(x.open, envelope{name, control, inside})
	return nil
}

// count notes the control number of an envelope and reports whether it is the first with it: of its sender in the file, in its
// interchange, in its group.
func (x *x12Reader) count(depth int, s segment, control string) bool {
	key := plainControl(control)
	if depth == 0 {
		key += " of " + s.at(5) + " " + s.at(6)
	}
	if x.controls[depth][key] {
		return false
	}
	if x.controls[depth] == nil {
		x.controls[depth] = map[string]bool{}
	}
	x.controls[depth][key] = true
	clear(x.controls[depth+1:])
	return true
}

func (x *x12Reader) end(s segment) error {
	name := trailers[s.name()]
	if len(x.open) == 0 || x.open[len(x.open)-1].name != name {
		return x.fault("%s is in the wrong place", s.name())
	}
	e := x.open[len(x.open)-1]
	x.open = x.open[:len(x.open)-1]
	count, err := strconv.Atoi(s.at(1))
	switch {
	case err != nil || count != e.inside:
		return x.fault("%s does not count what is inside (%d)", s.name(), e.inside)
	case !sameControl(s.at(2), e.control):
		return x.fault("%s has another control number than %s", s.name(), name)
	}
	return nil
}

// sameControl compares control numbers; ISA13 has leading zeros that IEA02 may omit.
func sameControl(a, b string) bool { return plainControl(a) == plainControl(b) }

// plainControl drops the leading zeros of a control number.
func plainControl(control string) string {
	if n, err := strconv.ParseUint(control, 10, 64); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return control
}

// read returns the next segment, of any kind.
func (x *x12Reader) read() (segment, error) {
	if err := x.skipSpace(); err != nil {
		return segment{}, err
	}
	x.number++
	if len(x.open) == 0 {
		if err := x.readDelimiters(); err != nil {
			return segment{}, err
		}
	}
	raw, err := x.r.ReadSlice(x.terminator)
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return segment{}, x.fault("longer than %d bytes", maxLine)
	case errors.Is(err, io.EOF):
		return segment{}, x.fault("the last segment has no end: the file is cut off")
	case err != nil:
		return segment{}, fmt.Errorf("reading segment %d: %w", x.number, err)
	}
	raw = raw[:len(raw)-1]
	if isConflictMark(raw) {
		return segment{}, x.fault("%s", conflictProblem)
	}
	if !isLineEnd(x.terminator) { // a program may have wrapped the text
		raw = withoutLineEnds(raw)
	}
	text := x.decoder.text(raw)
	return segment{strings.Split(text, string(rune(x.element))), x.number}, nil
}

// skipSpace skips the line ends that many programs write after a terminator, and padding in the last block.
func (x *x12Reader) skipSpace() error {
	for {
		b, err := x.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		if err != nil {
			return fmt.Errorf("reading segment %d: %w", x.number+1, err)
		}
		if b != '\r' && b != '\n' && b != ' ' && b != '\t' && strings.IndexByte(fillers, b) < 0 {
			return x.r.UnreadByte()
		}
	}
}

func isLineEnd(b byte) bool { return b == '\r' || b == '\n' }

// withoutLineEnds returns the text itself if it has none.
func withoutLineEnds(text []byte) []byte {
	if !bytes.ContainsAny(text, "\r\n") {
		return text
	}
	return slices.DeleteFunc(bytes.Clone(text), isLineEnd)
}

// readDelimiters reads the ISA segment that must come next.
func (x *x12Reader) readDelimiters() error {
	isa, err := x.r.Peek(4 * isaLength)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading segment %d: %w", x.number, err)
	}
	var problem string
	if x.element, x.terminator, problem = delimiters(withoutLineEnds(isa)); problem != "" { // else line ends are delimiters, or there are none
		x.element, x.terminator, problem = delimiters(isa)
	}
	switch {
	case problem != "" && x.number > 1 && !bytes.HasPrefix(isa, []byte("ISA")):
		return x.fault("no interchange, which begins with ISA: delete what follows IEA, the end of the one before")
	case problem != "":
		return x.fault("%s", problem)
	}
	return nil
}

// delimiters reads those that an ISA segment states.
func delimiters(isa []byte) (element, terminator byte, problem string) {
	if len(isa) < isaLength || !bytes.HasPrefix(isa, []byte("ISA")) {
		return 0, 0, fmt.Sprintf("an interchange has to begin with ISA, %d characters long", isaLength)
	}
	isa = isa[:isaLength]
	element, repetition, component, terminator := isa[3], isa[82], isa[104], isa[105]
	for i, d := range []byte{element, component, terminator, repetition} {
		isPlain := d >= 'A' && d <= 'Z' || d >= 'a' && d <= 'z' || d >= '0' && d <= '9' || d >= 0x80 || d == ' '
		if isPlain && i < 3 {
			return 0, 0, fmt.Sprintf("%q cannot be a delimiter", d)
		}
	}
	isFramed := bytes.IndexByte(isa, terminator) == isaLength-1 && bytes.Count(isa, []byte{element}) == len(isaFields)
	for _, at := range isaFields {
		isFramed = isFramed && isa[at] == element
	}
	if !isFramed || element == component || component == terminator || repetition == element || repetition == terminator {
		return 0, 0, "ISA does not say its delimiters: they are not distinct, or its fields have not their widths"
	}
	return element, terminator, ""
}

// isLowerX12 recognizes an interchange that a program wrote in lower case.
func isLowerX12(text *bufio.Reader) bool {
	start, _ := text.Peek(4 * isaLength)
	start = bytes.ToUpper(bytes.TrimLeft(start, " \t\r\n"))
	_, _, wrapped := delimiters(withoutLineEnds(start))
	_, _, problem := delimiters(start)
	return wrapped == "" || problem == ""
}

var lineOfISA = regexp.MustCompile(`(?m)^[ \t]*ISA`)

// aboveX12 returns the line on which an interchange begins below other text, such as the head of a mail; 0 if none does.
func aboveX12(text *bufio.Reader) (line int) {
	start, _ := text.Peek(maxLine)
	for _, at := range lineOfISA.FindAllIndex(start, -1) {
		isa := start[at[1]-len("ISA"):]
		if _, _, problem := delimiters(withoutLineEnds(isa[:min(len(isa), 4*isaLength)])); problem == "" {
			return 1 + bytes.Count(start[:at[0]], []byte("\n"))
		}
		if _, _, problem := delimiters(isa); problem == "" {
			return 1 + bytes.Count(start[:at[0]], []byte("\n"))
		}
	}
	return 0
}
