package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// TokenLength is the length of a NewToken.
const TokenLength = 43

// NewToken returns 256 random bits as base64url: a cookie, code or link that grants something (S-22).
func NewToken() string {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// IsToken reports whether a text has the form of a token; a part of one, or more than one, has not.
func IsToken(text string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(raw) == 32 && len(text) == TokenLength
}

// Digest returns what is stored of a token (S-49). It needs no key, since 256 bits cannot be guessed.
func Digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
