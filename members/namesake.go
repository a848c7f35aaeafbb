package members

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// namesake is a known member who has the name and birth date of a line with a new number or another member's, or whose number the
// line names as its former one. Nobody can tell whether it is the same person; as somebody new they could open a second account.
type namesake struct {
	ID      uuid.UUID
	Ended   bool
	rec     record
	isPrior bool // the line names their number
}

// findNamesakes looks for members with the name and birth date of entries whose number is new, or that make its member another
// person. Members whom the file itself added do not count: a file may have two people of one name.
func (run *importRun) findNamesakes(ctx context.Context, chunk []entry, known map[string]knownRow, former map[uuid.UUID]record) error {
	if run.isEmpty {
		return nil
	}
	type named struct {
		*entry
		is identity
	}
	entries, macs := map[string][]named{}, [][]byte(nil)
	for i := range chunk {
		e := &chunk[i]
		if e.macs == nil || e.isOther {
			continue
		}
		rec := e.rec
		if row, isKnown := findRow(known, e.macs); isKnown {
			before, isOther := former[row.ID]
			if rec = e.becomes(before); !isOther || rec.isNamed(before) {
				continue
			}
		} else if e.rec.LastName == "" || e.rec.BirthDate.IsZero() {
			continue
		} else if row, ok := findRow(known, e.priorMACs); ok {
			if err := run.nameFormerNumber(e, row); err != nil {
				return err
			}
		}
		is := rec.identity()
		for _, mac := range run.roster.identityMACs(is) {
			entries[string(mac)] = append(entries[string(mac)], named{e, is})
			macs = append(macs, mac)
		}
	}
	if len(macs) == 0 {
		return nil
	}
	return run.roster.store.namesakes(ctx, macs, run.firstID, run.roster.unseal, func(identity []byte, n namesake) {
		for _, e := range entries[string(identity)] {
			if n.rec.identity() == e.is && run.isLikelier(n, e.namesake) {
				e.namesake = &n
			}
		}
	})
}

// becomes returns the record with the names and birth date that an entry gives its member.
func (e *entry) becomes(before record) record {
	rec := e.rec
	if rec.LastName == "" {
		rec.FirstName, rec.LastName, rec.Suffix = before.FirstName, before.LastName, before.Suffix
	}
	if rec.BirthDate.IsZero() {
		rec.BirthDate = before.BirthDate
	}
	return rec
}

// isNamed reports whether two records have one name and birth date.
func (r record) isNamed(other record) bool {
	first, last, born := r.differs(other)
	return !first && !last && !born
}

// nameFormerNumber notes the member whose number a line with a new one names, unless it is certainly another person.
func (run *importRun) nameFormerNumber(e *entry, row knownRow) error {
	rec, err := run.roster.unseal(row.ID, row.Sealed)
	if err != nil {
		return err
	}
	if first, last, born := rec.differs(e.rec); !born || !first && !last {
		e.namesake = &namesake{row.ID, row.Ended, rec, true}
	} else {
		e.remarks = append(e.remarks, LineError{e.position, string(colNumber), "REF Q4 names as the former number that of a member with another name and birth date", e.unit})
	}
	return nil
}

// isLikelier reports whether a namesake goes before another one: in a full file who has ended, since the others have lines of their
// own, in a change file who has not.
func (run *importRun) isLikelier(n namesake, than *namesake) bool {
	return than == nil || !than.isPrior && n.Ended != than.Ended && n.Ended != run.source.isChange()
}

// problem says why a line with a new number is held.
func (n namesake) problem(is record, where string) string {
	said := "is new, but has the name and birth date of a member " + where
	if n.isPrior {
		said = "is new, but REF Q4 names as the former number that of a member " + where
		if n.rec.identity() == is.identity() {
			said += ", who has this name and birth date"
		}
	}
	return said + ": held. Is it the same person under another number, or another person of that name?"
}

const (
	namesakeOnRoster = "who is on the roster"
	namesakeEnded    = "who has ended"
	namesakeInFile   = "who is in the file under another number"
)

// holdNamesakes holds the lines of a full file that have a new number and a namesake who is in the file as well, or ended before it.
// Those of whom the file has no other line were found by keepRenumbered.
func (run *importRun) holdNamesakes(ctx context.Context) error {
	for after := 0; run.namesakes > 0; {
		page, err := run.roster.store.stagedNamesakes(ctx, after, absentPage, run.roster.unseal)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].Line
		var rows []stagedRow
		for _, line := range page {
			if slices.Contains(run.listed, line.Line) { // decided to be somebody else
				continue
			}
			where := namesakeOnRoster
			switch {
			case line.isInFile:
				where = namesakeInFile
				if slices.Contains(run.options.SamePerson, line.Line) {
					run.waiting[line.Line] = fmt.Sprintf("%d has a second number of a member who is in the file under another one: if they are one person, leave one of the two out", line.Line)
				}
			case line.isEnded:
				where = namesakeEnded
			}
			n := namesake{rec: line.absent.rec, isPrior: unpackMarks(line.Marks).gained&ofPrior != 0}
			if row, isSettled := run.decideRenumbered(line.newcomer, n.problem(line.rec, where)); isSettled {
				rows = append(rows, row)
			}
		}
		if err := run.roster.store.restage(ctx, lineAdded, rows); err != nil {
			return err
		}
	}
	return nil
}

// holdNamesakesIn is holdNamesakes for a chunk of a change file. entries holds, by index in rows, those that may add somebody.
func (run *importRun) holdNamesakesIn(rows []stagedRow, entries map[int]*entry) {
	for _, i := range slices.Sorted(maps.Keys(entries)) {
		e, row := entries[i], &rows[i]
		n := e.namesake
		if row.kind != lineAdded || n == nil {
			continue
		}
		where := namesakeOnRoster
		if n.Ended {
			where = namesakeEnded
		}
		// The member's data are not part of the list: other loops of the file may change them.
		run.hold(heldLine{LineError{e.position, string(colNumber), n.problem(e.rec, where), e.unit}, n.ID, nil, e.contentMAC, false})
		switch {
		case slices.Contains(run.options.OtherPerson, e.position):
			continue
		case slices.Contains(run.options.SamePerson, e.position):
			run.giveTo(e, formerHolder{n.ID, n.rec})
			run.dropOwn(rows, n.ID)
			row.kind, row.id, row.marks = lineChanged, n.ID, marksOf(n.rec, e.rec, run.today())
			run.put(row, e.rec)
			run.tally(row.marks, 1)
		default:
			*row = stagedRow{line: row.line, kind: lineHeld, id: n.ID, numberMAC: row.numberMAC}
			run.renumbered++
		}
		run.report.count(lineAdded, -1)
		run.report.count(row.kind, 1)
	}
}

// dropOwn takes back what a chunk of a change file says of a member under the number that they no longer have, such as its end.
func (run *importRun) dropOwn(rows []stagedRow, member uuid.UUID) {
	for i := range rows {
		row := &rows[i]
		switch row.kind {
		case lineChanged, lineUnchanged, lineEnded, lineStill:
		default:
			continue
		}
		if row.id == member {
			run.report.count(row.kind, -1)
			run.tally(row.marks, -1)
			run.report.Merged++
			*row = stagedRow{line: row.line, kind: lineOther, id: member, numberMAC: row.numberMAC}
		}
	}
}

// namesakes passes on the members with one of some digests who were there before the import and still have a number.
func (s store) namesakes(ctx context.Context, macs [][]byte, before uuid.UUID, unseal unsealer, each func(identity []byte, n namesake)) error {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT id, identity_mac, sealed, ended_at IS NOT NULL FROM members
		WHERE identity_mac = ANY($1) AND replaced_at IS NULL AND id < $2 ORDER BY id DESC`, macs, before)
	if err != nil {
		return fmt.Errorf("looking for members by name: %w", err)
	}
	var n namesake
	var identity, sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&n.ID, &identity, &sealed, &n.Ended}, func() (err error) {
		n.rec, err = unseal(n.ID, sealed)
		each(identity, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("looking for members by name: %w", err)
	}
	return nil
}

// stagedNamesake is a staged line with a new number and its namesake.
type stagedNamesake struct {
	newcomer
	isEnded, isInFile bool
}

// stagedNamesakes returns those behind a line that would add somebody.
func (s store) stagedNamesakes(ctx context.Context, after, limit int, unseal unsealer) (found []stagedNamesake, err error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT s.line, s.kind, s.id, s.number_mac, s.content_mac, s.marks, s.sealed, m.id, m.content_mac, m.sealed, m.ended_at IS NOT NULL, own.id IS NOT NULL
		FROM roster_staging s JOIN members m ON m.id = s.new_id
		LEFT JOIN (SELECT DISTINCT id FROM roster_staging WHERE kind = ANY($1)) own ON own.id = m.id
		WHERE s.kind = $2 AND s.line > $3 ORDER BY s.line LIMIT $4`,
		[]int16{lineChanged, lineUnchanged, lineRejected, lineEnded, lineStill, lineOther}, lineAdded, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading new members by name: %w", err)
	}
	var line stagedNamesake
	var sealed, known []byte
	_, err = pgx.ForEachRow(rows, []any{
		&line.Line, &line.Kind, &line.ID, &line.NumberMAC, &line.ContentMAC, &line.Marks, &sealed,
		&line.absent.ID, &line.absent.ContentMAC, &known, &line.isEnded, &line.isInFile,
	}, func() (err error) {
		if line.rec, err = unseal(line.ID, sealed); err != nil {
			return err
		}
		line.absent.rec, err = unseal(line.absent.ID, known)
		found = append(found, line)
		line.NumberMAC, line.ContentMAC, line.absent.ContentMAC = nil, nil, nil
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading new members by name: %w", err)
	}
	return found, nil
}
