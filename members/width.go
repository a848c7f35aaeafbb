package members

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// A column that was cut at one width loses a single letter of some names, which looks like another spelling. cutLeast lines of a chunk whose
// names all end at one width, where none is longer, show it; a shorter width than cutShort is no column's.
const cutLeast, cutShort = 3, 5

const cutColumnProblem = "is the known one cut at the width at which others of the file are cut"

// cutWidths are the widths at which first and last names of the file are cut; 0 for none.
type cutWidths [2]int

// cutAt returns the width of a name that is the beginning of the known one, and ends within a word.
func cutAt(is, was string) (width int) {
	if len(is) >= len(was) {
		return 0
	}
	rest, isBeginning := strings.CutPrefix(strings.ToUpper(was), strings.ToUpper(is))
	if next, _ := utf8.DecodeRuneInString(rest); !isBeginning || !unicode.IsLetter(next) {
		return 0
	}
	if last, _ := utf8.DecodeLastRuneInString(is); !unicode.IsLetter(last) {
		return 0
	}
	return utf8.RuneCountInString(is)
}

// isLeft reports whether a name is the known one cut at a width, within a word or between two.
func isLeft(is, was string, width int) bool {
	if width == 0 || len(was) <= width {
		return false
	}
	runes := []rune(was)
	return len(runes) > width && strings.EqualFold(strings.TrimRight(string(runes[:width]), " -"), strings.TrimRight(is, " -"))
}

// markCut notes on the entries of a chunk at which widths its names are cut.
func (run *importRun) markCut(chunk []entry, known map[string]knownRow, former map[uuid.UUID]record) {
	if run.isEmpty || len(former) == 0 {
		return
	}
	var lines [2]map[int]int
	for i := range chunk {
		e := &chunk[i]
		_, before, isSound := soundChange(e, known, former)
		if !isSound {
			continue
		}
		after := e.becomes(before)
		for part, width := range [2]int{cutAt(after.FirstName, before.FirstName), cutAt(after.LastName, before.LastName)} {
			if width >= cutShort {
				if lines[part] == nil {
					lines[part] = map[int]int{}
				}
				lines[part][width]++
			}
		}
	}
	var cut cutWidths
	for part := range cut {
		for width, n := range lines[part] {
			if n >= cutLeast && width > cut[part] {
				cut[part] = width
			}
		}
	}
	if cut == (cutWidths{}) {
		return
	}
	for i := range chunk {
		for part, name := range [2]string{chunk[i].rec.FirstName, chunk[i].rec.LastName} {
			if cut[part] > 0 && utf8.RuneCountInString(name) > cut[part] {
				cut[part] = 0
			}
		}
	}
	for i := range chunk {
		chunk[i].cut = cut
	}
}
