package accounts

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

const (
	usernameMin = 3
	usernameMax = 32
)

// CheckUsername returns the form in which a username is stored and compared (PRECIS UsernameCaseMapped, RFC 8265 3.3).
// It accepts Latin letters, digits, dot, hyphen and underscore; other scripts contain letters that look the same. The
// error is FlawMissing, FlawLength, FlawCharacters or FlawStart.
func CheckUsername(typed string) (canonical string, err error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return "", FlawMissing
	}
	if utf8.RuneCountInString(typed) > 4*usernameMax {
		return "", FlawLength
	}
	canonical, err = precis.UsernameCaseMapped.String(typed)
	if err != nil {
		return "", FlawCharacters
	}
	starts := false // with a symbol
	for i, r := range canonical {
		letter := unicode.Is(unicode.Latin, r) && unicode.IsLetter(r) || '0' <= r && r <= '9'
		mark := strings.ContainsRune("._-", r)
		if !letter && !mark {
			return "", FlawCharacters
		}
		starts = starts || mark && i == 0
	}
	if starts {
		return "", FlawStart
	}
	if n := utf8.RuneCountInString(canonical); n < usernameMin || n > usernameMax {
		return "", FlawLength
	}
	return canonical, nil
}

// CheckNewUsername is CheckUsername for a name that somebody chooses: it takes letters with accents, but none that look like another one,
// as those of phonetic alphabets do, and ends with a letter or digit, since a full stop there is the sentence's.
func CheckNewUsername(typed string) (canonical string, err error) {
	canonical, err = CheckUsername(typed)
	odd := func(r rune) bool {
		accented := r <= unicode.MaxLatin1 || 0x100 <= r && r < 0x180 || 0x1e00 <= r && r < 0x1f00
		return !accented || strings.ContainsRune("ıĸŉŀſẛ", r)
	}
	switch {
	case err != nil:
	case strings.ContainsFunc(canonical, odd):
		err = FlawCharacters
	case strings.TrimRight(canonical, "._-") != canonical:
		err = FlawStart
	}
	if err != nil {
		return "", err
	}
	return canonical, nil
}

// signInName returns the form under which attempts are counted: the canonical username or, if it is invalid, a form
// independent of case and spaces (S-08).
func signInName(typed string) string {
	if canonical, err := CheckUsername(typed); err == nil {
		return canonical
	}
	if runes := []rune(typed); len(runes) > 254 {
		typed = string(runes[:254])
	}
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(typed))), "")
}
