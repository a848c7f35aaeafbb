package portal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

var errSealed = errors.New("the sealed value does not open")

// sealer puts values into cookies that only the portal can read or make.
type sealer struct{ aead cipher.AEAD }

// newSealer derives its key from the first that there is: the key, the client secret, which spares the operator a further
// secret, or random bytes, with which pending sign-ins are forgotten at a restart.
func newSealer(key []byte, clientSecret string) (*sealer, error) {
	switch {
	case len(key) > 0 && len(key) < 32:
		return nil, fmt.Errorf("portal: the key has %d bytes, not 32 or more", len(key))
	case len(key) == 0 && clientSecret != "":
		key = []byte(clientSecret)
	case len(key) == 0:
		key = make([]byte, 32)
		rand.Read(key) // never fails (crypto/rand)
	}
	key, err := hkdf.Key(sha256.New, key, nil, "huskyidp portal pending sign-in", 32)
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	return &sealer{aead}, nil
}

// seal binds the value to the name of its cookie.
func (s *sealer) seal(name string, value any) (string, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("sealing: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(name))), nil
}

func (s *sealer) open(name, sealed string, value any) error {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return errSealed
	}
	plain, err := s.aead.Open(nil, nil, raw, []byte(name))
	if err != nil {
		return errSealed
	}
	return json.Unmarshal(plain, value)
}
