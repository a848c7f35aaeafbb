package members

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// nameCovered passes on whose coverage of today the staged lines take, who is covered by them and is not today, and whom they end.
func (run *importRun) nameCovered(ctx context.Context) error {
	for _, of := range []struct {
		kind int16
		mark marks // the zero value: any
		pass func(number string)
	}{{lineChanged, marks{cleared: lapses}, run.options.Lapsing}, {lineChanged, marks{changed: regains}, run.options.Regaining}, {lineEnded, marks{}, run.options.Ended}} {
		if of.pass == nil {
			continue
		}
		err := run.roster.store.marked(ctx, of.kind, of.mark, func(id uuid.UUID, sealed []byte) error {
			rec, err := run.roster.unseal(id, sealed)
			of.pass(rec.MemberNumber)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// marked passes on the staged lines of a kind that have a mark, in their order.
func (s store) marked(ctx context.Context, kind int16, mark marks, each func(id uuid.UUID, sealed []byte) error) error {
	rows, err := s.db.From(ctx).Query(ctx, `SELECT id, sealed FROM roster_staging WHERE kind = $1 AND (marks & $2 <> 0 OR $2 = 0) ORDER BY line`, kind, mark.pack())
	if err != nil {
		return fmt.Errorf("reading changes of coverage and ends: %w", err)
	}
	var id uuid.UUID
	var sealed []byte
	if _, err = pgx.ForEachRow(rows, []any{&id, &sealed}, func() error { return each(id, sealed) }); err != nil {
		return fmt.Errorf("reading changes of coverage and ends: %w", err)
	}
	return nil
}
