package members

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"huskyidp/internal/seal"
)

// Member is a person on the roster. Names are as on the card.
type Member struct {
	ID            uuid.UUID
	FirstName     string
	LastName      string
	Suffix        string // as in the roster file; "" for none
	BirthDate     Date
	MemberNumber  string // digits, leading zeros kept
	Program       string // A, B, C or D; "" if the roster does not say
	CoverageStart Date   // zero if the roster does not say
	CoverageEnd   Date   // zero for open coverage
	Ended         bool   // no longer on the roster: may sign in, has no coverage, may not register
}

// record is what is sealed of a member. The keys are short because there are a million of them; a key, once used, keeps
// its meaning.
type record struct {
	FirstName     string `json:"f"`
	LastName      string `json:"l"`
	Suffix        string `json:"s,omitempty"`
	BirthDate     Date   `json:"b"`
	MemberNumber  string `json:"n"`
	Program       string `json:"p,omitempty"`
	CoverageStart Date   `json:"c,omitzero"`
	CoverageEnd   Date   `json:"e,omitzero"`
}

func (r record) encode() []byte {
	out, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and dates always encode
	}
	return out
}

func (r record) member(id uuid.UUID, ended bool) Member {
	return Member{
		ID: id, FirstName: r.FirstName, LastName: r.LastName, Suffix: r.Suffix, BirthDate: r.BirthDate, MemberNumber: r.MemberNumber,
		Program: r.Program, CoverageStart: r.CoverageStart, CoverageEnd: r.CoverageEnd, Ended: ended,
	}
}

// place binds the sealed record to its row (S-46).
func place(id uuid.UUID) seal.Place {
	return seal.Place{Table: "members", Column: "sealed", Row: id.String()}
}

func (r *Roster) open(row memberRow) (Member, error) {
	plain, err := r.deps.Keyring.Open(seal.PII, place(row.ID), row.Sealed)
	if err != nil {
		return Member{}, fmt.Errorf("member %s: %w", row.ID, err)
	}
	var rec record
	if err := json.Unmarshal(plain, &rec); err != nil {
		return Member{}, fmt.Errorf("member %s: record does not decode", row.ID) // the cause would quote personal data
	}
	return rec.member(row.ID, row.Ended), nil
}

// numberMACs are the digests under which a member number is found: the first is the one to store.
func (r *Roster) numberMACs(number string) [][]byte {
	return r.deps.Keyring.MACs(seal.Index, []byte("member number"), []byte(number))
}
