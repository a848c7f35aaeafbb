package members

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// addOthers counts the loops of other insurance lines of an entry.
func (r *Report) addOthers(e *entry) {
	for _, line := range e.others {
		if r.OtherLines == nil {
			r.OtherLines = map[string]int{}
		}
		r.OtherLines[line]++
	}
	r.OtherNamed += e.otherNamed
}

// noteOthers names the members of a full file who have coverage of other insurance lines alone. They stay as before.
func (run *importRun) noteOthers(ctx context.Context) error {
	if len(run.report.OtherLines) == 0 || run.isEmpty {
		return nil
	}
	return run.roster.store.onlyOthers(ctx, func(line int) {
		run.report.count(lineUnchanged, 1)
		run.note(LineError{line, "", "has coverage of other insurance lines only: the member stays as before", run.source.unit()})
	})
}

// onlyOthers passes on the first line of each active member whose lines are all lineOther.
func (s store) onlyOthers(ctx context.Context, each func(line int)) error {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT min(s.line) AS first FROM roster_staging s JOIN members m ON m.id = s.id
		WHERE m.ended_at IS NULL GROUP BY s.id HAVING bool_and(s.kind = $1) ORDER BY first`, lineOther)
	if err != nil {
		return fmt.Errorf("reading members of other insurance lines: %w", err)
	}
	var line int
	_, err = pgx.ForEachRow(rows, []any{&line}, func() error {
		each(line)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading members of other insurance lines: %w", err)
	}
	return nil
}
