package web

import (
	"net/url"
	"strings"
	"unicode"
)

// asTyped reports fields in which every code point counts: in a password, even an invisible one does (S-02).
func asTyped(name string) bool { return strings.Contains(name, "password") }

// dropUnseen removes invisible characters that a paste brings along: soft hyphens, direction marks, zero-width spaces,
// variation selectors. It applies to every field of our own pages, in addition to each field's NFKC.
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

// unseen reports Unicode's format characters and other invisible ones.
func unseen(r rune) bool {
	switch {
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return true
	case r == 0x034F, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0x3164, r == 0xFFA0: // joiner and fillers
		return true
	}
	return false
}
