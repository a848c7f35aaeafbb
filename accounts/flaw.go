package accounts

// Flaw is why something typed cannot be taken. Its text is the end of a catalog key,
// such as registration.credentials.password_short.
type Flaw string

const (
	FlawMissing    Flaw = "missing"
	FlawShort      Flaw = "short"
	FlawLong       Flaw = "long"
	FlawLength     Flaw = "length"     // a username that is too short or too long
	FlawCharacters Flaw = "characters" // control characters, or not those of a username
	FlawCommon     Flaw = "common"
	FlawPersonal   Flaw = "personal" // holds the member's own details or the programme's name
	FlawKnown      Flaw = "known"    // an answer that equals the name, address or password
	FlawFormat     Flaw = "format"   // not an e-mail address
)

func (f Flaw) Error() string { return "accounts: " + string(f) }
