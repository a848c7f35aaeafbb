package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"huskyidp/internal/postgres"
)

const (
	commitNotice = 2 * time.Second  // a command that has waited this long for a commit says so
	commitWait   = 30 * time.Second // and ends after this long
)

var errNoCommit = errors.New("no commit ends: the primary waits for a synchronous standby (pg_stat_replication shows which are there). " +
	"What this command wrote may be kept: look before you run it again")

// watchCommits cancels a command whose commit waits longer than the limit, after saying so on out. For commands that
// take longer than a moment it opens its own connection.
func watchCommits(ctx context.Context, o postgres.Options, limit time.Duration, out io.Writer, end context.CancelCauseFunc) {
	var db *postgres.DB
	var waits postgres.Waits
	reported := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(commitNotice / 2):
		}
		if db == nil {
			var err error
			if db, err = postgres.Open(ctx, o); err != nil {
				return // the command reports it
			}
			defer db.Close()
		}
		switch waited, err := waits.Longest(ctx, db); {
		case err != nil: // the next time, or the command fails by itself
		case waited >= limit:
			end(errNoCommit)
			return
		case waited >= commitNotice && !reported:
			reported = true
			fmt.Fprintf(out, "A commit waits for a synchronous standby, which does not answer. This ends in %s; the standby's return ends it sooner.\n",
				(limit - waited).Round(time.Second))
		}
	}
}
