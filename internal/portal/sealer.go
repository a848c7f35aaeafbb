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

// defaultKey lets pending sign-ins survive a restart without a further secret to keep. A public client has none, and
// its portal forgets them.
func defaultKey(clientSecret string) ([]byte, error) {
	if clientSecret == "" {
		key := make([]byte, 32)
		rand.Read(key) // never fails (crypto/rand)
		return key, nil
	}
	return hkdf.Key(sha256.New, []byte(clientSecret), nil, "huskyidp portal pending sign-in", 32)
}

func newSealer(key []byte) (*sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("portal: the key has %d bytes, not 32", len(key))
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
