package templates

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameParticles stay in small letters inside a name.
var nameParticles = map[string]bool{
	"da": true, "das": true, "de": true, "del": true, "do": true, "dos": true, "la": true, "las": true, "los": true, "y": true,
}

// nameSuffixes keep their letters; Jr. and Sr. are ordinary words.
var nameSuffixes = map[string]bool{"ii": true, "iii": true, "iv": true}

// PersonName is a name as people write it. The roster has names in capitals; a name with small letters is somebody's own
// spelling and stays. Only pages use it: claims, mails to staff and the audit keep the roster's letters.
func PersonName(name string) string {
	if strings.IndexFunc(name, unicode.IsLower) >= 0 {
		return name
	}
	words := strings.Fields(name)
	for i, word := range words {
		word = strings.ToLower(word)
		switch {
		case nameSuffixes[word] && i > 0:
			words[i] = strings.ToUpper(word)
		case i == 0 || !nameParticles[word]:
			words[i] = capitalized(word)
		default:
			words[i] = word
		}
	}
	return strings.Join(words, " ")
}

// capitalized takes a word in small letters. A capital begins it and follows a hyphen, the apostrophe of O'Brien (not that
// of a plural), and the Mc of McDonald.
func capitalized(word string) string {
	var out strings.Builder
	begins, since := true, 0 // letters since the last beginning
	for i, r := range word {
		rest := word[i+utf8.RuneLen(r):]
		if begins && unicode.IsLetter(r) {
			r, begins, since = unicode.ToUpper(r), false, 0
		}
		since++
		switch {
		case r == '-':
			begins = true
		case (r == '\'' || r == '’') && since == 2:
			begins = true
		case r == 'c' && since == 2 && word[:i] == "m" && utf8.RuneCountInString(rest) >= 3:
			begins = true
		}
		out.WriteRune(r)
	}
	return out.String()
}
