// Package jobs works the job queue: one River client a process, which knows every kind of job.
//
//	mail.Work, recovery.Work, provider.LogoutWork ──> New ──> Runner: Start … Stop
//
// The processes elect one leader among them, whose client takes up again what a dead worker
// left. A client that does not know a job's kind discards it instead, without a word: two
// clients on one table would lose each other's jobs. So there is one, and each package gives
// it a queue of its own, with as many workers as may be busy at once.
//
// A job of a dead worker runs again within 120 s: rescueAfter, River's 30 s between
// looks, and some seconds for another leader.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"huskyidp/internal/postgres"
)

const (
	jobTimeout  = 30 * time.Second
	rescueAfter = 60 * time.Second // must be longer than jobTimeout: what runs still is nobody's to take
)

// Work is what a package has done in the background.
type Work struct {
	Queues  []string // that hold its jobs
	Workers int      // busy at once, for each queue
	Add     func(*river.Workers) error
}

// Runner works the queues.
type Runner struct{ client *river.Client[pgx.Tx] }

// New makes the runner of a process; db is the pool for background work, with at least four connections: one listens for new
// jobs all the time, unless a pooler stands between: then it looks every second. River's own warnings go to the logger.
func New(db *postgres.DB, logger *slog.Logger, all ...Work) (*Runner, error) {
	workers, queues := river.NewWorkers(), map[string]river.QueueConfig{}
	var err error
	for _, w := range all {
		err = errors.Join(err, w.Add(workers))
		for _, name := range w.Queues {
			queues[name] = river.QueueConfig{MaxWorkers: w.Workers}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		Queues: queues, Workers: workers, Logger: slog.New(warnings{logger.Handler()}),
		FetchCooldown: 20 * time.Millisecond, JobTimeout: jobTimeout, RescueStuckJobsAfter: rescueAfter,
		PollOnly:          db.Pooled(),           // what is listened for does not come through a pooler
		ReindexerSchedule: river.NeverSchedule(), // only an owner of the tables may
	})
	if err != nil {
		return nil, fmt.Errorf("opening the job queue: %w", err)
	}
	return &Runner{client}, nil
}

// Start works until Stop; ending ctx gives up what is under way.
func (r *Runner) Start(ctx context.Context) error { return r.client.Start(ctx) }

// Stop takes no new job and waits for those under way, at most as long as ctx lives.
func (r *Runner) Stop(ctx context.Context) error { return r.client.Stop(ctx) }

// warnings keeps River's account of each job out of the log, and what went wrong in it.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{h.Handler.WithAttrs(attrs)}
}

func (h warnings) WithGroup(name string) slog.Handler { return warnings{h.Handler.WithGroup(name)} }
