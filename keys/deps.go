package keys

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// Auditor records what happened to a key, in the same transaction; *audit.Log but in tests.
type Auditor interface {
	Record(ctx context.Context, events ...audit.Event) error
}

// Deps are the service's dependencies. The durations and the size have defaults.
type Deps struct {
	DB      *postgres.DB
	Keyring *seal.Keyring
	Audit   Auditor
	Now     func() time.Time

	RSABits int           // size of new RSA keys, of RSABits; default 2048
	Lead    time.Duration // how long a key is published before it signs; default 24 h
	Use     time.Duration // how long a key signs before the next one is made; default 90 days
	Settle  time.Duration // how long a key is published before an immediate rotation lets it sign; default 2 s
	Keep    time.Duration // how long a key is published after it stopped signing; default 48 h: 12 h session, 24 h, reserve

	NewRSA func(random io.Reader, bits int) (*rsa.PrivateKey, error) // default rsa.GenerateKey, which takes up to a second
}

// RSABits are the sizes that an RSA key may have.
var RSABits = []int{2048, 3072}

// Service owns the signing keys. It is safe for concurrent use.
type Service struct {
	deps  Deps
	store store
	set   setPointer
}

// New checks the dependencies. It reads nothing: call Ensure or Reload before Current.
func New(deps Deps) (*Service, error) {
	switch {
	case deps.DB == nil, deps.Keyring == nil, deps.Audit == nil, deps.Now == nil:
		return nil, errors.New("keys: DB, Keyring, Audit and Now are required")
	case deps.RSABits != 0 && !slices.Contains(RSABits, deps.RSABits):
		return nil, fmt.Errorf("keys: RSA keys must have a size of %v bits", RSABits)
	case deps.NewRSA == nil:
		deps.NewRSA = rsa.GenerateKey
	}
	setDefault(&deps.RSABits, RSABits[0])
	setDefault(&deps.Lead, 24*time.Hour)
	setDefault(&deps.Use, 90*24*time.Hour)
	setDefault(&deps.Settle, 2*time.Second)
	setDefault(&deps.Keep, 48*time.Hour)
	s := &Service{deps: deps, store: store{deps.DB}}
	s.set.Store(&Set{})
	return s, nil
}

func setDefault[T comparable](value *T, preset T) {
	var zero T
	if *value == zero {
		*value = preset
	}
}
