package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/internal/seal"
)

// State is the stage of a key's life; see the package comment.
type State string

const (
	Next     State = "next"
	Active   State = "active"
	Retiring State = "retiring"
	Revoked  State = "revoked"
)

// Key describes a signing key without its private part. Instants are UTC; PublishedUntil is zero until the key retires.
type Key struct {
	KID            string
	Alg            string // RS256, ES256 or EdDSA
	State          State
	NotBefore      time.Time
	PublishedUntil time.Time
	CreatedAt      time.Time
}

// Algorithms lists the algorithms that keys are made for. The RS256 key also signs PS256. There is always a key for the
// first two, and one for EdDSA once Want asked for it.
func Algorithms() []string {
	return []string{string(jose.RS256), string(jose.ES256), string(jose.EdDSA)}
}

// standing are the algorithms that always have a key.
var standing = []string{string(jose.RS256), string(jose.ES256)}

// keyAlg returns the algorithm under which the key that signs alg is stored.
func keyAlg(alg string) string {
	if alg == string(jose.PS256) {
		return string(jose.RS256)
	}
	return alg
}

// newKey generates a key pair, which takes up to a second for RSA: call it before the transaction. No kid begins with a
// hyphen, which a shell's user could not give to a command.
func (s *Service) newKey(alg string, state State, notBefore, now time.Time) (row, error) {
	for {
		if r, err := s.anyKey(alg, state, notBefore, now); err != nil || !strings.HasPrefix(r.KID, "-") {
			return r, err
		}
	}
}

func (s *Service) anyKey(alg string, state State, notBefore, now time.Time) (row, error) {
	var private crypto.Signer
	var err error
	switch jose.SignatureAlgorithm(alg) {
	case jose.RS256:
		private, err = s.deps.NewRSA(rand.Reader, s.deps.RSABits)
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		return row{}, fmt.Errorf("%w: %q (known: %v)", ErrUnknownAlgorithm, alg, Algorithms())
	}
	if err != nil {
		return row{}, fmt.Errorf("making a signing key: %w", err)
	}
	public := jose.JSONWebKey{Key: private.Public()}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return row{}, fmt.Errorf("naming a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return row{}, fmt.Errorf("encoding a signing key: %w", err)
	}
	kid := base64.RawURLEncoding.EncodeToString(thumbprint[:12])
	return row{
		KID: kid, Alg: alg, State: state, NotBefore: notBefore, CreatedAt: now,
		Sealed: s.deps.Keyring.Seal(seal.Signing, place(kid), der),
	}, nil
}

func (s *Service) unseal(r row) (crypto.Signer, error) {
	der, err := s.deps.Keyring.Open(seal.Signing, place(r.KID), r.Sealed)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", r.KID, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", r.KID, err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok || !slices.Contains(Algorithms(), r.Alg) {
		return nil, fmt.Errorf("signing key %s: %w", r.KID, ErrUnknownAlgorithm)
	}
	return signer, nil
}

func place(kid string) seal.Place {
	return seal.Place{Table: "signing_keys", Column: "sealed", Row: kid}
}
