// Package jobs works the job queue: one River client a process, which knows every kind of job.
//
//	mail.Work, recovery.Work, provider.LogoutWork ──> New ──> Runner: Start … Stop
//
// The processes elect a leader, whose client restarts the jobs of dead workers. A client silently discards jobs whose kind
// it does not know, so two clients on one table would lose each other's jobs. Hence there is one client per process, in
// which each package has its own queue and number of workers.
//
// A dead worker's job restarts within 120 s: rescueAfter, plus River's interval of 30 s, plus some seconds to elect
// another leader.
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
	rescueAfter = 60 * time.Second // must exceed jobTimeout: a job still running must not be taken over
	pollEvery   = 2 * time.Second  // for lost notifications, and for retries that are due within seconds, which have none
)

// Work describes the background jobs of a package.
type Work struct {
	Queues  []string // that hold the package's jobs
	Workers int      // concurrent jobs per queue
	Add     func(*river.Workers) error
}

// Runner works all queues of a process.
type Runner struct{ client *river.Client[pgx.Tx] }

// New returns the runner of a process. db is the pool for background work and needs at least four connections: one
// listens for new jobs, unless there is a pooler, in which case the runner polls every second. River's own warnings go
// to logger.
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
	poll := pollEvery
	if db.Pooled() {
		poll = time.Second
	}
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		Queues: queues, Workers: workers, Logger: slog.New(warnings{logger.Handler()}),
		FetchCooldown: 20 * time.Millisecond, FetchPollInterval: poll, JobTimeout: jobTimeout, RescueStuckJobsAfter: rescueAfter,
		PollOnly:          db.Pooled(),           // notifications do not pass through a pooler
		ReindexerSchedule: river.NeverSchedule(), // only the owner of the tables may
	})
	if err != nil {
		return nil, fmt.Errorf("opening the job queue: %w", err)
	}
	return &Runner{client}, nil
}

// Start works until Stop; cancelling ctx abandons running jobs.
func (r *Runner) Start(ctx context.Context) error { return r.client.Start(ctx) }

// Stop takes no new jobs and waits for running ones, at most as long as ctx lives.
func (r *Runner) Stop(ctx context.Context) error { return r.client.Stop(ctx) }

// warnings drops River's messages about individual jobs and keeps its warnings.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{h.Handler.WithAttrs(attrs)}
}

func (h warnings) WithGroup(name string) slog.Handler { return warnings{h.Handler.WithGroup(name)} }
