package keys

import (
	"context"
	"errors"
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

	RSABits int           // size of new RSA keys: 2048 (default) or 3072
	Lead    time.Duration // how long a key is published before it signs; default 24 h
	Use     time.Duration // how long a key signs before the next one is made; default 90 days
	Settle  time.Duration // how long a key is published before an immediate rotation lets it sign; default 2 s
	Keep    time.Duration // how long a key is published after it stopped signing; default 48 h: 12 h session, 24 h, reserve
}

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
	case deps.RSABits != 0 && deps.RSABits != 2048 && deps.RSABits != 3072:
		return nil, errors.New("keys: RSA keys must have 2048 or 3072 bits")
	}
	setDefault(&deps.RSABits, 2048)
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
