package members

import "strings"

const wholeNameProblem = "has first and last name, parted by a comma: the other one is left out"

// partWholeNames takes the first name out of a last name, and the last name out of a first name, where programs wrote the whole one:
// "LUNA BAEZ, PAULA" beside PAULA. A comma alone is not enough, since a suffix may be behind it. It returns the columns that it
// changed.
func (r *record) partWholeNames() (parted []column) {
	before, behind, isWhole := strings.Cut(r.LastName, ",")
	behind, suffix := splitSuffix(strings.TrimSpace(behind), "")
	first, last := fold(r.FirstName), fold(r.LastName)
	if isWhole && fold(before) != "" && len(first) > 1 && (strings.HasPrefix(fold(behind), first) || first == last && behind != "") {
		r.LastName = strings.TrimSpace(before)
		if r.Suffix == "" {
			r.Suffix = suffix
		}
		parted = append(parted, colLastName)
	}
	before, behind, isWhole = strings.Cut(r.FirstName, ",")
	behind, suffix = splitSuffix(strings.TrimSpace(behind), "")
	lastOnly, _ := splitSuffix(r.LastName, r.Suffix)
	if isWhole && fold(behind) != "" && fold(before) == fold(lastOnly) {
		r.FirstName = behind
		if r.Suffix == "" {
			r.Suffix = suffix
		}
		parted = append(parted, colFirstName)
	}
	return parted
}

// remarks are what is told of the names that were parted.
func wholeNameRemarks(parted []column, position int, unit string) (remarks []LineError) {
	for _, c := range parted {
		remarks = append(remarks, LineError{position, string(c), wholeNameProblem, unit})
	}
	return remarks
}

// noteWholeName notes a name that has become the member's whole one, in either order.
func (e *entry) noteWholeName(former record) {
	was, is := former.identity(), e.rec.identity()
	for _, part := range []struct {
		column       column
		was, is      string
		isOtherKnown bool
	}{
		{colFirstName, was.first, is.first, was.last == is.last},
		{colLastName, was.last, is.last, was.first == is.first},
	} {
		if part.was != part.is && part.isOtherKnown && (part.is == was.first+was.last || part.is == was.last+was.first) {
			e.notes = append(e.notes, LineError{e.position, string(part.column), noteCannotRegister + "has first and last name, it seems", e.unit})
		}
	}
}
