package mail

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"huskyidp/internal/jobs"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// Sender hands a mail to the mail server. Permanent errors have a method Permanent that returns true. Error texts are
// stored in table mails and must not quote the server.
type Sender interface {
	Send(ctx context.Context, o Outgoing) error
}

// Outgoing is a mail as Sender receives it.
type Outgoing struct {
	ID        uuid.UUID // determines the Message-ID
	To, Lang  string
	Subject   string
	Text      string
	HTML      string
	CreatedAt time.Time
}

// Deps are the dependencies of sending.
type Deps struct {
	DB       *postgres.DB // preferably the pool for background work
	Keyring  *seal.Keyring
	Sender   Sender
	Logger   *slog.Logger
	Now      func() time.Time
	Tried    func(outcome string) // counts attempts by outcome: sent, failed, expired, retried; may be nil
	Workers  int                  // default 10
	FirstTry time.Duration        // delay after the first failure, doubled up to LastTry; default 5 s
	LastTry  time.Duration        // default 1 h
}

// queue is separate from other jobs, so that a slow mail server delays nothing else.
const queue = "mail"

// finishAgain is the delay before recording a result is retried.
const finishAgain = 250 * time.Millisecond

// Work validates the dependencies and returns what jobs.New takes.
func Work(d Deps) (jobs.Work, error) {
	if d.DB == nil || d.Keyring == nil || d.Sender == nil || d.Logger == nil || d.Now == nil {
		return jobs.Work{}, errors.New("mail: sending needs DB, Keyring, Sender, Logger and Now")
	}
	d.Workers, d.FirstTry, d.LastTry = cmp.Or(d.Workers, 10), cmp.Or(d.FirstTry, 5*time.Second), cmp.Or(d.LastTry, time.Hour)
	return jobs.Work{
		Queues:  []string{queue, river.QueueDefault}, // earlier versions used the default queue
		Workers: d.Workers,
		Add:     func(w *river.Workers) error { return river.AddWorkerSafely(w, &sendWorker{deps: d}) },
	}, nil
}

// NextRetry doubles the delay from FirstTry up to LastTry, with 20 % jitter.
func (w *sendWorker) NextRetry(job *river.Job[sendArgs]) time.Time {
	wait := w.deps.LastTry
	if doublings := len(job.Errors); doublings < 20 {
		wait = min(w.deps.LastTry, w.deps.FirstTry<<doublings)
	}
	return time.Now().Add(time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64())))
}

type sendWorker struct {
	river.WorkerDefaults[sendArgs]
	deps Deps
}

type queued struct {
	State     string
	Sealed    []byte
	CreatedAt time.Time
	NotAfter  *time.Time
}

// Work sends one mail. If the row is gone or done, an earlier attempt succeeded after all.
func (w *sendWorker) Work(ctx context.Context, job *river.Job[sendArgs]) error {
	id := job.Args.MailID
	rows, err := w.deps.DB.From(ctx).Query(ctx, `select state, sealed, created_at, not_after from mails where id = $1`, id)
	if err != nil {
		return err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[queued])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	now := w.deps.Now()
	switch {
	case row.State != "queued":
		return nil
	case row.NotAfter != nil && now.After(*row.NotAfter):
		return w.finish(ctx, job, "expired", "")
	}
	plain, err := w.deps.Keyring.Open(seal.Queue, place(id), row.Sealed)
	if err != nil {
		return w.failed(ctx, job, errSealed)
	}
	var b body
	if err := json.Unmarshal(plain, &b); err != nil {
		return w.failed(ctx, job, errSealed)
	}
	err = w.deps.Sender.Send(ctx, Outgoing{
		ID: id, To: b.To, Lang: b.Lang, Subject: b.Content.Subject, Text: b.Content.Text, HTML: b.Content.HTML, CreatedAt: row.CreatedAt,
	})
	if err != nil {
		return w.failed(ctx, job, err)
	}
	return w.finish(ctx, job, "sent", "")
}

var errSealed = permanentError("the sealed body does not open")

type permanentError string

func (e permanentError) Error() string   { return string(e) }
func (e permanentError) Permanent() bool { return true }

// failed records the failure and either gives up or leaves the job for a retry.
func (w *sendWorker) failed(ctx context.Context, job *river.Job[sendArgs], cause error) error {
	permanent, ok := errors.AsType[interface {
		error
		Permanent() bool
	}](cause)
	if ok && permanent.Permanent() || job.Attempt >= job.MaxAttempts {
		w.deps.Logger.LogAttrs(ctx, slog.LevelWarn, "mail failed",
			slog.String("mail_id", job.Args.MailID.String()), slog.Int("attempts", job.Attempt), slog.String("error", cause.Error()))
		return w.finish(ctx, job, "failed", cause.Error())
	}
	w.tried("retried")
	noted := context.WithoutCancel(ctx) // even if sending has timed out
	_, err := w.deps.DB.From(noted).Exec(noted, `update mails set attempts = $2, last_error = $3 where id = $1 and state = 'queued'`,
		job.Args.MailID, job.Attempt, cause.Error())
	return errors.Join(cause, err)
}

// finish records the result and clears the body; River completes the job afterwards. It is a single statement because a
// process killed between the server's reply and this row sends the mail twice. While the database is unavailable it
// retries until the job times out.
func (w *sendWorker) finish(ctx context.Context, job *river.Job[sendArgs], state, lastError string) error {
	for {
		_, err := w.deps.DB.From(ctx).Exec(context.WithoutCancel(ctx), `
			update mails set state = $2, sealed = null, attempts = $3, last_error = $4, done_at = $5
			where id = $1 and state = 'queued'`,
			job.Args.MailID, state, job.Attempt, lastError, w.deps.Now())
		if err == nil {
			w.tried(state)
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(finishAgain):
		}
	}
}

func (w *sendWorker) tried(outcome string) {
	if w.deps.Tried != nil {
		w.deps.Tried(outcome)
	}
}
