package members

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// formerHolder is a member whose number was given to another person.
type formerHolder struct {
	ID  uuid.UUID
	rec record
}

const formerProblem = "has the name and birth date of the person from whom this number was taken: held. " +
	"If the number is theirs after all, decide that it went to another person: the row and the account of before get it back, and the member of now loses it"

// formerHolder returns the member whom an entry names if the number was theirs before it was given away.
func (run *importRun) formerHolder(e *entry) (holder formerHolder, ok bool) {
	for _, h := range run.holders[e.rec.MemberNumber] {
		if h.rec.identity() == e.said.identity() {
			return h, true
		}
	}
	return formerHolder{}, false
}

// completed returns what an entry says together with what its file leaves as it was in r.
func (r record) completed(e *entry) record {
	if e.partial {
		return r.overlaid(e.said, e.covered, e.verb)
	}
	return r.filled(e.said, e.absent)
}

// formerHolders reads the members whose numbers were given away, by these numbers, the latest first. They are few.
func (s store) formerHolders(ctx context.Context, unseal unsealer) (map[string][]formerHolder, error) {
	rows, err := s.db.From(ctx).Query(ctx, `SELECT id, sealed FROM members WHERE replaced_at IS NOT NULL ORDER BY replaced_at DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("reading former members: %w", err)
	}
	holders := map[string][]formerHolder{}
	var id uuid.UUID
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &sealed}, func() error {
		rec, err := unseal(id, sealed)
		holders[rec.MemberNumber] = append(holders[rec.MemberNumber], formerHolder{id, rec})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading former members: %w", err)
	}
	return holders, nil
}
