package admin

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"huskyidp/members"
)

// checkText trims what a person of the desk wrote about a member, and returns what is wrong with it: "short" or "long",
// by the number of characters ("long" also for one that nobody types), "number" if it seems to hold a member number or
// a Social Security number, or "". Others read notes and reasons, and need neither number for their work (S-62).
func checkText(text string, least, most int, roster *members.Roster) (trimmed, wrong string) {
	trimmed = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(trimmed); {
	case n < least:
		wrong = "short"
	case n > most || strings.ContainsFunc(trimmed, unwritten):
		wrong = "long"
	case holdsNumber(trimmed, roster):
		wrong = "number"
	}
	return trimmed, wrong
}

// unwritten reports characters that nobody types.
func unwritten(r rune) bool {
	return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == utf8.RuneError
}

const (
	socialSecurity = 9 // digits
	numberDigits   = 6 // fewer name nobody, whatever the form of the member number allows
)

var digits = regexp.MustCompile(`[0-9]+`)

// holdsNumber reports whether a text seems to hold a member number in the form of the card or a Social Security number,
// with or without spaces, dashes or dots. A telephone number has more digits, a date fewer.
func holdsNumber(text string, roster *members.Roster) bool {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) { // soft hyphens and marks of direction, as copied from elsewhere
			return -1
		}
		return r
	}, norm.NFKC.String(text))
	isMember := func(word string) bool {
		_, err := roster.ParseMemberNumber(word)
		return err == nil && len(strings.Join(digits.FindAllString(word, -1), "")) >= numberDigits
	}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.Pd) }) {
		if digits.MatchString(word) && !isDate(digits.FindAllString(word, -1)) && isMember(word) {
			return true
		}
	}
	found := digits.FindAllStringIndex(text, -1)
	for first := range found {
		var groups []string
		joint := ""
		for i := first; i < len(found); i++ {
			if i > first {
				between := text[found[i-1][1]:found[i][0]]
				if !joins(between) || i > first+1 && between != joint {
					break
				}
				joint = between
			}
			groups = append(groups, text[found[i][0]:found[i][1]])
			number := strings.Join(groups, "")
			if len(number) == socialSecurity || !isDate(groups) && isMember(number) {
				return true
			}
		}
	}
	return false
}

// joins reports whether a text between two groups of digits can be within one number.
func joins(between string) bool {
	r, size := utf8.DecodeRuneInString(between)
	return size == len(between) && (r == ' ' || r == '.' || unicode.Is(unicode.Pd, r))
}

// isDate reports whether groups of digits have the shape of a date.
func isDate(groups []string) bool {
	if len(groups) != 3 {
		return false
	}
	day, year := len(groups[0])+len(groups[1]) <= 4, len(groups[2]) == 4
	return day && year || len(groups[0]) == 4 && len(groups[1])+len(groups[2]) <= 4
}
