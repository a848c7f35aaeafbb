package accounts

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
)

const (
	// PasswordMin and PasswordMax are the lengths of a password in code points (S-01).
	PasswordMin = 15
	PasswordMax = 128

	// strengthRunes bounds the estimate, whose time grows with the square of the length.
	strengthRunes = 72

	// personalRest is the minimum length of a password without the member's details and the programme's words.
	personalRest = 8
)

// contextWords are the programme's words (S-03).
var contextWords = []string{
	"husky", "huskyhealth", "salud", "saludhusky", "health", "medicaid", "connecticut", "chnct", "chip", "hartford",
	"medico", "seguro", "member", "miembro", "login", "password", "contrasena",
}

// CheckPassword returns the flaws of a new password in the order of the rules: missing, short, long, characters,
// common, personal. known holds the member's names, username, email address and the like.
func CheckPassword(password string, known ...string) []Flaw {
	if password == "" {
		return []Flaw{FlawMissing}
	}
	if len(password) > 16*PasswordMax { // before any work: NFKC never shortens text this much
		return []Flaw{FlawLong}
	}
	password = normalize(password)
	n := utf8.RuneCountInString(password)
	switch {
	case n > PasswordMax:
		return []Flaw{FlawLong}
	case unreadable(password):
		return []Flaw{FlawCharacters}
	}
	var flaws []Flaw
	if n < PasswordMin {
		flaws = append(flaws, FlawShort)
	}
	if isCommon(password) {
		flaws = append(flaws, FlawCommon)
	}
	if isPersonal(password, known) {
		flaws = append(flaws, FlawPersonal)
	}
	return flaws
}

// estimate returns zxcvbn's score, 0 to 4, of the first 72 runes.
func estimate(password string) int {
	if runes := []rune(password); len(runes) > strengthRunes {
		password = string(runes[:strengthRunes])
	}
	return zxcvbn.PasswordStrength(password, contextWords).Score
}

// isPersonal reports whether a password is little more than what others know about the member or the programme.
func isPersonal(password string, known []string) bool {
	words := slices.Clone(contextWords)
	for _, k := range known {
		local, _, _ := strings.Cut(k, "@")
		for _, word := range append(strings.FieldsFunc(k, isBreak), local, k) {
			if folded := fold(word); utf8.RuneCountInString(folded) >= 3 {
				words = append(words, folded)
			}
		}
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) }) // the longest first
	rest := fold(password)
	whole := rest
	for _, word := range words {
		rest = strings.ReplaceAll(rest, word, "\n")
	}
	return rest != whole && utf8.RuneCountInString(strings.ReplaceAll(rest, "\n", "")) < personalRest
}

func isBreak(r rune) bool { return strings.ContainsRune(" -'’.@_,", r) }
