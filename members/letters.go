package members

import (
	"strings"
	"unicode"
)

const mixedProblem = "has letters of another script that look like Latin ones, or both scripts in one name"

// lookAlikes are the capitals of Cyrillic and Greek that nobody can tell from Latin ones.
const lookAlikes = "АВЕЅІЈКМНОРСТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"

// isOtherScript recognizes the letters that are not Latin; those of no script of their own stand in place of apostrophes.
func isOtherScript(r rune) bool {
	return r >= 0x80 && unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Common)
}

// isMixed reports whether a name that looks Latin is not: its letters are of two scripts, or look like Latin ones all. Nobody who
// reads it from a card types it so. It is not a fault in a typed name, which then matches nobody.
func isMixed(name string) bool {
	others, isOfTwo, areAlike := 0, false, true
	for _, r := range name {
		switch {
		case isOtherScript(r):
			others++
			areAlike = areAlike && strings.ContainsRune(lookAlikes, unicode.ToUpper(r))
		case unicode.Is(unicode.Latin, r):
			isOfTwo = true
		}
	}
	return others > 0 && (isOfTwo || areAlike)
}

// isInOtherScript reports whether a Latin name has become one of another script.
func isInOtherScript(is, was string) bool {
	return strings.ContainsFunc(is, isOtherScript) && !strings.ContainsFunc(was, isOtherScript)
}

// isStripped reports whether a name is another one without its letters beyond ASCII, as programs drop them (PEA for PEÑA), or
// with NY for Ñ.
func isStripped(is, was string) bool {
	if isASCII([]byte(was)) {
		return false
	}
	left := fold(strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return -1
	}, was))
	if strings.ContainsAny(was, "Ññ") && fold(is) == fold(strings.NewReplacer("Ñ", "NY", "ñ", "NY").Replace(was)) {
		return true
	}
	return left != "" && left != fold(was) && left == fold(is)
}
