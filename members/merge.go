package members

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
)

// repeatPage is the number of rows of members with several lines that are merged per batch.
const repeatPage = 4096

// repeat is a staged row of a member who has several.
type repeat struct {
	N          int64
	Line       int
	Kind       int16
	ID         uuid.UUID
	NewID      uuid.UUID
	NumberMAC  []byte
	ContentMAC []byte
	Sealed     []byte // its own, or the member's if unchanged
	KnownMAC   []byte // content digest of the known member, nil if there is none
	KnownEnded bool

	KnownSealed []byte
	Marks       int32
}

// merge combines the rows that a member has in a full file into one: identical lines, and lines for several coverage
// spans. If lines of one number contradict each other or one has a fault, all of them are left out and their member
// stays as before, because the remaining lines alone would remove a coverage span.
func (run *importRun) merge(ctx context.Context) error {
	defer run.holdDelayed()
	total, err := run.roster.store.takeRepeats(ctx)
	if err != nil || total == 0 {
		return err
	}
	run.repeats = int(total)
	var group []repeat
	var merged []stagedRow
	for after := int64(0); ; {
		page, err := run.roster.store.repeatsAfter(ctx, after, repeatPage)
		if err != nil {
			return err
		}
		for _, row := range page {
			if len(group) > 0 && string(group[0].NumberMAC) != string(row.NumberMAC) {
				if merged, err = run.mergeGroup(merged, group); err != nil {
					return err
				}
				group = group[:0]
			}
			group = append(group, row)
			after = row.N
		}
		if len(page) < repeatPage && len(group) > 0 {
			if merged, err = run.mergeGroup(merged, group); err != nil {
				return err
			}
		}
		if err := run.roster.store.copyStaging(ctx, merged); err != nil {
			return err
		}
		run.progress(PhaseMerging, after, total)
		if len(page) < repeatPage {
			return nil
		}
		merged = merged[:0]
	}
}

// mergeGroup appends the result for the lines of one number.
func (run *importRun) mergeGroup(rows []stagedRow, group []repeat) ([]stagedRow, error) {
	run.groups++
	run.again.add(group)
	if areSame(group) {
		run.same++
	}
	for _, row := range group {
		run.report.count(row.Kind, -1)
		run.tally(unpackMarks(row.Marks), -1)
	}
	group, err := run.leaveDependents(group)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(group, repeat.isRejected); i >= 0 {
		return run.rejectGroup(rows, group, "", func(int) string {
			return fmt.Sprintf("%s %d has the same member number, and a fault", run.source.unit(), group[i].Line)
		}), nil
	}
	var rec record
	spans := map[span]int{} // the first line of each
	winner := group[0]      // the most significant line: a decision or a change before "unchanged"
	wrong, against := column(""), 0
	for i, row := range group {
		next, err := run.openRepeat(row)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			rec = next
		} else if wrong == "" {
			wrong, against = contradiction(rec, next), row.Line
		}
		for _, s := range next.covers() {
			if _, isAgain := spans[s]; !isAgain {
				spans[s] = row.Line
			}
		}
		if rank(row.Kind) > rank(winner.Kind) {
			winner = row
		}
	}
	first := group[0].Line
	if wrong == "" {
		wrong, first, against = run.contradictorySpans(spans, first)
	}
	if wrong == "" && !rec.setCovers(inOrder(spans)) {
		wrong, against = colProgram, group[len(group)-1].Line
	}
	if wrong != "" {
		return run.rejectGroup(rows, group, wrong, func(line int) string {
			other := against
			if line == against {
				other = first
			}
			return fmt.Sprintf("contradicts %s %d, which has the same member number%s", run.source.unit(), other, run.source.sharing())
		}), nil
	}
	run.report.Merged += len(group) - 1
	content, mac := run.roster.encode(rec)
	if winner.KnownMAC != nil && (winner.Kind == lineChanged || winner.Kind == lineUnchanged) {
		winner.Kind = lineChanged
		if string(mac) == string(winner.KnownMAC) && !winner.KnownEnded {
			winner.Kind = lineUnchanged
		}
	}
	run.report.count(winner.Kind, 1)
	changes, err := run.mergedMarks(winner, rec)
	if err != nil {
		return nil, err
	}
	if winner.Kind == lineHeld {
		changes.gained |= ofStranger
	}
	run.tally(changes, 1)
	merged := stagedRow{line: winner.Line, kind: winner.Kind, id: winner.ID, newID: winner.NewID, numberMAC: winner.NumberMAC, contentMAC: mac, marks: changes}
	if merged.kind != lineUnchanged {
		run.sealIn(&merged, rec, content)
	}
	return append(rows, merged), nil
}

// rank orders the lines of one member: a line that is held or decided counts for all of them, and one that keeps the
// member outranks one that ends it.
func rank(kind int16) int {
	switch kind {
	case lineHeld:
		return 5
	case lineReplaced, lineRestored:
		return 4
	case lineChanged:
		return 3
	case lineUnchanged:
		return 2
	case lineStill:
		return 1
	}
	return 0
}

func (run *importRun) openRepeat(row repeat) (record, error) {
	owner := stagedRow{kind: row.Kind, id: row.ID, newID: row.NewID}.owner()
	rec, err := run.roster.unseal(owner, row.Sealed)
	if err != nil {
		return record{}, fmt.Errorf("merging: %w", err)
	}
	return rec, nil
}

// mergedMarks compares the merged lines of a member with the known data.
func (run *importRun) mergedMarks(winner repeat, rec record) (marks, error) {
	switch winner.Kind {
	case lineUnchanged:
		return marks{had: rec.has()}, nil
	case lineChanged, lineStill, lineEnded:
		before, err := run.roster.unseal(winner.ID, winner.KnownSealed)
		return marksOf(before, rec, run.today()).covered(winner.Kind, winner.KnownEnded, rec, run.today()), err
	}
	return marks{}, nil
}

// contradictorySpans finds two lines whose spans of one programme overlap and are not the same: an older one would undo an end, or move a
// begin back. first is returned if there are none. Without the column of ends nobody says when a span ends.
func (run *importRun) contradictorySpans(lines map[span]int, first int) (wrong column, one, other int) {
	if slices.Contains(run.missing, colCoverageEnd) {
		return "", first, 0
	}
	last := map[string]span{} // that ends last, by programme
	for _, s := range inOrder(lines) {
		before, isAgain := last[s.Program]
		switch {
		case isAgain && before.holds(s.Start) && lines[before] != lines[s]:
			wrong = colCoverageEnd
			if before.End == s.End {
				wrong = colCoverageStart
			}
			return wrong, lines[before], lines[s]
		case !isAgain || before.End.Before(s.End) || s.End.IsZero():
			last[s.Program] = s
		}
	}
	return "", first, 0
}

// inOrder returns the spans of some lines, the earliest first.
func inOrder(lines map[span]int) []span {
	return slices.SortedFunc(maps.Keys(lines), func(a, b span) int { return cmp.Or(byStart(a, b), cmp.Compare(lines[a], lines[b])) })
}

// contradiction returns the field in which two lines of one number differ.
func contradiction(a, b record) column {
	first, last, born := a.differs(b)
	switch {
	case first:
		return colFirstName
	case last:
		return colLastName
	case a.ownSuffix() != b.ownSuffix():
		return colSuffix
	case born:
		return colBirthDate
	}
	return ""
}

func (r repeat) isRejected() bool { return r.Kind == lineRejected }

// rejectGroup leaves out those lines that were not left out yet; why returns the problem of one line. It includes an
// unterminated last line, which can no longer be told from one that is cut off. A line that was listed as held stays so, but cannot be
// decided beside the others. Each of the lines may be another member's, who then does not end.
func (run *importRun) rejectGroup(rows []stagedRow, group []repeat, wrong column, why func(line int) string) []stagedRow {
	marks, decided := marks{gained: ofStranger}, run.options.decided()
	for _, row := range group {
		if slices.Contains(decided, row.Line) {
			unit, other := run.source.unit(), group[0].Line
			if other == row.Line {
				other = group[1].Line
			}
			run.waiting[row.Line] = fmt.Sprintf("%d has the number of %s %d as well, and contradicts it: leave one of the two out", row.Line, unit, other)
		}
		if row.Kind == lineHeld {
			run.report.count(lineHeld, 1)
			rows = append(rows, stagedRow{line: row.Line, kind: lineHeld, id: row.ID, numberMAC: row.NumberMAC, sealed: row.Sealed, marks: marks})
			continue
		}
		if !row.isRejected() {
			run.isCut = run.isCut || run.lastLine != nil && run.lastLine.position == row.Line
			run.rejected(LineError{row.Line, string(wrong), why(row.Line), run.source.unit()})
		}
		if row.Kind == lineReplaced || row.Kind == lineRestored {
			row.Sealed = nil // bound to the row that would have got the number
		}
		rows = append(rows, stagedRow{line: row.Line, kind: lineRejected, id: row.ID, numberMAC: row.NumberMAC, sealed: row.Sealed, marks: marks})
	}
	return rows
}
