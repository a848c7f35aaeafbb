package members

import (
	"context"
	"slices"

	"github.com/google/uuid"
)

// absentPage is the number of absent members that are compared with the file at a time.
const absentPage = 50_000

type absentRow struct {
	ID         uuid.UUID
	ContentMAC []byte
	rec        record
}

// newcomer is a staged line that may be an absent member's under another number.
type newcomer struct {
	Line       int
	Kind       int16
	ID         uuid.UUID
	NumberMAC  []byte
	ContentMAC []byte
	Marks      int32
	rec        record
	absent     absentRow
	isAlike    bool // two of the names and the birth date are the absent member's
}

// keepRenumbered looks for absent members whose name and birth date the file has under another number. One wrong digit would
// end them, so they stay. A line with a new number, or with one whose member it renames, is held until somebody decides; one
// that is left out anyway is noted. The other absent members end, and are passed to Ending.
func (run *importRun) keepRenumbered(ctx context.Context) error {
	for after := uuid.Nil; ; {
		page, err := run.roster.store.absentAfter(ctx, after, absentPage, run.roster.unseal)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].ID
		absent, alike := make(map[identity]absentRow, len(page)), map[identity][]absentRow{}
		for _, row := range page {
			is := row.rec.identity()
			absent[is] = row
			for _, part := range is.parts() {
				alike[part] = append(alike[part], row)
			}
		}
		var found []newcomer
		err = run.roster.store.newcomers(ctx, run.roster.unseal, func(line newcomer) {
			key := line.rec.identity()
			if row, ok := absent[key]; ok {
				line.absent = row
				found = append(found, line)
				if line.Kind == lineAdded {
					delete(absent, key) // a second line with this identity is somebody new
				}
				return
			}
			if (line.Kind != lineHeld && line.Kind != lineRejected) || unpackMarks(line.Marks).gained&ofStranger == 0 {
				return
			}
			for _, part := range key.parts() { // the number is wrong, and perhaps a name or the birth date as well
				for _, row := range alike[part] {
					line.absent, line.isAlike = row, true
					found = append(found, line)
				}
			}
		})
		if err != nil {
			return err
		}
		staying, rows, naming := make(map[uuid.UUID]bool, len(found)), []stagedRow(nil), []stagedRow(nil)
		for _, line := range found {
			var stays bool
			if line.Kind == lineAdded {
				var row stagedRow
				problem := absentProblem
				if unpackMarks(line.Marks).gained&ofPrior != 0 {
					problem += ". REF Q4 names that member's number"
				}
				if row, stays = run.decideRenumbered(line, problem); stays {
					rows = append(rows, row)
				}
			} else if stays = line.Kind != lineChanged || !slices.Contains(run.options.SamePerson, line.Line); stays { // else it is a correction
				has := "has the name and birth date of"
				if line.isAlike {
					has = "may be the line of"
				}
				run.note(LineError{line.Line, string(colNumber), has + " a member who is not in the file, and who therefore stays on the roster", run.source.unit()})
				naming = append(naming, stagedRow{line: line.Line, kind: lineNaming, id: line.absent.ID, numberMAC: line.NumberMAC})
			}
			staying[line.absent.ID] = staying[line.absent.ID] || stays
		}
		if err := run.roster.store.restage(ctx, lineAdded, rows); err != nil {
			return err
		}
		if err := run.roster.store.copyStaging(ctx, naming); err != nil {
			return err
		}
		for _, row := range page {
			switch {
			case staying[row.ID]:
				run.absent--
			case run.options.Ending != nil:
				run.options.Ending(row.rec.MemberNumber)
			}
		}
	}
}

const absentProblem = "is new, but has the name and birth date of a member who is not in the file: " +
	"is a digit wrong, or has the number changed? The member stays as before"

// decideRenumbered lists a line of a full file that has a new number and a known member's name and birth date. It returns what the
// line does to that member, unless it was decided to be somebody else's.
func (run *importRun) decideRenumbered(line newcomer, problem string) (row stagedRow, isSettled bool) {
	row = stagedRow{line: line.Line, kind: lineHeld, id: line.absent.ID, numberMAC: line.NumberMAC}
	run.hold(heldLine{LineError{line.Line, string(colNumber), problem, run.source.unit()}, line.absent.ID, line.absent.ContentMAC, line.ContentMAC, false})
	switch {
	case slices.Contains(run.options.OtherPerson, line.Line):
		return row, false
	case slices.Contains(run.options.SamePerson, line.Line):
		rec := line.absent.rec.filled(line.rec, run.missing)
		row.kind, row.marks = lineChanged, marksOf(line.absent.rec, rec, run.today())
		run.put(&row, rec)
		run.tally(row.marks, 1)
	default:
		run.renumbered++
	}
	run.report.count(lineAdded, -1)
	run.report.count(row.kind, 1)
	return row, true
}
