package accounts

import (
	"errors"

	"huskyidp/templates"
)

// Flaw is the reason why typed text is rejected. Its text is the suffix of a catalog key, such as
// registration.credentials.password_short.
type Flaw string

const (
	FlawMissing    Flaw = "missing"
	FlawShort      Flaw = "short"
	FlawLong       Flaw = "long"
	FlawLength     Flaw = "length"     // a username that is too short or too long
	FlawCharacters Flaw = "characters" // control characters, or not those of a username
	FlawStart      Flaw = "start"      // a username that begins with a mark
	FlawCommon     Flaw = "common"
	FlawPersonal   Flaw = "personal" // holds the member's own details or the programme's name
	FlawKnown      Flaw = "known"    // an answer that equals the name, address or password
	FlawFormat     Flaw = "format"   // not an e-mail address
)

func (f Flaw) Error() string { return "accounts: " + string(f) }

// Problem turns a flaw into the message of its field: the catalog key is prefix plus the flaw's text, with args as its
// values.
func Problem(field, prefix string, err error, args templates.Args) templates.Problem {
	flaw, _ := errors.AsType[Flaw](err)
	switch {
	case flaw == FlawLong && field != "username" && field != "new_password":
		return templates.Problem{Field: field, Key: "web.field.too_long", Args: templates.Args{"max": answerMax}}
	case flaw == FlawCharacters && field != "username":
		return templates.Problem{Field: field, Key: "web.field.bad_characters", Args: templates.Args{}}
	}
	if args == nil {
		args = templates.Args{}
	}
	return templates.Problem{Field: field, Key: prefix + string(flaw), Args: args}
}
