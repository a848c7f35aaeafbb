// Package randx draws random runes for fosite's user codes.
package randx

import "crypto/rand"
import "math/big"

// AlphaUpper is the alphabet A to Z.
const AlphaUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// RuneSequence draws length runes from allowed, each equally likely.
func RuneSequence(length int, allowed []rune) ([]rune, error) {
	size := big.NewInt(int64(len(allowed)))
	drawn := make([]rune, length)
	for i := range drawn {
		n, err := rand.Int(rand.Reader, size)
		if err != nil {
			return nil, err
		}
		drawn[i] = allowed[n.Int64()]
	}
	return drawn, nil
}
