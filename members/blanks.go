package members

import (
	"strings"
	"unicode"
)

const blanksProblem = "is the known one without blanks, hyphens or apostrophes: the former spelling stays"

// breaks counts what parts the words of a name. Cards are compared without it.
func breaks(name string) (n int) {
	for _, r := range strings.TrimSpace(name) {
		if unicode.IsSpace(r) || isHyphen(r) || isApostrophe(r) {
			n++
		}
	}
	return n
}

// keepBlanks keeps the former spelling of names that are the known ones with fewer blanks, as a program makes them for everybody. It is
// called if both names are as known, in the way in which cards are compared.
func (run *importRun) keepBlanks(e *entry, former record) {
	if run.options.AllowDoubtful {
		return
	}
	isKept := false
	keep := func(c column) {
		e.notes = append(e.notes, LineError{e.position, string(c), blanksProblem, e.unit})
		isKept = true
	}
	first, was, _ := splitNames(former.FirstName, former.LastName, former.Suffix)
	if breaks(e.rec.FirstName) < breaks(first) {
		e.rec.FirstName = first
		keep(colFirstName)
	}
	is, suffix := splitSuffix(e.rec.LastName, e.rec.Suffix)
	if breaks(is) < breaks(was) && !e.rec.hasUnknownSuffix() && !former.hasUnknownSuffix() {
		e.rec.LastName, e.rec.Suffix = was, suffix
		keep(colLastName)
	}
	if isKept {
		e.content, e.contentMAC = run.roster.encode(e.rec)
	}
}
