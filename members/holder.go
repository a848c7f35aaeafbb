package members

import (
	"context"
	"fmt"
	"slices"

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

const formerOtherProblem = "has the name and birth date of the person from whom another number was taken: held. " +
	"If this one is theirs, decide that it went to another person: the row and the account of before get it, and the member of now loses it"

const newNumberProblem = "is new, but has the name and birth date of the person from whom another number was taken: held. " +
	"If it is that person, decide so: the row and the account of before continue under this number"

// formerHolder returns the member whom an entry names if they lost a number, this one or another.
func (run *importRun) formerHolder(e *entry) (holder formerHolder, ok bool) {
	if len(run.holders) == 0 {
		return formerHolder{}, false
	}
	for _, h := range run.holders[e.said.identity()] {
		if !ok || h.rec.MemberNumber == e.rec.MemberNumber && holder.rec.MemberNumber != e.rec.MemberNumber {
			holder, ok = h, true
		}
	}
	return holder, ok
}

// isReturn holds a line with a new number that names somebody who lost one, unless it was decided whose it is.
func (run *importRun) isReturn(e *entry) (kind int16, isDecided bool) {
	holder, isFormer := run.formerHolder(e)
	if !isFormer {
		return 0, false
	}
	e.namesake, e.isCounted = nil, false
	run.hold(heldLine{LineError{e.position, string(colNumber), newNumberProblem, e.unit}, holder.ID, nil, e.contentMAC, false})
	switch {
	case slices.Contains(run.options.OtherPerson, e.position):
		return 0, false
	case slices.Contains(run.options.SamePerson, e.position):
		run.giveTo(e, holder)
		return lineRestored, true
	}
	run.renumbered++
	return lineHeld, true
}

// giveTo completes an entry as that of a former member.
func (run *importRun) giveTo(e *entry, holder formerHolder) {
	e.rec = holder.rec.completed(e)
	e.rec.MemberNumber = e.said.MemberNumber
	e.content, e.contentMAC = run.roster.encode(e.rec)
}

// completed returns what an entry says together with what its file leaves as it was in r.
func (r record) completed(e *entry) record {
	if e.partial {
		r.putCovers(dropped(r.covers(), e.never))
		return r.overlaid(e.said, e.covered, e.verb)
	}
	return r.filled(e.said, e.absent)
}

// formerHolders reads the members whose numbers were given away, by name and birth date, the latest first. They are few.
func (s store) formerHolders(ctx context.Context, unseal unsealer) (map[identity][]formerHolder, error) {
	rows, err := s.db.From(ctx).Query(ctx, `SELECT id, sealed FROM members WHERE replaced_at IS NOT NULL ORDER BY replaced_at DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("reading former members: %w", err)
	}
	holders := map[identity][]formerHolder{}
	var id uuid.UUID
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &sealed}, func() error {
		rec, err := unseal(id, sealed)
		holders[rec.identity()] = append(holders[rec.identity()], formerHolder{id, rec})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading former members: %w", err)
	}
	return holders, nil
}
