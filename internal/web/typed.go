package web

import (
	"net/url"
	"strings"
	"unicode"
)

// asTyped are fields whose every code point counts: what is not seen is part of a password all
// the same (S-02).
func asTyped(name string) bool { return strings.Contains(name, "password") }

// dropUnseen takes out what nobody sees and nobody typed, which a paste brings along: soft
// hyphens, marks of direction, spaces of no width, variation selectors. One rule for every
// field of our own pages, besides the NFKC of each.
func dropUnseen(values url.Values) {
	for name, all := range values {
		if asTyped(name) {
			continue
		}
		for i, value := range all {
			all[i] = strings.Map(func(r rune) rune {
				if unseen(r) {
					return -1
				}
				return r
			}, value)
		}
	}
}

// unseen are the format characters of Unicode, and those that look like nothing and are none.
func unseen(r rune) bool {
	switch {
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return true
	case r == 0x034F, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0x3164, r == 0xFFA0: // joiner and fillers
		return true
	}
	return false
}
