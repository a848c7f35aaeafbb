package members

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/seal"
)

// Member is a person on the roster. Names are as on the card.
type Member struct {
	ID            uuid.UUID
	FirstName     string
	LastName      string
	Suffix        string // as in the roster file, "" if none
	BirthDate     Date
	MemberNumber  string    // digits, leading zeros kept; "" once the number was given to somebody else
	Program       string    // A, B, C or D; "" if the roster does not say
	CoverageStart Date      // zero if the roster does not say
	CoverageEnd   Date      // zero for open coverage
	Ended         bool      // no longer on the roster: may sign in, has no coverage, may not register
	ChangedAt     time.Time // the last change to any of these
}

// Name returns first name, last name and suffix; "" for a zero Member.
func (m Member) Name() string {
	return strings.TrimSpace(m.FirstName + " " + m.LastName + " " + m.Suffix)
}

// record is the sealed part of a member. The keys are short because there are a million records. A key, once used,
// keeps its meaning.
type record struct {
	FirstName     string `json:"f"`
	LastName      string `json:"l"`
	Suffix        string `json:"s,omitempty"`
	BirthDate     Date   `json:"b"`
	MemberNumber  string `json:"n"`
	Program       string `json:"p,omitempty"`
	CoverageStart Date   `json:"c,omitzero"`
	CoverageEnd   Date   `json:"e,omitzero"`
	Earlier       []span `json:"h,omitempty"` // coverage before that, with gaps or under other programmes
	Ends          Date   `json:"t,omitzero"`  // the last day on the roster, where a change file said so ahead of time
}

func (r record) encode() []byte {
	out, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and dates always encode
	}
	return out
}

func (r record) member(row memberRow, today Date) Member {
	m := Member{
		ID: row.ID, FirstName: r.FirstName, LastName: r.LastName, Suffix: r.Suffix, BirthDate: r.BirthDate, MemberNumber: r.MemberNumber,
		Ended: row.Ended || !r.Ends.IsZero() && r.Ends.Before(today), ChangedAt: row.ChangedAt.UTC(),
	}
	cover := r.cover(today)
	m.Program, m.CoverageStart, m.CoverageEnd = cover.Program, cover.Start, cover.End
	if len(r.Earlier) > 0 && !today.Before(cover.Start) { // the day on which this span became the current one
		m.ChangedAt = latest(m.ChangedAt, cover.Start.time())
	}
	if m.Ended && !row.Ended {
		m.ChangedAt = latest(m.ChangedAt, r.Ends.next().time())
	}
	if row.Replaced {
		m.MemberNumber = ""
	}
	return m
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// place binds the sealed record to its row (S-46).
func place(id uuid.UUID) seal.Place {
	return seal.Place{Table: "members", Column: "sealed", Row: id.String()}
}

func (r *Roster) open(row memberRow) (Member, error) {
	rec, err := r.unseal(row.ID, row.Sealed)
	if err != nil {
		return Member{}, err
	}
	return rec.member(row, DateOf(r.deps.Now())), nil
}

func (r *Roster) unseal(id uuid.UUID, sealed []byte) (rec record, err error) {
	plain, err := r.deps.Keyring.Open(seal.PII, place(id), sealed)
	if err != nil {
		return record{}, fmt.Errorf("member %s: %w", id, err)
	}
	if err := json.Unmarshal(plain, &rec); err != nil {
		return record{}, fmt.Errorf("member %s: record does not decode", id) // the cause would quote personal data
	}
	return rec, nil
}

// numberMACs returns the digests under which a member number is found; the first is the one to store.
func (r *Roster) numberMACs(number string) [][]byte {
	return r.deps.Keyring.MACs(seal.Index, []byte("member number"), []byte(number))
}
