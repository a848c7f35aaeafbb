package accounts

import (
	"slices"
	"time"
)

// The ladder of acr values (S-19): what was proven of the person who signs in, never
// called more than it was.
const (
	// ACRUnmatched: the password of an account that belongs to nobody's card, a staff
	// member's. It is on no rung of the ladder.
	ACRUnmatched = "urn:huskyidp:acr:password"
	// ACRPassword: whoever registered knew what is on the member's card, and has now
	// given the password.
	ACRPassword = "urn:huskyidp:acr:card-password"
	// ACRFactor: the password, and a code of the app or of the saved list.
	ACRFactor = "urn:huskyidp:acr:second-factor"
	// ACRPhishingResistant: a passkey that verified its owner, alone or after the
	// password.
	ACRPhishingResistant = "urn:huskyidp:acr:phishing-resistant"
)

// Fresh is how long a proof counts for a sensitive change (S-20).
const Fresh = 5 * time.Minute

// Methods of RFC 8176. That a passkey lies in hardware is known of none: no attestation
// is asked for.
const (
	AMRPassword = "pwd"
	amrCode     = "otp"
	amrKey      = "pop"
	amrMulti    = "mfa"
)

// methods are what the factors add.
var methods = map[Factor]string{TOTP: amrCode, SavedCodes: amrCode, Passkey: amrKey}

// Rank is the rung of an acr value: a higher one proves all that a lower one does. 0 is
// for what is on no rung.
func Rank(acr string) int { return 1 + slices.Index(ACRValues(), acr) }

// ACRValues is the ladder, the lowest rung first.
func ACRValues() []string { return []string{ACRPassword, ACRFactor, ACRPhishingResistant} }

// acrOf says what the methods prove; matched is whether the account belongs to a card.
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
