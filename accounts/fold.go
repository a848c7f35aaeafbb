package accounts

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalize is NFKC and nothing else: what is typed to set, change and check a password
// goes through it once, and is never trimmed, folded or cut (S-02).
func normalize(secret string) string { return norm.NFKC.String(secret) }

// fold keeps the letters and digits of s, in lower case and without accents: the form
// in which passwords are compared with lists and with what is known of the member.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// unreadable reports whether s holds what no keyboard types: controls, U+FFFD (which
// stands for a NUL), or marks that turn the writing direction.
func unreadable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, r)
	})
}
