package members

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

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

// cutName is the least number of characters at which programs cut names, and cutLetters how many are certainly missing: a correction
// drops one.
const cutName, cutLetters = 10, 2

// isCutOff reports whether a name is the beginning of a longer one, and ends within a word.
func isCutOff(is, was string) bool {
	rest, isBeginning := strings.CutPrefix(strings.ToUpper(was), strings.ToUpper(is))
	return isBeginning && utf8.RuneCountInString(is) >= cutName && utf8.RuneCountInString(rest) >= cutLetters &&
		unicode.IsLetter([]rune(rest)[0]) && !strings.HasSuffix(is, " ") && !strings.HasSuffix(is, "-")
}

// titles are written before a name, or behind it, and stand on no card.
var titles = []string{
	"mr", "mrs", "ms", "miss", "dr", "dra", "sr", "sra", "srta", "don", "dona", "rev", "md", "esq",
}

// gluedRemark is the least length of a remark that no name of its own begins or ends with, so that it is known without a blank (remark.go
// has those that stand apart).
const gluedRemark = 8

// isTitled reports whether a name is another one with a title or a remark.
func isTitled(is, was string) bool {
	is, was = fold(is), fold(was)
	title := strings.TrimSuffix(is, was)
	if title == is {
		title = strings.TrimPrefix(is, was)
	}
	isRemark := len(title) >= gluedRemark && slices.ContainsFunc(remarks, func(remark string) bool { return fold(remark) == title })
	return is != was && was != "" && title != is && (isRemark || slices.Contains(titles, title))
}

// isInitial reports whether of a name a letter is left.
func isInitial(is, was string) bool {
	return utf8.RuneCountInString(fold(is)) == 1 && utf8.RuneCountInString(fold(was)) > 1
}

func (r record) hasUnknownSuffix() bool {
	suffix := fold(r.Suffix)
	return suffix != "" && suffixes[suffix] == ""
}

// noteWholeName notes a name that has become the member's whole one, in either order, or twice the former one, is cut off, has a
// title, remark or suffix more, has lost letters, or is in another script.
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
	wasFirst, wasLast, _ := splitNames(former.FirstName, former.LastName, former.Suffix)
	isFirst, isLast, _ := splitNames(e.rec.FirstName, e.rec.LastName, e.rec.Suffix)
	for i, part := range []struct {
		column  column
		was, is string
	}{{colFirstName, wasFirst, isFirst}, {colLastName, wasLast, isLast}} {
		problem := ""
		switch {
		case slices.ContainsFunc(e.notes, func(n LineError) bool { return n.Column == string(part.column) }): // what is noted already is enough
			continue
		case keepsSuffix(part.is):
			problem = suffixProblem
		case isCutOff(part.is, part.was):
			problem = "is the beginning of the known one, cut within a word"
		case isLeft(part.is, part.was, e.cut[i]), i == 1 && isLeft(e.rec.LastName, former.LastName, e.cut[i]): // with a V that is no suffix
			problem = cutColumnProblem
		case isTitled(part.is, part.was):
			problem = "is the known one with a title or a remark"
		case strings.Contains(part.was, " ") && fold(part.is) == fold(part.was)+fold(part.was):
			problem = "is the known one twice"
		case isStripped(part.is, part.was):
			problem = "is the known one without the letters that have accents"
		case isInitial(part.is, part.was):
			problem = "is a single letter"
		case part.column == colLastName && e.rec.hasUnknownSuffix() && fold(e.rec.LastName) == fold(wasLast):
			problem = "is the known one with a suffix that is none"
		case isInOtherScript(part.is, part.was) && !isMixed(part.is): // that is noted already
			problem = "is in another script than the known one"
		default:
			continue
		}
		e.notes = append(e.notes, LineError{e.position, string(part.column), noteCannotRegister + problem, e.unit})
	}
}
