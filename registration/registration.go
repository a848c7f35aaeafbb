package registration

import (
	"time"

	"github.com/google/uuid"

	"huskyidp/members"
)

const (
	idle = 24 * time.Hour   // how long an unused registration lives
	away = 15 * time.Minute // after which somebody else may be at the browser
)

// Registration is one member's progress through the steps.
type Registration struct {
	ID, AccountID uuid.UUID
	Browser       []byte // digest of the browser cookie that it is bound to
	Flow          string // ID of the pending authorization request, "" if there is none
	Language      string

	TouchedAt         time.Time
	AgreementVersion  string
	AgreementLanguage string
	AgreementHash     []byte
	AgreedAt          time.Time

	Identity     Identity
	MemberID     uuid.UUID // zero: not matched
	HolderID     uuid.UUID // account that the matched member already has, or zero (S-52)
	Differs      []string  // fields of the last refused identity that differ from the roster, for support
	Failures     int       // refused identities in a row; of a matched card, numbers typed that are not its own
	CardFailures int       // of the number typed last, in other registrations too
	Refused      []byte    // digest of what was refused last, a card, its number or a code: the same again is not counted
	MatchedAt    time.Time // of the first match
	SlowUntil    time.Time // when the next card is looked up because its source has no room left, or zero
	Reference    string    // of the lock that was met, or ""
	LockedUntil  time.Time // its end; zero with a Reference: until staff release it

	Veiled bool // the member was away: number and birth date are not filled in again

	Credentials  Credentials
	PasswordHash []byte
	AnswerHash   []byte

	CodeMAC       []byte // nil: there is no code
	CodeSentAt    time.Time
	CodeExpiresAt time.Time
	CodeTries     int
	ProvenAt      time.Time // when the address in Credentials was proven
	FinishedAt    time.Time
}

// Identity is the card as typed. It is sealed at rest.
type Identity = members.Card

// Credentials are the member's choices, except for secrets. They are sealed at rest.
type Credentials struct {
	Username, Email, EmailAgain, Question string    // as typed until Checked, then normalized
	Checked                               bool      // they passed the checks
	Address                               string    // the parsed address that codes go to
	Answered                              string    // the question that the answer's hash belongs to
	Doubted                               bool      // Address awaits the answer whether it is a slip: no code was mailed to it
	Unasked                               bool      // no secret question was asked (S-56)
	For                                   uuid.UUID // the member matched last: nobody else gets them
}

func (r *Registration) matched() bool { return r.MemberID != uuid.Nil }

func (r *Registration) hasCredentials() bool {
	return r.Credentials.Checked && r.PasswordHash != nil && r.answered()
}

func (r *Registration) answered() bool { return r.AnswerHash != nil || r.Credentials.Unasked }

func (r *Registration) expiredAt(now time.Time) bool { return !now.Before(r.TouchedAt.Add(idle)) }

// owner is what its forms belong to: the registration and, from the first match on, the member who was matched last. Another
// person's card in the same registration makes the pages that were open until then somebody else's.
func (r *Registration) owner() string {
	person := r.Credentials.For
	if !r.FinishedAt.IsZero() { // a second Finalizar is the member's, too
		person = r.MemberID
	}
	if person == uuid.Nil {
		return r.ID.String()
	}
	return r.ID.String() + " " + person.String()
}

// begun reports whether it holds anything of a person.
func (r *Registration) begun() bool { return r.matched() || r.Identity != (Identity{}) }

func (r *Registration) awayAt(now time.Time) bool { return now.Sub(r.TouchedAt) >= away }

// shown is the part of the card that is filled in again.
func (r *Registration) shown(now time.Time) Identity {
	card := r.Identity
	if r.Veiled || r.awayAt(now) {
		card.CardID, card.BirthMonth, card.BirthDay, card.BirthYear = "", "", "", ""
	}
	return card
}

func (r *Registration) lockedAt(now time.Time) bool {
	return r.Reference != "" && (r.LockedUntil.IsZero() || now.Before(r.LockedUntil))
}

// agree records the text that was agreed to.
func (r *Registration) agree(doc Document, at time.Time) {
	r.AgreementVersion, r.AgreementLanguage, r.AgreementHash, r.AgreedAt = doc.Version, doc.Language, doc.Hash, at
}

// voidMatch removes the match: the card must be matched again.
func (r *Registration) voidMatch() { r.MemberID, r.HolderID = uuid.Nil, uuid.Nil }

// voidCode voids the current code.
func (r *Registration) voidCode() {
	r.CodeMAC, r.CodeExpiresAt, r.CodeTries, r.Refused = nil, time.Time{}, 0, nil
}

// voidChoice removes what somebody else chose in this registration: the card is another person's now.
func (r *Registration) voidChoice() {
	r.voidCode()
	r.Credentials, r.PasswordHash, r.AnswerHash, r.ProvenAt, r.CodeSentAt = Credentials{}, nil, nil, noTime, noTime
}

// erase removes what was typed.
func (r *Registration) erase() {
	r.voidChoice()
	r.Identity = Identity{}
}

// finish leaves only the record that a registration was completed.
func (r *Registration) finish(now time.Time) {
	proven := r.ProvenAt
	r.erase()
	r.ProvenAt, r.FinishedAt = proven, now
}
