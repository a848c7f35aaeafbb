package members

import (
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

const nameMax = 100 // code points of a name, on the form and in the roster

// The form and the importer read names by the same rule: readName brings a name into the stored form, nameFault says
// why it could never be typed. The importer accepts whatever the form accepts; what only a file can contain is named in
// its report.

// readName normalizes spaces and the Unicode form, drops invisible characters, reverts what programs do to letters
// where that is certain (&#209;, Ã‘), and otherwise keeps the name as on the card.
func readName(s string) string {
	if s = strings.TrimSpace(s); isPlain(s) {
		return s
	}
	if strings.Contains(s, "&") {
		s = html.UnescapeString(s)
	}
	s = strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, unmangle(s))
	return norm.NFC.String(strings.Join(strings.Fields(s), " "))
}

// isPlain recognizes the many ASCII names that need no work; s is trimmed.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7F || c == '&' || c == ' ' && s[i-1] == ' ' {
			return false
		}
	}
	return true
}

// unmangle reverts UTF-8 that was read as Windows-1252 (Ñ became Ã‘), once or twice, if that gives letters that names here have. A name
// for which this works is certainly mangled: otherwise each of its non-ASCII letters would be one of Ã, Ä, Å or Â, and be followed by
// characters that occur in no name. Behind É and the like stand a no-break space, a dash or an apostrophe by themselves.
func unmangle(s string) string {
	mended := s
	for range 2 {
		raw, ok := windows1252(s)
		if !ok || raw == s || !utf8.ValidString(raw) {
			return mended
		}
		if s = raw; isMendable(s) {
			mended = s
		}
	}
	return mended
}

// isMendable reports whether a text has nothing beyond ASCII but Latin-1 and Latin Extended-A (in UTF-8, lead bytes C2 to C5), and
// the blanks, dashes and apostrophes of U+2000 to U+206F, each of which was three characters.
func isMendable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x17F && (r < 0x2000 || r > 0x206F) })
}

// windows1252 returns the bytes of a text in that code page; controls 0x80 to 0x9F map to themselves, as in ISO 8859-1.
func windows1252(s string) (raw string, ok bool) {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		b, known := charmap.Windows1252.EncodeRune(r)
		switch {
		case known:
		case r >= 0x80 && r < 0xA0:
			b = byte(r)
		default:
			return "", false
		}
		out = append(out, b)
	}
	return string(out), true
}

// Problems of a name.
const (
	nameEmpty      = "is empty"
	nameLong       = "is longer than 100 characters"
	nameUnreadable = "holds control characters"
	nameForeign    = "holds characters that no name is typed with"
)

// nameFault judges a name returned by readName.
func nameFault(name string) string {
	switch {
	case isLatin(name):
		return ""
	case name == "":
		return nameEmpty
	case utf8.RuneCountInString(name) > nameMax:
		return nameLong
	case strings.ContainsFunc(name, unicode.IsControl):
		return nameUnreadable
	case strings.ContainsFunc(name, func(r rune) bool { return !inName(r) }) || isMangled(name):
		return nameForeign
	}
	return ""
}

// Nearly all names of a roster consist of plain letters, and an import judges a million of them.

// isLatin recognizes names that need no closer look.
func isLatin(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isLatinLetter(c) && (c != ' ' || i == 0) && c != '-' && c != '\'' {
			return false
		}
	}
	return len(name) > 0 && len(name) <= nameMax
}

func hasLatin(name string) bool {
	for i := range len(name) {
		if isLatinLetter(name[i]) {
			return true
		}
	}
	return false
}

func isLatinLetter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }

// inName reports whether names may contain r. A comma may separate a suffix, a slash two surnames.
func inName(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsSpace(r) || isHyphen(r) || isApostrophe(r) || isDot(r) || isBreak(r)) &&
		r != utf8.RuneError
}

// isBreak recognizes separators between two names that are part of neither.
func isBreak(r rune) bool { return r == ',' || r == '/' }

// isMangled finds what unmangle could not revert because a byte was lost on the way: Ã or Â before a symbol.
func isMangled(name string) bool {
	isLead := false
	for _, r := range name {
		if isLead {
			if b, known := charmap.Windows1252.EncodeRune(r); known && b >= 0x80 && b < 0xC0 {
				return true
			}
		}
		isLead = strings.ContainsRune("ÃÂãâ", r)
	}
	return false
}

// hasLostLetter finds the remains of a letter whose UTF-8 was read as Windows-1252 by a program that drops the second
// character, as many do for Í (GARCÃA): an Ã where Portuguese and Vietnamese have none. It is not a fault in a typed
// name, which may be of another language; in a roster it deserves a look.
func hasLostLetter(name string) bool {
	if isPlain(name) {
		return false
	}
	for word := range strings.FieldsFuncSeq(strings.ToUpper(name), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if _, rest, ok := strings.Cut(word, "Ã"); ok {
			switch rest {
			case "", "E", "ES", "O", "S", "I", "M", "N", "NG", "NH", "U", "Y":
			default:
				return true
			}
		}
	}
	return false
}

// isMissing recognizes what databases and spreadsheets write for a name that is missing, or that was taken for something else. It
// may be a name all the same, so that the form takes it.
func isMissing(name string) bool {
	if len(name) > len("NO DISPONIBLE") {
		return false
	}
	if slices.Contains(missingSpelt, name) {
		return true
	}
	upper := strings.ToUpper(name)
	return isNull(upper) || slices.Contains(missingNames, upper)
}

// missingNames are what programs and people write, in English and Spanish; NA and NONE are names.
var missingNames = []string{
	"TRUE", "FALSE", "VERDADERO", "FALSO", "UNKNOWN", "DESCONOCIDO", "DESCONOCIDA", "NOT AVAILABLE", "NO DISPONIBLE",
	"BABY BOY", "BABYBOY", "BABY GIRL", "BABYGIRL", "NEWBORN", "UNBORN", "NO NAME", "SIN NOMBRE", "NOMBRE", "APELLIDO", "FIRST NAME", "LAST NAME", "NOT PROVIDED", "MISSING",
	"UNDEFINED", "N/D", "S/N", "NO APLICA", "NOT APPLICABLE", "MISMO", "MISMA", "HUSKY A", "HUSKY B", "HUSKY C", "HUSKY D",
}

// missingSpelt are written by programs for a number or time that is missing; in other letters they are names.
var missingSpelt = []string{"nan", "NaN", "NaT"}
