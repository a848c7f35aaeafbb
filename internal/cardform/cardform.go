// Package cardform is the form in which a person types what is on a member's card: at registration, when recovering a
// username, and at the support desk.
package cardform

import (
	"net/url"
	"time"

	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/templates"
)

// Read reads the fields as typed, to store them and to show them again.
func Read(form url.Values) members.Card {
	return members.Card{
		BirthMonth: form.Get("birth_month"), BirthDay: form.Get("birth_day"), BirthYear: form.Get("birth_year"),
		FirstName: form.Get("first_name"), LastName: form.Get("last_name"), Suffix: form.Get("suffix"), CardID: form.Get("card_id"),
	}
}

// storedMax is the length, in code points, at which a field is stored if the form was never validated.
const storedMax = 100

// Clip cuts a card to the length that is stored for a form that was never validated.
func Clip(card members.Card) members.Card {
	for _, field := range []*string{&card.BirthMonth, &card.BirthDay, &card.BirthYear, &card.FirstName, &card.LastName, &card.Suffix, &card.CardID} {
		*field = web.Clip(*field, storedMax)
	}
	return card
}

// Numbers reads a member number in the configured format.
type Numbers interface {
	ParseMemberNumber(typed string) (string, error)
}

// Parse turns a card into a claim, or explains in the catalog's words what is wrong with it, at most one problem per field.
// digits is the length of a member number.
func Parse(card members.Card, now time.Time, digits int, numbers Numbers) (members.Claim, []templates.Problem) {
	claim, faults := card.Parse(now, numbers.ParseMemberNumber)
	var problems []templates.Problem
	for _, f := range faults {
		problems = append(problems, templates.Problem{Field: f.Field, Key: key(f), Args: templates.Args{"max": f.Max, "n": digits}})
	}
	return claim, problems
}

// emptyKeys are the words for an empty field.
var emptyKeys = map[string]string{
	"birth_month": "registration.personal.month_missing",
	"birth_day":   "registration.personal.day_missing",
	"birth_year":  "registration.personal.year_missing",
	"first_name":  "registration.personal.first_missing",
	"last_name":   "registration.personal.last_missing",
	"card_id":     "registration.personal.card_id_missing",
}

func key(f members.Fault) string {
	switch f.Kind {
	case members.FaultEmpty:
		return emptyKeys[f.Field]
	case members.FaultDateEmpty:
		return "registration.personal.birth_missing"
	case members.FaultLong:
		return "web.field.too_long"
	case members.FaultForeign:
		return "registration.personal.name_characters"
	case members.FaultFormat:
		return "registration.personal.card_id_format"
	case members.FaultUnreal:
		return "registration.personal.birth_unreal"
	case members.FaultFuture:
		return "registration.personal.birth_future"
	}
	return "web.field.bad_characters"
}
