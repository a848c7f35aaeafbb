package members

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
// A known number that was decided to be theirs goes to the row they have.
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
	return run.settleReplaced(ctx)
}

// holdDisplacedIn is holdDisplaced for a chunk of a change file. entries holds, by index in rows, the entries that give
// a number to another person or add somebody.
func (run *importRun) holdDisplacedIn(rows []stagedRow, entries map[int]*entry) {
	if len(run.displaced) == 0 {
		return
	}
	for _, i := range slices.Sorted(maps.Keys(entries)) {
		e := entries[i]
		row := &rows[i]
		if row.kind == lineAdded {
			if d, ok := run.displacedBy(e.rec, e.position); ok {
				row.kind = lineHeld
				run.holdWaiting(e.position, d)
			}
		} else if holder, ok := run.goesTo(e.position, e.rec, false); ok {
			run.giveTo(e, holder)
			run.dropOwn(rows, holder.ID)
			row.kind, row.newID = lineRestored, holder.ID
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
