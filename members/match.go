package members

import (
	"crypto/subtle"
	"strings"
	"unicode"
)

// Claim is what a person reads from the card in their hand, as typed.
type Claim struct {
	FirstName, LastName, Suffix string
	BirthDate                   Date
	MemberNumber                string
}

// Folded is the claim as it is compared: typed with other capitals, accents or blanks it is the same one.
func (c Claim) Folded() Claim {
	c.LastName, c.Suffix = splitSuffix(c.LastName, c.Suffix)
	c.FirstName, c.LastName = fold(c.FirstName), fold(c.LastName)
	return c
}

// The fields of a claim, as NoMatchError names them.
const (
	FieldFirstName    = "first_name"
	FieldLastName     = "last_name"
	FieldSuffix       = "suffix"
	FieldBirthDate    = "birth_date"
	FieldMemberNumber = "member_number" // of nobody on the roster: there is nothing to compare the rest with
)

// differs compares a claim with a member and returns the fields that differ. It always examines every field, so that
// its duration does not reveal which one was wrong. Equal means equal in content: no nicknames, no swapped names, no
// edit distance.
func (m *Member) differs(c Claim) []string {
	claimLast, claimSuffix := splitSuffix(c.LastName, c.Suffix)
	memberLast, memberSuffix := splitSuffix(m.LastName, m.Suffix)
	fields := make([]string, 0, 5)
	for _, part := range []struct {
		field string
		same  int
	}{
		{FieldFirstName, sameName(c.FirstName, m.FirstName)},
		{FieldLastName, sameName(claimLast, memberLast)},
		{FieldSuffix, same(claimSuffix, memberSuffix)},
		{FieldBirthDate, same(c.BirthDate.String(), m.BirthDate.String())},
		{FieldMemberNumber, same(c.MemberNumber, m.MemberNumber)},
	} {
		if part.same != 1 {
			fields = append(fields, part.field)
		}
	}
	return fields
}

// sameName is 0 for names without content, such as "-", whatever the other name is.
func sameName(a, b string) int {
	a, b = fold(a), fold(b)
	if a == "" {
		a, b = "a", "b"
	}
	return same(a, b)
}

func same(a, b string) int { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) }

// suffixes maps each accepted spelling, folded, to the form stored and shown.
var suffixes = map[string]string{
	"jr": "JR", "junior": "JR", "sr": "SR", "senior": "SR",
	"ii": "II", "2nd": "II", "iii": "III", "3rd": "III", "iv": "IV", "4th": "IV", "v": "V", "5th": "V",
}

// Suffixes lists the suffixes a card can carry, in the order in which forms offer them.
func Suffixes() []string { return []string{"JR", "SR", "II", "III", "IV", "V"} }

// splitSuffix brings a name into the two fields that are compared. A suffix typed after the last name ("Pérez, Jr.")
// moves into its own field, unless that already holds another one. An unknown suffix ("MD") cannot be chosen in the
// form, so it counts as the end of the last name, as printed on the card.
func splitSuffix(last, suffix string) (restLast, knownSuffix string) {
	slot := fold(suffix)
	known, isKnown := suffixes[slot]
	if slot != "" && !isKnown {
		return last + " " + suffix, ""
	}
	words := strings.FieldsFunc(last, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(words) < 2 { // a last name that consists only of "V" is a name
		return last, known
	}
	end := len(words) - 1
	if typed, ok := suffixes[fold(words[end])]; ok && (known == "" || known == typed) {
		return strings.Join(words[:end], " "), typed
	}
	return last, known
}
