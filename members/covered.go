package members

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// nameCovered passes on whose coverage of today the staged lines take, and who is covered by them and is not today.
func (run *importRun) nameCovered(ctx context.Context) error {
	for _, kind := range []struct {
		mark marks
		pass func(number string)
	}{{marks{cleared: lapses}, run.options.Lapsing}, {marks{changed: regains}, run.options.Regaining}} {
		if kind.pass == nil {
			continue
		}
		err := run.roster.store.marked(ctx, kind.mark, func(id uuid.UUID, sealed []byte) error {
			rec, err := run.roster.unseal(id, sealed)
			kind.pass(rec.MemberNumber)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// marked passes on the staged changes with a mark, in the order of their lines.
func (s store) marked(ctx context.Context, mark marks, each func(id uuid.UUID, sealed []byte) error) error {
	rows, err := s.db.From(ctx).Query(ctx, `SELECT id, sealed FROM roster_staging WHERE kind = $1 AND marks & $2 <> 0 ORDER BY line`, lineChanged, mark.pack())
	if err != nil {
		return fmt.Errorf("reading changes of coverage: %w", err)
	}
	var id uuid.UUID
	var sealed []byte
	if _, err = pgx.ForEachRow(rows, []any{&id, &sealed}, func() error { return each(id, sealed) }); err != nil {
		return fmt.Errorf("reading changes of coverage: %w", err)
	}
	return nil
}
