package members

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// Deps are the roster's dependencies. NumberFormat defaults to DefaultNumberFormat.
type Deps struct {
	DB           *postgres.DB
	Keyring      *seal.Keyring
	Audit        *audit.Log
	Now          func() time.Time
	NumberFormat NumberFormat
}

// Roster is the list of eligible people. It is safe for concurrent use.
type Roster struct {
	deps  Deps
	store store
	chunk int       // chunkEntries; tests that need several chunks have smaller ones
	dummy memberRow // decrypted and compared if there is no member, for equal work
}

// New returns an error if a dependency is missing.
func New(deps Deps) (*Roster, error) {
	if deps.DB == nil || deps.Keyring == nil || deps.Audit == nil || deps.Now == nil {
		return nil, errors.New("members: DB, Keyring, Audit and Now are needed")
	}
	if deps.NumberFormat.pattern == nil {
		deps.NumberFormat = DefaultNumberFormat
	}
	r := &Roster{deps: deps, store: store{deps.DB}, chunk: chunkEntries}
	nobody := record{FirstName: "NOBODY", LastName: "NOBODY NOWHERE", BirthDate: Date{1900, 1, 1}, MemberNumber: "none"}
	r.dummy.ID = uuid.Max
	r.dummy.Sealed = deps.Keyring.Seal(seal.PII, place(uuid.Max), nobody.encode())
	return r, nil
}
