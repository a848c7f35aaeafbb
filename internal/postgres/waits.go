package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Waits observes what the sessions of one name (Options.Name) wait for.
type Waits struct{ since map[commit]time.Time }

type commit struct {
	PID   int32
	Began time.Time
}

// Longest returns how long one of the other sessions of the same name and role has waited for a synchronous standby to
// confirm its commit, as seen by the calls so far. No timeout of PostgreSQL's ends that wait.
func (w *Waits) Longest(ctx context.Context, db *DB) (longest time.Duration, err error) {
	rows, err := db.From(ctx).Query(ctx, `
		select pid, coalesce(state_change, backend_start) from pg_stat_activity
		where wait_event = 'SyncRep' and application_name = current_setting('application_name') and usename = current_user and pid <> pg_backend_pid()`)
	if err != nil {
		return 0, err
	}
	waiting, err := pgx.CollectRows(rows, pgx.RowToStructByPos[commit])
	if err != nil {
		return 0, err
	}
	before := w.since
	w.since = map[commit]time.Time{}
	for _, c := range waiting {
		since, known := before[c]
		if !known {
			since = time.Now()
		}
		w.since[c] = since
		longest = max(longest, time.Since(since))
	}
	return longest, nil
}
