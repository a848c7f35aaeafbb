package members

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// movedMember is a member whose name or birth date a line changes.
type movedMember struct {
	formerHolder
	line int
	is   identity
}

// maxMoved bounds the memory for them, some 30 MiB: a file that changes more people is hardly right (doubtLimit).
const maxMoved = 50_000

// noteMoved remembers a line that changes its member's name or birth date.
func (run *importRun) noteMoved(e *entry, member uuid.UUID, before record) {
	if was, is := before.identity(), e.rec.identity(); was != is && len(run.moved) < maxMoved {
		run.moved[was] = movedMember{formerHolder{member, before}, e.position, is}
	}
}

// swappedPairs returns the members of whom two lines each give one the name and birth date of the other, such as twins: of those
// every line alone looks like a correction. It forgets all that were noted.
func (run *importRun) swappedPairs() (pairs [][2]movedMember) {
	for was, m := range run.moved {
		if other, ok := run.moved[m.is]; ok && other.is == was && other.ID != m.ID {
			pairs = append(pairs, [2]movedMember{m, other})
		}
	}
	clear(run.moved)
	slices.SortFunc(pairs, func(a, b [2]movedMember) int { return a[0].line - b[0].line })
	return pairs
}

// decideSwapped holds the line of one of a pair, and returns what it does.
func (run *importRun) decideSwapped(line int, is []byte, pair [2]movedMember) int16 {
	unit, other := run.source.unit(), pair[1].line
	run.hold(heldLine{LineError{line, string(colNumber), fmt.Sprintf("has the name and birth date of the member of %s %d, and that line those of this one: held. "+
		"Were their numbers swapped? Then decide on both that they went to another person", unit, other), unit}, pair[0].ID, nil, is, false})
	isOther := slices.Contains(run.options.OtherPerson, line)
	switch {
	case slices.Contains(run.options.SamePerson, line):
		return lineChanged
	case isOther && slices.Contains(run.options.OtherPerson, other):
		return lineRestored
	case isOther:
		run.waiting[line] = fmt.Sprintf("%d names the member of %d: decide on both", line, other)
	}
	run.renumbered++
	run.report.count(lineChanged, -1)
	run.report.count(lineHeld, 1)
	return lineHeld
}

// settleSwapped settles the pairs of a full file.
func (run *importRun) settleSwapped(ctx context.Context) error {
	for _, pair := range run.swappedPairs() {
		row, err := run.roster.store.stagedChange(ctx, pair[0].ID)
		if err != nil {
			return err
		}
		if row == nil { // left out, or held for another reason
			continue
		}
		pair[0].line = row.line
		if row.kind = run.decideSwapped(row.line, row.contentMAC, pair); row.kind == lineChanged {
			continue
		}
		run.tally(row.marks, -1)
		if row.kind == lineRestored {
			rec, err := run.roster.unseal(row.id, row.sealed)
			if err != nil {
				return err
			}
			rec = pair[1].rec.filled(rec, run.missing)
			row.newID = pair[1].ID
			run.put(row, rec)
		}
		if err := run.roster.store.restageChange(ctx, *row); err != nil {
			return err
		}
	}
	return nil
}

// settleSwappedIn settles the pairs of a chunk of a change file.
func (run *importRun) settleSwappedIn(rows []stagedRow, chunk []entry) {
	for _, pair := range run.swappedPairs() {
		row := &rows[slices.IndexFunc(rows, func(r stagedRow) bool { return r.line == pair[0].line && r.kind == lineChanged })]
		if row.kind = run.decideSwapped(row.line, row.contentMAC, pair); row.kind == lineChanged {
			continue
		}
		run.tally(row.marks, -1)
		row.marks = marks{}
		if row.kind == lineRestored {
			e := &chunk[slices.IndexFunc(chunk, func(e entry) bool { return e.position == row.line })]
			run.giveTo(e, pair[1].formerHolder)
			row.newID = pair[1].ID
			run.put(row, e.rec)
		}
	}
}

// stagedChange returns the staged row that changes a member, nil for none.
func (s store) stagedChange(ctx context.Context, member uuid.UUID) (*stagedRow, error) {
	row := stagedRow{id: member}
	var packed int32
	err := s.db.From(ctx).QueryRow(ctx, `SELECT line, content_mac, identity_mac, sealed, marks FROM roster_staging WHERE id = $1 AND kind = $2`, member, lineChanged).
		Scan(&row.line, &row.contentMAC, &row.identity, &row.sealed, &packed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a changed member: %w", err)
	}
	row.marks = unpackMarks(packed)
	return &row, nil
}

func (s store) restageChange(ctx context.Context, row stagedRow) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		UPDATE roster_staging SET kind = $3, new_id = $4, content_mac = $5, identity_mac = $6, sealed = $7, marks = 0 WHERE id = $1 AND kind = $2`,
		row.id, lineChanged, row.kind, row.newID, row.contentMAC, row.identity, row.sealed)
	if err != nil {
		return fmt.Errorf("staging a swapped number: %w", err)
	}
	return nil
}
