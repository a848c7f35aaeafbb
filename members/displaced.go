package members

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// displacedMember is somebody whose number a line of the file gives to another person.
type displacedMember struct {
	formerHolder
	line      int
	isDecided bool
}

// displacedBy returns the member whom a line names, if another line takes that member's number.
func (run *importRun) displacedBy(rec record, line int) (displacedMember, bool) {
	d, ok := run.displaced[rec.identity()]
	return d, ok && d.line != line
}

// holdDisplaced settles the lines of a full file that name members whose numbers it gives to others. One with a new number is held.
// A known number that was decided to be theirs goes to the row they have: numbers were swapped.
func (run *importRun) holdDisplaced(ctx context.Context) error {
	if len(run.displaced) == 0 {
		return nil
	}
	var added []newcomer
	err := run.roster.store.newcomers(ctx, run.roster.unseal, func(line newcomer) {
		if _, ok := run.displacedBy(line.rec, line.Line); ok && line.Kind == lineAdded {
			added = append(added, line)
		}
	})
	if err != nil {
		return err
	}
	var rows []stagedRow
	for _, line := range added {
		d, _ := run.displacedBy(line.rec, line.Line)
		run.holdWaiting(line.Line, d)
		rows = append(rows, stagedRow{line: line.Line, kind: lineHeld})
	}
	if err := run.roster.store.restage(ctx, lineAdded, rows); err != nil {
		return err
	}
	replaced, err := run.roster.store.replacedRows(ctx)
	if err != nil {
		return err
	}
	for _, row := range replaced {
		rec, err := run.roster.unseal(row.NewID, row.Sealed)
		if err != nil {
			return err
		}
		d, ok := run.displacedBy(rec, row.Line)
		if !ok || !run.isSwap(row.Line, d) {
			continue
		}
		rec = d.rec.filled(rec, run.missing)
		swapped := stagedRow{line: row.Line, kind: lineRestored, newID: d.ID}
		run.put(&swapped, rec)
		if err := run.roster.store.swap(ctx, swapped); err != nil {
			return err
		}
	}
	return nil
}

// holdDisplacedIn is holdDisplaced for a chunk of a change file. entries holds, by index in rows, the entries that give
// a number to another person or add somebody.
func (run *importRun) holdDisplacedIn(rows []stagedRow, entries map[int]*entry) {
	if len(run.displaced) == 0 {
		return
	}
	for _, i := range slices.Sorted(maps.Keys(entries)) {
		e := entries[i]
		d, ok := run.displacedBy(e.rec, e.position)
		switch row := &rows[i]; {
		case !ok:
		case row.kind == lineAdded:
			row.kind = lineHeld
			run.holdWaiting(e.position, d)
		case run.isSwap(e.position, d):
			run.giveTo(e, d.formerHolder)
			row.kind, row.newID = lineRestored, d.ID
			run.put(row, e.rec)
		}
	}
}

// holdWaiting lists a line that cannot be decided before another one, and was to add somebody.
func (run *importRun) holdWaiting(position int, d displacedMember) {
	unit := run.source.unit()
	run.hold(heldLine{LineError{position, string(colNumber), fmt.Sprintf("is new, but has the name and birth date of a member whose number is somebody else's in %s %d: held. "+
		"Decide on that one, then import the file again", unit, d.line), unit}, d.ID, nil, nil, false})
	run.waiting[position] = fmt.Sprintf("%d cannot be decided before %d, which has its member's number", position, d.line)
	run.renumbered++
	run.report.count(lineAdded, -1)
	run.report.count(lineHeld, 1)
}

// isSwap reports whether a number that was decided to be another person's goes to the row of a member who loses theirs.
func (run *importRun) isSwap(position int, d displacedMember) bool {
	if !d.isDecided {
		run.waiting[position] = fmt.Sprintf("%d names the member of %d: decide on both", position, d.line)
		return false
	}
	run.report.count(lineReplaced, -1)
	run.report.count(lineRestored, 1)
	return true
}

type replacedRow struct {
	Line   int
	NewID  uuid.UUID
	Sealed []byte
}

// replacedRows returns the staged rows that give a number to another person. They are few.
func (s store) replacedRows(ctx context.Context) ([]replacedRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `SELECT line, new_id, sealed FROM roster_staging WHERE kind = $1 ORDER BY line`, lineReplaced)
	if err != nil {
		return nil, fmt.Errorf("reading numbers that change hands: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[replacedRow])
	if err != nil {
		return nil, fmt.Errorf("reading numbers that change hands: %w", err)
	}
	return found, nil
}

// swap gives the number of a staged row to a member who has a row.
func (s store) swap(ctx context.Context, row stagedRow) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		UPDATE roster_staging SET kind = $3, new_id = $4, content_mac = $5, identity_mac = $6, sealed = $7 WHERE line = $1 AND kind = $2`,
		row.line, lineReplaced, row.kind, row.newID, row.contentMAC, row.identity, row.sealed)
	if err != nil {
		return fmt.Errorf("staging a swapped number: %w", err)
	}
	return nil
}
