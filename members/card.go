package members

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"huskyidp/templates"
)

// Maximum lengths, in code points, of the fields on the card.
const (
	cardMax   = 64
	numberMax = 4
)

const oldestAge = 130 // years; a birth date before that is a slip, on the form and in the roster

// Card is what a member's card says, as typed. The field names are those of the form.
type Card struct {
	BirthMonth, BirthDay, BirthYear string
	FirstName, LastName, Suffix     string
	CardID                          string
}

// ReadCard reads the fields as typed, to store them and to show them again.
func ReadCard(form url.Values) Card {
	return Card{
		BirthMonth: form.Get("birth_month"), BirthDay: form.Get("birth_day"), BirthYear: form.Get("birth_year"),
		FirstName: form.Get("first_name"), LastName: form.Get("last_name"), Suffix: form.Get("suffix"), CardID: form.Get("card_id"),
	}
}

// Clipped returns the card cut to the length that is stored for a form that was never validated.
func (i Card) Clipped() Card {
	for _, field := range []*string{&i.BirthMonth, &i.BirthDay, &i.BirthYear, &i.FirstName, &i.LastName, &i.Suffix, &i.CardID} {
		*field = Clip(*field, nameMax)
	}
	return i
}

// Clip cuts a value to n code points.
func Clip(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// Parse turns the form into a claim. It returns at most one problem per field that is empty or invalid. digits is the
// length of a member number, for the message; parseNumber checks its format.
func (i Card) Parse(now time.Time, digits int, parseNumber func(string) (string, error)) (Claim, []templates.Problem) {
	var p cardProblems
	claim := Claim{BirthDate: parseBirth(&p, i, now)}
	claim.FirstName = parseName(&p, "first_name", i.FirstName, "registration.personal.first_missing", wholeName)
	claim.LastName = parseName(&p, "last_name", i.LastName, "registration.personal.last_missing", withoutSuffix)
	claim.Suffix = readName(i.Suffix)
	if claim.Suffix != "" && !isSuffix(claim.Suffix) {
		p.add("suffix", "web.field.bad_characters")
	}
	number, err := parseNumber(i.CardID)
	switch {
	case strings.TrimSpace(i.CardID) == "":
		p.add("card_id", "registration.personal.card_id_missing")
	case utf8.RuneCountInString(i.CardID) > cardMax:
		p.add("card_id", "web.field.too_long", "max", cardMax)
	case err != nil:
		p.add("card_id", "registration.personal.card_id_format", "n", digits)
	}
	claim.MemberNumber = number
	return claim, p
}

// cardProblems collects the reasons for refusing a form.
type cardProblems []templates.Problem

func (p *cardProblems) add(field, key string, pairs ...any) {
	args := templates.Args{}
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	*p = append(*p, templates.Problem{Field: field, Key: key, Args: args})
}

func isSuffix(s string) bool {
	for _, suffix := range Suffixes() {
		if s == suffix {
			return true
		}
	}
	return false
}

func parseBirth(p *cardProblems, i Card, now time.Time) Date {
	month, day, year := strings.TrimSpace(i.BirthMonth), strings.TrimSpace(i.BirthDay), strings.TrimSpace(i.BirthYear)
	if month == "" && day == "" && year == "" {
		p.add("birth_month", "registration.personal.birth_missing")
		return Date{}
	}
	before := len(*p)
	m, ok := smallNumber(month, 2)
	if !ok || m < 1 || m > 12 {
		p.add("birth_month", "registration.personal.month_missing")
	}
	d, ok := smallNumber(day, 2)
	if !ok {
		p.add("birth_day", "registration.personal.day_missing")
	}
	y, ok := smallNumber(year, numberMax)
	if !ok || len(year) != numberMax {
		p.add("birth_year", "registration.personal.year_missing")
	}
	if len(*p) > before {
		return Date{}
	}
	date, today := Date{Year: y, Month: m, Day: d}, DateOf(now)
	switch {
	case !date.Valid() || isTooOld(date, today) || isEmptyCell(date):
		p.add("birth_day", "registration.personal.birth_unreal")
	case today.Before(date):
		p.add("birth_year", "registration.personal.birth_future")
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
func parseName(p *cardProblems, field, typed, missing string, part func(string) string) string {
	name := readName(typed)
	fault := nameFault(name)
	if fault == nameForeign {
		fault = nameFault(part(name))
	}
	switch fault {
	case nameEmpty:
		p.add(field, missing)
	case nameLong:
		p.add(field, "web.field.too_long", "max", nameMax)
	case nameUnreadable:
		p.add(field, "web.field.bad_characters")
	case nameForeign:
		p.add(field, "registration.personal.name_characters")
	}
	return name
}

func wholeName(name string) string { return name }

// withoutSuffix returns a last name without the suffix typed after it.
func withoutSuffix(name string) string {
	last, _ := splitSuffix(name, "")
	return last
}
