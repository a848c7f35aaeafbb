package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

const keySize = 32 // bytes; AES-256

// KEK is a key encryption key. It wraps data keys and nothing else. The zero value is not usable.
type KEK struct {
	id   string
	aead cipher.AEAD
}

// ID is a short hash of the key. It distinguishes KEKs in the database, logs and errors, and reveals nothing.
func (k KEK) ID() string { return k.id }

// ParseKEK reads a key of exactly 32 bytes written as 64 hexadecimal digits or as base64 (standard or URL alphabet,
// with or without padding). Space around it is ignored. Errors never contain the key.
func ParseKEK(text string) (KEK, error) { return parseKEK([]byte(text)) }

// ReadKEK reads a key from a file, which may be readable by its owner only (mode 0400; 0600 is accepted).
func ReadKEK(path string) (KEK, error) {
	info, err := os.Stat(path)
	if err != nil {
		return KEK{}, fmt.Errorf("reading key encryption key: %w", err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&^fs.FileMode(0o600) != 0 {
		return KEK{}, fmt.Errorf("key encryption key file %s has mode %04o: it must be a file that only its owner can read; run chmod 0400 on it", path, mode.Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return KEK{}, fmt.Errorf("reading key encryption key: %w", err)
	}
	kek, err := parseKEK(text)
	if err != nil {
		return KEK{}, fmt.Errorf("key encryption key file %s: %w", path, err)
	}
	return kek, nil
}

// GenerateKEK returns the text of a new random key, to be stored by the caller and read back by ParseKEK.
func GenerateKEK() string { return base64.StdEncoding.EncodeToString(randomKey()) }

func parseKEK(text []byte) (KEK, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return KEK{}, errors.New("the key encryption key is missing")
	}
	key, ok := decodeKey(string(text))
	switch {
	case !ok:
		return KEK{}, errors.New("the key encryption key is neither hexadecimal nor base64")
	case len(key) != keySize:
		return KEK{}, fmt.Errorf("the key encryption key has %d bytes, not %d", len(key), keySize)
	case looksMadeUp(key):
		return KEK{}, errors.New("the key encryption key is a sample or a pattern, not random bytes; make one with: openssl rand -base64 32")
	}
	return newKEK(key), nil
}

func decodeKey(text string) ([]byte, bool) {
	if key, err := hex.DecodeString(text); err == nil {
		return key, true
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if key, err := encoding.DecodeString(text); err == nil {
			return key, true
		}
	}
	return nil, false
}

// looksMadeUp recognises keys that no random source produces (S-48): 32 random bytes have fewer than 20 distinct
// values, or a constant difference between neighbours, with a probability far below 2^-40. Keys made of letters are
// caught as well.
func looksMadeUp(key []byte) bool {
	var seen [256]bool
	distinct, even, printable := 0, true, true
	for i, b := range key {
		if !seen[b] {
			seen[b], distinct = true, distinct+1
		}
		even = even && (i == 0 || b-key[i-1] == key[1]-key[0])
		printable = printable && b >= ' ' && b <= '~'
	}
	return distinct < 20 || even || printable
}

func newKEK(key []byte) KEK {
	sum := sha256.Sum256(append([]byte("huskyidp key encryption key id\x00"), key...))
	return KEK{id: hex.EncodeToString(sum[:4]), aead: newAEAD(key)}
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a wrong key size, which every caller has checked
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func randomKey() []byte {
	key := make([]byte, keySize)
	rand.Read(key) // never fails (crypto/rand)
	return key
}
