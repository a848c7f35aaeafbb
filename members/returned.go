package members

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// TwiceError reports that nearly all members have the same line twice: a file was pasted below another, whose older lines bring
// back what has ended since.
type TwiceError struct{ Twice, Members int }

func (e *TwiceError) Error() string {
	return fmt.Sprintf("%d of %d members have the same line twice; was one file put below another? Nothing was changed", e.Twice, e.Members)
}

// twicePercent is the share of members from which a file consists of two.
const twicePercent = 80

// twice finds a file that consists of two.
func (run *importRun) twice() []error {
	if people := run.staged - run.repeats + run.groups; run.same >= doubtLeast && run.same*100 >= people*twicePercent {
		return []error{&TwiceError{run.same, people}}
	}
	return nil
}

// areSame reports whether all lines of a member say the same.
func areSame(group []repeat) bool {
	for _, row := range group[1:] {
		if row.isRejected() || string(row.ContentMAC) != string(group[0].ContentMAC) {
			return false
		}
	}
	return len(group) > 1 && !group[0].isRejected()
}

// countReturned counts the members who had ended and are on the roster again, and passes their numbers to Returning.
func (run *importRun) countReturned(ctx context.Context) error {
	return run.roster.store.returned(ctx, func(id uuid.UUID, sealed []byte) error {
		run.report.Returned++
		if run.options.Returning == nil {
			return nil
		}
		rec, err := run.roster.unseal(id, sealed)
		run.options.Returning(rec.MemberNumber)
		return err
	})
}

// returned passes on the staged changes of members who have ended, in the order of their lines.
func (s store) returned(ctx context.Context, each func(id uuid.UUID, sealed []byte) error) error {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT s.id, s.sealed FROM roster_staging s JOIN members m ON m.id = s.id
		WHERE s.kind = $1 AND m.ended_at IS NOT NULL ORDER BY s.line`, lineChanged)
	if err != nil {
		return fmt.Errorf("reading members who come back: %w", err)
	}
	var id uuid.UUID
	var sealed []byte
	if _, err = pgx.ForEachRow(rows, []any{&id, &sealed}, func() error { return each(id, sealed) }); err != nil {
		return fmt.Errorf("reading members who come back: %w", err)
	}
	return nil
}
