package members

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ErrMemberNumber is returned for a text that does not have the form of a member number. It says nothing about the
// roster.
var ErrMemberNumber = errors.New("not a member number")

const maxNumber = 64 // characters as typed; longer input is rejected unread

// NumberFormat is the form of the member number on the card ("Número de ID del Cliente").
type NumberFormat struct{ pattern *regexp.Regexp }

// DefaultNumberFormat is nine digits.
var DefaultNumberFormat = mustNumberFormat(`[0-9]{9}`)

// NewNumberFormat takes a regular expression (RE2) that must match the entire member number, without spaces and dashes.
func NewNumberFormat(pattern string) (NumberFormat, error) {
	re, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return NumberFormat{}, fmt.Errorf("pattern of the member number: %w", err)
	}
	return NumberFormat{re}, nil
}

func mustNumberFormat(pattern string) NumberFormat {
	f, err := NewNumberFormat(pattern)
	if err != nil {
		panic(err)
	}
	return f
}

// Parse drops spaces and every kind of dash and keeps leading zeros. It returns ErrMemberNumber if the rest does not
// match.
func (f NumberFormat) Parse(typed string) (string, error) {
	if len(typed) > maxNumber {
		return "", ErrMemberNumber
	}
	number := typed
	if !f.pattern.MatchString(number) { // the usual case in a roster file
		number = strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || isHyphen(r) || isInvisible(r) {
				return -1
			}
			return r
		}, norm.NFKC.String(typed))
	}
	if !f.pattern.MatchString(number) {
		return "", ErrMemberNumber
	}
	return number, nil
}

// ParseTyped is Parse for what a person typed, pasted or dictated: points between the groups, and a name such as "ID:" before it, are left out
// where the number itself has none.
func (f NumberFormat) ParseTyped(typed string) (string, error) {
	number, err := f.Parse(withoutStop(typed))
	if err == nil || len(typed) > maxNumber {
		return number, err
	}
	typed = norm.NFKC.String(typed)
	if number, err = f.Parse(withoutSigns(typed)); err != nil {
		number, err = f.Parse(withoutSigns(beforeNumber.ReplaceAllString(typed, "")))
	}
	return number, err
}

// WithZeros returns the numbers that a text is if it lost zeros in front, as spreadsheets drop them, and perhaps has their decimals.
func (f NumberFormat) WithZeros(typed string) (numbers []string) {
	whole, decimals, _ := strings.Cut(strings.TrimSpace(typed), ".")
	if whole == "" || len(whole) > maxNumber || strings.Trim(whole, "0123456789") != "" || strings.Trim(decimals, "0") != "" {
		return nil
	}
	for zeros := 1; zeros <= mostZeros; zeros++ {
		if number, err := f.Parse(strings.Repeat("0", zeros) + whole); err == nil {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// mostZeros is how many a number may lack.
const mostZeros = 8

func withoutSigns(typed string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return r
	}, typed)
}

// beforeNumber is a name of the number, set apart from it.
var beforeNumber = regexp.MustCompile(`^\pL[\pL\pP\pS\s]*[\pP\pS\s]`)

const (
	noNumber        = "does not have the form of a member number"
	noNumberGrouped = ": its thousands are set apart, as spreadsheets write numbers; export the column as text"
)

// A number with its thousands set apart, perhaps with decimals.
var (
	grouped  = regexp.MustCompile(`^[0-9]{1,3}([,.'’ \x{a0}\x{202f}][0-9]{3})+([.,][0-9]{1,2})?$`)
	groups   = regexp.MustCompile(`[^0-9]`)
	decimals = regexp.MustCompile(`[.,][0-9]{1,2}$`)
)

// fault describes a text that is not a number, and returns the numbers that it may have been before a program changed
// it.
func (f NumberFormat) fault(typed string) (problem string, may []string) {
	typed = strings.TrimSpace(typed)
	whole, _, isDecimal := strings.Cut(typed, ".")
	isGrouped := len(typed) <= maxNumber && grouped.MatchString(typed)
	if isGrouped {
		whole = groups.ReplaceAllString(decimals.ReplaceAllString(typed, ""), "")
	}
	switch {
	case typed == "":
		return "is empty", nil
	case len(typed) > maxNumber:
		return noNumber, nil
	case strings.Trim(typed, "0123456789.,+eE") == "" && strings.ContainsAny(typed, "eE"):
		return noNumber + ": a spreadsheet has rounded it; export the column as text", nil
	case strings.Trim(whole, "0123456789") != "":
		return noNumber, nil
	}
	for zeros := range mostZeros + 1 {
		number, err := f.Parse(strings.Repeat("0", zeros) + whole)
		switch {
		case err != nil:
		case isGrouped:
			return noNumber + noNumberGrouped, []string{number}
		case zeros > 0:
			return fmt.Sprintf("%s: leading zeros are missing (%d), which spreadsheets drop; export the column as text", noNumber, zeros), []string{number}
		case isDecimal:
			return noNumber + ": it has a decimal point, as spreadsheets write numbers; export the column as text", []string{number}
		}
	}
	if isGrouped {
		return noNumber + noNumberGrouped, nil
	}
	for zeros := 1; zeros <= mostZeros && strings.HasPrefix(whole, strings.Repeat("0", zeros)); zeros++ {
		if number, err := f.Parse(whole[zeros:]); err == nil {
			return fmt.Sprintf("%s: there are %d zeros too many in front", noNumber, zeros), []string{number}
		}
	}
	return noNumber, nil
}
