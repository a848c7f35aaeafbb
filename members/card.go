package members

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Maximum lengths, in code points, of the fields on the card.
const (
	cardMax   = 64
	numberMax = 4
)

const oldestAge = 130 // years; a birth date before that is a slip, on the form and in the roster

// Card is what a member's card says, as typed into a form (internal/cardform).
type Card struct {
	BirthMonth, BirthDay, BirthYear string
	FirstName, LastName, Suffix     string
	CardID                          string
}

// Fault is what is wrong with one field of a card.
type Fault struct {
	Field string // the field of the form: birth_month, birth_day, birth_year, first_name, last_name, suffix, card_id
	Kind  FaultKind
	Max   int // code points, of FaultLong
}

// FaultKind is the kind of a fault.
type FaultKind uint8

const (
	FaultEmpty      FaultKind = iota + 1
	FaultDateEmpty            // no part of the birth date was filled in
	FaultLong                 // longer than Max
	FaultUnreadable           // characters that no text has
	FaultForeign              // characters that no name on a card has
	FaultFormat               // not a member number
	FaultUnreal               // no such day, or nobody alive was born on it
	FaultFuture
)

// Parse turns a card into a claim. It returns at most one fault per field. parseNumber reads a member number.
func (i Card) Parse(now time.Time, parseNumber func(string) (string, error)) (Claim, []Fault) {
	var faults cardFaults
	claim := Claim{BirthDate: parseBirth(&faults, i, now)}
	claim.FirstName = parseName(&faults, "first_name", i.FirstName, wholeName)
	claim.LastName = parseName(&faults, "last_name", i.LastName, withoutSuffix)
	claim.Suffix = readName(i.Suffix)
	if claim.Suffix != "" && !slices.Contains(Suffixes(), claim.Suffix) {
		faults.add("suffix", FaultUnreadable)
	}
	number, err := parseNumber(i.CardID)
	switch {
	case strings.TrimSpace(i.CardID) == "":
		faults.add("card_id", FaultEmpty)
	case utf8.RuneCountInString(i.CardID) > cardMax:
		faults = append(faults, Fault{"card_id", FaultLong, cardMax})
	case err != nil:
		faults.add("card_id", FaultFormat)
	}
	claim.MemberNumber = number
	return claim, faults
}

// digits reads a number as keyboards write it: full-width, with spaces, an ordinal sign or a full stop behind it, or more zeros
// before it than it needs.
func digits(typed string) string {
	typed = strings.TrimRight(withoutStop(typed), "ºª°")
	s := strings.Join(strings.Fields(norm.NFKC.String(typed)), "")
	for len(s) > 2 && s[0] == '0' && len(s) != numberMax {
		s = s[1:]
	}
	return s
}

// withoutStop drops the full stop that dictation puts behind what it writes.
func withoutStop(typed string) string {
	return strings.TrimSpace(strings.TrimRight(strings.TrimSpace(typed), ".,;"))
}

type cardFaults []Fault

func (f *cardFaults) add(field string, kind FaultKind) {
	*f = append(*f, Fault{Field: field, Kind: kind})
}

func parseBirth(f *cardFaults, i Card, now time.Time) Date {
	month, day, year := digits(i.BirthMonth), digits(i.BirthDay), digits(i.BirthYear)
	if month == "" && day == "" && year == "" {
		f.add("birth_month", FaultDateEmpty)
		return Date{}
	}
	before := len(*f)
	m, ok := smallNumber(month, 2)
	if !ok || m < 1 || m > 12 {
		f.add("birth_month", FaultEmpty)
	}
	d, ok := smallNumber(day, 2)
	if !ok {
		f.add("birth_day", FaultEmpty)
	}
	y, ok := smallNumber(year, numberMax)
	if !ok || len(year) != numberMax {
		f.add("birth_year", FaultEmpty)
	}
	if len(*f) > before {
		return Date{}
	}
	date, today := Date{Year: y, Month: m, Day: d}, DateOf(now)
	switch {
	case !date.Valid() || isTooOld(date, today) || isEmptyCell(date):
		f.add("birth_day", FaultUnreal)
	case today.Before(date):
		f.add("birth_year", FaultFuture)
	}
	return date
}

func isTooOld(born, today Date) bool { return born.Year < today.Year-oldestAge }

// smallNumber reads up to max ASCII digits.
func smallNumber(s string, max int) (int, bool) {
	if s == "" || len(s) > max || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// parseName reads a name. part returns the portion that must consist of letters; a suffix ("3rd") need not.
func parseName(f *cardFaults, field, typed string, part func(string) string) string {
	name := readName(typed)
	fault := nameFault(name)
	if fault == nameForeign {
		fault = nameFault(part(name))
	}
	switch fault {
	case nameEmpty:
		f.add(field, FaultEmpty)
	case nameLong:
		*f = append(*f, Fault{field, FaultLong, nameMax})
	case nameUnreadable:
		f.add(field, FaultUnreadable)
	case nameForeign:
		f.add(field, FaultForeign)
	}
	return name
}

func wholeName(name string) string { return name }

// withoutSuffix returns a last name without the suffix typed after it.
func withoutSuffix(name string) string {
	last, _ := splitSuffix(name, "")
	return last
}
