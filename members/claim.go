package members

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A line with a known number that has the name and birth date of another known member may be a correction, may give the number to
// that member, whose row and account then continue under it, or to somebody who shares name and birth date. Two such lines may swap
// numbers.

// claimProblem says why such a line is held.
func claimProblem(hasEnded bool, n namesake) string {
	owner, other := "its own", "the member"
	if hasEnded {
		owner = "its own, who has ended"
	}
	if n.Ended {
		other = "the former member"
	}
	return fmt.Sprintf("has the name and birth date of %s whose number ends in %s, not of %s: held. Did the number go to that member, were the two numbers "+
		"swapped (then decide on both lines that they went to another person), is it a correction, or somebody else of that name and birth date?", other, n.numberEnd(), owner)
}

// numberEnd returns as much of the number as the desk shows.
func (n namesake) numberEnd() string {
	number := n.rec.MemberNumber
	return number[max(len(number)-4, len(number)/2):]
}

// goesTo returns the known member to whom a number goes that was decided to be another person's, if any.
func (run *importRun) goesTo(position int, rec record, hasLine bool) (holder formerHolder, ok bool) {
	if slices.Contains(run.options.Namesake, position) {
		return formerHolder{}, false
	}
	n := run.claims[position]
	if n != nil {
		rec = n.rec
	}
	switch d, isDisplaced := run.displacedBy(rec, position); {
	case isDisplaced && !d.isDecided:
		run.waiting[position] = fmt.Sprintf("%d names the member of %d: decide on both", position, d.line)
		return formerHolder{}, false
	case isDisplaced:
		holder = d.formerHolder
	case n == nil:
		return formerHolder{}, false
	case hasLine:
		run.waiting[position] = fmt.Sprintf("%d names the member whose number ends in %s, who has a line of their own: "+
			"if they are one person, leave one of the two out; if not, decide that the number went to a namesake", position, n.numberEnd())
		return formerHolder{}, false
	default:
		holder = formerHolder{n.ID, n.rec}
	}
	if other := run.claimed[holder.ID]; other != 0 {
		run.waiting[position] = fmt.Sprintf("%d and %d give two numbers to one member", other, position)
		return formerHolder{}, false
	}
	run.claimed[holder.ID] = position
	run.report.count(lineReplaced, -1)
	run.report.count(lineRestored, 1)
	return holder, true
}

// settleReplaced gives the numbers of a full file that were decided to be other people's to those of them who are known.
func (run *importRun) settleReplaced(ctx context.Context) error {
	replaced, err := run.roster.store.replacedRows(ctx)
	if err != nil || len(replaced) == 0 {
		return err
	}
	var claimed []uuid.UUID
	for _, n := range run.claims {
		claimed = append(claimed, n.ID)
	}
	own, err := run.roster.store.ownLines(ctx, claimed)
	if err != nil {
		return err
	}
	for _, row := range replaced {
		rec, err := run.roster.unseal(row.NewID, row.Sealed)
		if err != nil {
			return err
		}
		n := run.claims[row.Line]
		holder, ok := run.goesTo(row.Line, rec, n != nil && slices.Contains(own, n.ID))
		if !ok {
			continue
		}
		given := stagedRow{line: row.Line, kind: lineRestored, newID: holder.ID}
		run.put(&given, holder.rec.filled(rec, run.missing))
		if err := run.roster.store.give(ctx, given); err != nil {
			return err
		}
		// The member has no line of their own, and is not absent.
		if err := run.roster.store.copyStaging(ctx, []stagedRow{{line: row.Line, kind: lineNaming, id: holder.ID, numberMAC: row.NumberMAC}}); err != nil {
			return err
		}
	}
	return nil
}

type replacedRow struct {
	Line      int
	NewID     uuid.UUID
	NumberMAC []byte
	Sealed    []byte
}

// replacedRows returns the staged rows that give a number to another person. They are few.
func (s store) replacedRows(ctx context.Context) ([]replacedRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `SELECT line, new_id, number_mac, sealed FROM roster_staging WHERE kind = $1 ORDER BY line`, lineReplaced)
	if err != nil {
		return nil, fmt.Errorf("reading numbers that change hands: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[replacedRow])
	if err != nil {
		return nil, fmt.Errorf("reading numbers that change hands: %w", err)
	}
	return found, nil
}

// ownLines returns those of some members who have a staged line under their own number.
func (s store) ownLines(ctx context.Context, members []uuid.UUID) ([]uuid.UUID, error) {
	rows, err := s.db.From(ctx).Query(ctx, `SELECT DISTINCT id FROM roster_staging WHERE id = ANY($1) AND kind = ANY($2)`, members,
		[]int16{lineChanged, lineUnchanged, lineRejected, lineHeld, lineEnded, lineStill, lineOther})
	if err != nil {
		return nil, fmt.Errorf("reading lines of members who get another number: %w", err)
	}
	own, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("reading lines of members who get another number: %w", err)
	}
	return own, nil
}

// give changes a staged row so that its number goes to a member who has a row.
func (s store) give(ctx context.Context, row stagedRow) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		UPDATE roster_staging SET kind = $3, new_id = $4, content_mac = $5, identity_mac = $6, sealed = $7 WHERE line = $1 AND kind = $2`,
		row.line, lineReplaced, row.kind, row.newID, row.contentMAC, row.identity, row.sealed)
	if err != nil {
		return fmt.Errorf("staging a number that changes hands: %w", err)
	}
	return nil
}
