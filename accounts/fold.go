package accounts

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalize is NFKC and nothing else: passwords pass through it once when set, changed and checked, and are never
// trimmed, folded or cut (S-02).
func normalize(secret string) string { return norm.NFKC.String(secret) }

// fold returns the letters and digits of s in lower case without accents, the form in which passwords are compared with
// lists and with what is known about the member.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// unreadable reports whether s contains characters that no keyboard types: controls, U+FFFD (which replaces NUL), or
// direction marks.
func unreadable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, r)
	})
}
