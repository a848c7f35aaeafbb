package postgres

import "context"

// Batch is how many rows a statement for DeleteBatches may delete.
const Batch = 10_000

// DeleteBatches repeats a delete that takes at most Batch rows, "… limit 10000 for update skip locked", until it finds fewer, and
// returns how many went. Each batch commits on its own: row locks are short, and what was deleted stays so after an error.
func (db *DB) DeleteBatches(ctx context.Context, sql string, args ...any) (deleted int64, err error) {
	for {
		tag, err := db.From(ctx).Exec(ctx, sql, args...)
		deleted += tag.RowsAffected()
		if err != nil || tag.RowsAffected() < Batch {
			return deleted, err
		}
	}
}
