package accounts

import (
	"slices"
	"time"
)

// The ladder of acr values (S-19): what was proven about the person who signs in, never overstated.
const (
	// ACRUnmatched: the password of a staff account, which is not tied to a member's card. It is not on the ladder.
	ACRUnmatched = "urn:huskyidp:acr:password"
	// ACRPassword: the person who registered knew what is on the member's card, and has now given the password.
	ACRPassword = "urn:huskyidp:acr:card-password"
	// ACRFactor: the password, and a code from the app or from the saved list.
	ACRFactor = "urn:huskyidp:acr:second-factor"
	// ACRPhishingResistant: a passkey that verified its owner, alone or after the password.
	ACRPhishingResistant = "urn:huskyidp:acr:phishing-resistant"
)

// Fresh is how long a proof counts for a sensitive change (S-20).
const Fresh = 5 * time.Minute

// Methods of RFC 8176. Whether a passkey is held in hardware is unknown, since no attestation is requested.
const (
	AMRPassword = "pwd"
	amrCode     = "otp"
	amrKey      = "pop"
	amrMulti    = "mfa"
)

// methods maps factors to what they add.
var methods = map[Factor]string{TOTP: amrCode, SavedCodes: amrCode, Passkey: amrKey}

// Rank returns the rung of an acr value: a higher one proves everything that a lower one does. It is 0 for values that
// are not on the ladder.
func Rank(acr string) int { return 1 + slices.Index(ACRValues(), acr) }

// ACRValues returns the ladder, the lowest rung first.
func ACRValues() []string { return []string{ACRPassword, ACRFactor, ACRPhishingResistant} }

// acrOf returns the acr that the methods prove; matched says whether the account belongs to a card.
func acrOf(amr []string, matched bool) string {
	switch {
	case slices.Contains(amr, amrKey):
		return ACRPhishingResistant
	case slices.Contains(amr, amrMulti):
		return ACRFactor
	case matched:
		return ACRPassword
	}
	return ACRUnmatched
}

// WithFactor adds what a second step proved to the methods.
func WithFactor(amr []string, f Factor) []string {
	all := slices.Clone(amr)
	for _, name := range []string{methods[f], amrMulti} {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
