package accounts

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
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

// ReadCode reads a typed code; ok reports whether six digits remain, or are the only ones in a row of a text that was pasted: the mail, or
// its line with the code.
func ReadCode(typed string) (code string, ok bool) {
	if len(typed) > maxPasted {
		return "", false
	}
	typed = norm.NFKC.String(typed)
	if code = BareCode(typed); len(code) == 6 && strings.Trim(code, "0123456789") == "" {
		return code, true
	}
	for _, digits := range rowsOfDigits.FindAllString(typed, -1) {
		if len(digits) != 6 {
			continue
		}
		if ok && digits != code {
			return "", false
		}
		code, ok = digits, true
	}
	return code, ok
}

const maxPasted = 4096

var rowsOfDigits = regexp.MustCompile(`[0-9]+`)
