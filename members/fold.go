package members

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold returns the form in which two names are compared. It evens out how a name was typed (Unicode form, case, spaces,
// kinds of apostrophe and hyphen) and then drops what many people omit or cannot type: accents (so Ñ is N),
// apostrophes, hyphens, dots, commas, slashes and spaces. What remains is the content of the name, and it must be
// equal.
//
// Names that are equal in the strict sense (typing only) are also equal when folded, so one comparison of folded forms
// covers both tiers.
func fold(name string) string {
	if folded, ok := foldASCII(name); ok {
		return folded
	}
	// Apostrophes come first, because NFKC turns a lone acute accent (´) into a space and a combining accent.
	name = strings.Map(func(r rune) rune {
		if isApostrophe(r) {
			return -1
		}
		return r
	}, name)
	name = norm.NFKD.String(strings.ReplaceAll(strings.Map(foldCase, norm.NFKD.String(name)), "ß", "ss"))
	return strings.Map(func(r rune) rune {
		switch {
		case isAccent(r), isHyphen(r), isApostrophe(r), isDot(r), isBreak(r), isInvisible(r), unicode.IsSpace(r):
			return -1
		}
		if plain, ok := strokes[r]; ok {
			return plain
		}
		return r
	}, name)
}

// foldCase maps through the upper case, so that letters with two lower-case forms (σ and ς) become one.
func foldCase(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// foldASCII is fold for the many names in plain ASCII; ok is false for the rest.
func foldASCII(name string) (folded string, ok bool) {
	out := make([]byte, 0, 64)
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 0x80:
			return "", false
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c == ' ' || c >= '\t' && c <= '\r' || c == '-' || c == '\'' || c == '`' || c == '.' || c == ',' || c == '/':
		default:
			out = append(out, c)
		}
	}
	return string(out), true
}

// strokes are letters whose stroke readers regard as an accent, but which Unicode does not decompose.
var strokes = map[rune]rune{'ł': 'l', 'ø': 'o', 'đ': 'd', 'ħ': 'h', 'ŧ': 't', 'ı': 'i'}

// isAccent recognizes the combining marks of Latin, Greek and Cyrillic. The vowel signs of other scripts are marks too,
// but they are content and stay.
func isAccent(r rune) bool {
	return r >= 0x0300 && r <= 0x036F || r >= 0x1AB0 && r <= 0x1AFF || r >= 0x1DC0 && r <= 0x1DFF || r >= 0xFE20 && r <= 0xFE2F
}

func isApostrophe(r rune) bool {
	switch r {
	case '\'', '`', '´', '‘', '’', '‚', '‛', '′', '‵', 'ʹ', 'ʻ', 'ʼ', 'ʽ', 'ʾ', 'ʿ', 'ˈ', 'ˊ', 'ˋ', '＇', '\uA78C':
		return true
	}
	return false
}

func isHyphen(r rune) bool {
	switch r {
	case '-', '\u00AD', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2043', '\u2212', '\uFE58', '\uFE63', '\uFF0D':
		return true
	}
	return false
}

func isDot(r rune) bool { return r == '.' || r == '·' || r == '․' || r == '．' }

// isInvisible recognizes the format characters that are pasted along with a name: direction marks, joiners, BOM.
func isInvisible(r rune) bool { return unicode.Is(unicode.Cf, r) }
