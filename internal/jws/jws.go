package jws

import (
	"encoding/base64"
	"errors"
	"strings"
)

// MaxDepth is the nesting depth allowed in JSON from outside (S-69).
const MaxDepth = 16

// ErrShape says that a text is not a compact JWS of the allowed size and depth.
var ErrShape = errors.New("jws: not a compact JWS of the allowed size")

// Check reports whether token is header.payload.signature in unpadded base64url, at most size bytes long, with JSON
// objects of depth at most MaxDepth in the first two parts. An empty signature, as with alg none, is refused.
func Check(token string, size int) error {
	if len(token) > size {
		return ErrShape
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[2] == "" {
		return ErrShape
	}
	for i, part := range parts {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || strings.ContainsAny(part, "\r\n") { // the decoder would skip line ends
			return ErrShape
		}
		if i < 2 && (len(raw) == 0 || raw[0] != '{' || !Shallow(raw)) {
			return ErrShape
		}
	}
	return nil
}

// Shallow reports whether JSON nests at most MaxDepth deep. It does not check the rest of the grammar.
func Shallow(data []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}
