package members

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// givenBirth is how many members are given one birth date, other than each had, until it counts as what a program writes where it
// has none: with one more for each thousand birth dates that the file changes, which meet by chance. Twins may be put right.
const givenBirth = 3

// maxBorn bounds the memory for birth dates that a file changes: one that changes more is refused (doubtLimit).
const maxBorn = 50_000

const (
	givenBirthProblem = "has a new birth date, and other lines give the same to people who had others: held. Was a date filled in where there was none?"
	exchangedProblem  = "has the birth date, last name or suffix of another line's member, and that line this one's: held. Have two cells changed places?"
)

// bornChange is a line that changes its member's birth date.
type bornChange struct {
	line    int
	member  uuid.UUID
	was, is Date
	isHeld  bool // for what it shares with the lines above
}

// lastChange is an entry that changes its member's last name, with what the entry omits.
type lastChange struct {
	entry   *entry
	was, is identity
}

// markOthersData marks the entries of a chunk whose new birth date many in the file are given, or whose birth date or name changed places
// with that of somebody anywhere above, or whose last name did with that of somebody in the chunk, whatever else changed. Those above are
// settled later (settleOthers). Of people who changed places as a whole the numbers were swapped (claim.go).
func (run *importRun) markOthersData(chunk []entry, known map[string]knownRow, former map[uuid.UUID]record) {
	lasts, entries := map[[2]string][]lastChange{}, map[int]*entry{}
	renamed, from := [2]map[int]*entry{{}, {}}, [2]int{len(run.renamed[0]), len(run.renamed[1])}
	for i := range chunk {
		e := &chunk[i]
		row, before, isSound := soundChange(e, known, former)
		if !isSound {
			continue
		}
		rec := e.becomes(before)
		if rec.isNamed(before) {
			continue
		}
		if kind, at, isAdded := run.renamed.add(e, row.ID, before, rec); isAdded {
			renamed[kind][at] = e
		}
		was, is := before.identity(), rec.identity()
		if is.born != was.born && len(run.born) < maxBorn {
			entries[len(run.born)] = e
			run.born = append(run.born, bornChange{e.position, row.ID, was.born, is.born, false})
		}
		if is.last != was.last {
			lasts[[2]string{was.last, is.last}] = append(lasts[[2]string{was.last, is.last}], lastChange{e, was, is})
		}
	}
	if len(entries) > 0 {
		for i, problem := range bornDoubts(run.born) {
			if e := entries[i]; e != nil {
				e.bornDoubt, run.born[i].isHeld = problem, true
			}
		}
	}
	for kind, changes := range run.renamed {
		above, inChunk := ringed(changes), ringed(changes[from[kind]:])
		for at, e := range renamed[kind] {
			if above[at] || inChunk[at-from[kind]] {
				e.nameDoubt, changes[at].isHeld = renamedProblem, true
			}
		}
	}
	for change, people := range lasts {
		for _, n := range people {
			if n.isExchanged(lasts[[2]string{change[1], change[0]}]) {
				n.entry.nameDoubt = exchangedProblem
			}
		}
	}
}

// bornDoubts says which new birth dates are hardly their members', by index.
func bornDoubts(changes []bornChange) map[int]string {
	given, exchanged, doubts := map[Date][]int{}, map[[2]Date][]int{}, map[int]string{}
	for i, c := range changes {
		given[c.is] = append(given[c.is], i)
		exchanged[[2]Date{c.was, c.is}] = append(exchanged[[2]Date{c.was, c.is}], i)
	}
	for _, people := range given {
		members, isOther := map[uuid.UUID]bool{}, false
		for _, i := range people {
			members[changes[i].member] = true
			isOther = isOther || changes[i].was != changes[people[0]].was // else they were born on one day
		}
		for _, i := range people {
			if len(members) >= givenBirth+len(changes)/1000 && isOther {
				doubts[i] = givenBirthProblem
			}
		}
	}
	for i, c := range changes {
		if slices.ContainsFunc(exchanged[[2]Date{c.is, c.was}], func(j int) bool { return changes[j].member != c.member }) {
			doubts[i] = exchangedProblem
		}
	}
	return doubts
}

// isExchanged reports whether one of those who changed the other way round is not the person that n became.
func (n lastChange) isExchanged(others []lastChange) bool {
	return slices.ContainsFunc(others, func(o lastChange) bool { return o.is != n.was || n.is != o.was })
}

// lateDoubts returns the lines that were taken before others showed that their names or birth dates are hardly their members', by member.
func (run *importRun) lateDoubts() map[uuid.UUID]string {
	late := map[uuid.UUID]string{}
	if run.options.AllowDoubtful {
		return late
	}
	listed := map[int]bool{} // for another reason
	for _, line := range run.listed {
		listed[line] = true
	}
	for i, problem := range bornDoubts(run.born) {
		if !run.born[i].isHeld && !listed[run.born[i].line] {
			late[run.born[i].member] = problem
		}
	}
	for _, changes := range run.renamed {
		for i := range ringed(changes) {
			if !changes[i].isHeld && !listed[changes[i].line] {
				late[changes[i].member] = renamedProblem
			}
		}
	}
	run.lateDense(late, listed)
	return late
}

// settleOthers holds those lines of a full file.
func (run *importRun) settleOthers(ctx context.Context) error {
	late, coverage := run.lateDoubts(), run.lateCoverage()
	if len(late)+len(coverage) == 0 {
		return nil
	}
	changed, err := run.roster.store.stagedChanges(ctx, slices.Concat(slices.Collect(maps.Keys(late)), slices.Collect(maps.Keys(coverage))))
	if err != nil {
		return err
	}
	var rows []stagedRow
	for _, row := range changed {
		problem := ""
		if row.marks.changed&(identityMarks|hasSuffix) != 0 {
			problem = late[row.id]
		}
		if problem == "" && row.marks.changed&^(identityMarks|hasSuffix|regains) != 0 {
			problem = coverage[row.id]
		}
		if problem == "" {
			continue
		}
		run.hold(heldLine{LineError{row.line, string(colNumber), problem, run.source.unit()}, row.id, nil, row.contentMAC, false})
		if slices.Contains(run.options.OtherPerson, row.line) {
			run.waiting[row.line] = fmt.Sprintf("%d changes its member's name, birth date or coverage: decide that it is a correction, or leave it out", row.line)
		}
		if slices.Contains(run.options.SamePerson, row.line) {
			continue
		}
		run.unlikely++
		run.tally(row.marks, -1)
		run.report.count(lineChanged, -1)
		run.report.count(lineHeld, 1)
		rows = append(rows, stagedRow{line: row.line, kind: lineHeld, id: row.id})
	}
	return run.roster.store.restage(ctx, lineChanged, rows)
}

// LateError reports a change file whose lines give people a name or birth date that is hardly theirs, as later lines show. They were taken
// before.
type LateError struct{ Lines []int }

func (e *LateError) Error() string {
	return fmt.Sprintf("members whose loops begin in segments %s exchange names or birth dates with others much further below, are given the same birth date as those, or change as many of those do: "+
		"have two changed places, or was a date filled in where there was none? Nothing was changed", strings.Trim(fmt.Sprint(e.Lines), "[]"))
}

// late finds such lines in a change file.
func (run *importRun) late() []error {
	late := run.lateDoubts()
	if !run.source.isChange() || len(late) == 0 {
		return nil
	}
	e := &LateError{}
	for _, c := range run.born {
		if late[c.member] != "" && !c.isHeld {
			e.Lines = append(e.Lines, c.line)
		}
	}
	for _, changes := range run.renamed {
		for _, c := range changes {
			if late[c.member] != "" && !c.isHeld && !slices.Contains(e.Lines, c.line) {
				e.Lines = append(e.Lines, c.line)
			}
		}
	}
	for _, changes := range run.persons.changes {
		for _, c := range changes {
			if late[c.member] != "" && !c.isHeld && !slices.Contains(e.Lines, c.line) {
				e.Lines = append(e.Lines, c.line)
			}
		}
	}
	return []error{e}
}

// stagedChanges returns the staged rows that change data of some members, in the order of their lines.
func (s store) stagedChanges(ctx context.Context, members []uuid.UUID) (found []stagedRow, err error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT line, id, content_mac, marks FROM roster_staging WHERE id = ANY($1) AND kind = $2 ORDER BY line`, members, lineChanged)
	if err != nil {
		return nil, fmt.Errorf("reading changes: %w", err)
	}
	var row stagedRow
	var packed int32
	_, err = pgx.ForEachRow(rows, []any{&row.line, &row.id, &row.contentMAC, &packed}, func() error {
		row.marks = unpackMarks(packed)
		found = append(found, row)
		row.contentMAC = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading changes: %w", err)
	}
	return found, nil
}
