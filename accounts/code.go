package accounts

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NewCode returns a random six-digit code for a mail or a call.
func NewCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", n), nil
}

// BareCode drops what people and their keyboards add between and after the characters of a code: spaces of every kind,
// dashes, full stops.
func BareCode(typed string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.Is(unicode.Cf, r) || r == minus {
			return -1
		}
		return r
	}, typed)
}

const minus = '\u2212' // a symbol in Unicode, a dash on a keyboard

// ReadCode reads a typed code; ok reports whether six digits remain.
func ReadCode(typed string) (code string, ok bool) {
	if len(typed) > 64 {
		return "", false
	}
	code = BareCode(norm.NFKC.String(typed))
	return code, len(code) == 6 && strings.Trim(code, "0123456789") == ""
}
