package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// Message is a mail to one address.
type Message struct {
	Kind      string // template name: "verify", "welcome", …
	To        string // a parsed address
	Lang      string
	AccountID uuid.UUID // whose mail it is, for support; may be zero
	Content   templates.Mail
	NotAfter  time.Time // zero: never expires
}

// body is the sealed part of a row.
type body struct {
	To      string
	Lang    string
	Content templates.Mail
}

// sendArgs are the arguments of the River job: only the row's ID.
type sendArgs struct {
	MailID uuid.UUID `json:"mail_id"`
}

func (sendArgs) Kind() string { return "mail_send" }

// maxAttempts covers about three days: ten attempts in the first hour and a half, then one per hour, as NextRetry spaces them.
const maxAttempts = 80

// Outbox queues mails. It is safe for concurrent use.
type Outbox struct {
	db      *postgres.DB
	keyring *seal.Keyring
	now     func() time.Time
	jobs    *river.Client[pgx.Tx]
}

// NewOutbox returns the outbox stored in db.
func NewOutbox(db *postgres.DB, keyring *seal.Keyring, now func() time.Time) (*Outbox, error) {
	if db == nil || keyring == nil || now == nil {
		return nil, errors.New("mail: the outbox needs a database, a keyring and a clock")
	}
	jobs, err := river.NewClient(riverpgxv5.New(nil), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("opening the job queue: %w", err)
	}
	return &Outbox{db, keyring, now, jobs}, nil
}

func place(id uuid.UUID) seal.Place {
	return seal.Place{Table: "mails", Column: "sealed", Row: id.String()}
}

// Enqueue queues the message within the transaction of ctx, or in one of its own, in one round trip.
func (o *Outbox) Enqueue(ctx context.Context, m Message) error {
	return o.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		if err := o.Queue(ctx, b, m); err != nil {
			return err
		}
		if err := o.db.Finish(ctx, b); err != nil {
			return fmt.Errorf("queueing mail %s: %w", m.Kind, err)
		}
		return nil
	})
}

// Left returns when the last mail of these kinds to an account, enqueued since an instant, was given to the mail server, zero if none was.
// waits reports that one is still queued.
func (o *Outbox) Left(ctx context.Context, account uuid.UUID, since time.Time, kinds []string) (left time.Time, waits bool, err error) {
	var at *time.Time
	err = o.db.From(ctx).QueryRow(ctx, `
		select max(done_at) filter (where state = 'sent'), coalesce(bool_or(state = 'queued'), false)
		from mails where account_id = $1 and kind = any($2) and created_at >= $3`, account, kinds, since).Scan(&at, &waits)
	if err != nil {
		return left, false, fmt.Errorf("reading when a notice left: %w", err)
	}
	return postgres.Value(at), waits, nil
}

// Queue is Enqueue for a batch that is sent later in the transaction of ctx, which must exist.
func (o *Outbox) Queue(ctx context.Context, b *pgx.Batch, m Message) error {
	if m.Kind == "" || m.To == "" || m.Content.Subject == "" || m.Content.Text == "" {
		return errors.New("mail: a message needs a kind, a recipient, a subject and a text")
	}
	plain, err := json.Marshal(body{m.To, m.Lang, m.Content})
	if err != nil {
		return err
	}
	id := uuid.Must(uuid.NewV7())
	b.Queue(`
		insert into mails (id, kind, account_id, state, sealed, created_at, not_after)
		values (@id, @kind, @account_id, 'queued', @sealed, @now, @not_after)`,
		pgx.NamedArgs{
			"id": id, "kind": m.Kind, "account_id": postgres.Nullable(m.AccountID), "sealed": o.keyring.Seal(seal.Queue, place(id), plain),
			"now": o.now(), "not_after": postgres.Nullable(m.NotAfter),
		})
	_, err = o.jobs.InsertManyFastTx(ctx, &batched{o.db.Tx(ctx), b}, jobsOf(id))
	if err != nil {
		return fmt.Errorf("queueing mail %s: %w", m.Kind, err)
	}
	return nil
}

// jobsOf returns the jobs that send mails.
func jobsOf(ids ...uuid.UUID) []river.InsertManyParams {
	params := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		params[i] = river.InsertManyParams{Args: sendArgs{id}, InsertOpts: &river.InsertOpts{Queue: queue, MaxAttempts: maxAttempts}}
	}
	return params
}

// lost is the age at which a queued mail without a job is considered lost.
const lost = 2 * time.Minute

// Requeue gives every queued mail without a job a new one: River discards jobs for reasons of its own, while a mail may
// be given up only by its worker. Runs on one instance at a time; at most 1,000 mails.
func (o *Outbox) Requeue(ctx context.Context) error {
	return o.db.InTx(ctx, func(ctx context.Context) error {
		rows, err := o.db.From(ctx).Query(ctx, `
			with alone as materialized (select pg_try_advisory_xact_lock(hashtext('mail requeue')) as yes),
			live as (select args->>'mail_id' as id from river_job where kind = @kind and state in ('available', 'pending', 'retryable', 'running', 'scheduled'))
			select m.id from mails m, alone where alone.yes and m.state = 'queued' and m.created_at < @before
				and not exists (select from live where live.id = m.id::text)
			order by m.created_at limit 1000`, pgx.NamedArgs{"kind": sendArgs{}.Kind(), "before": o.now().Add(-lost)})
		if err != nil {
			return fmt.Errorf("looking for mails without a job: %w", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := o.jobs.InsertManyFastTx(ctx, o.db.Tx(ctx), jobsOf(ids...)); err != nil {
			return fmt.Errorf("requeueing mails: %w", err)
		}
		return nil
	})
}

// Delivery is the state of a mail, for support.
type Delivery struct {
	Kind      string
	State     string // queued, sent, failed or expired
	Attempts  int
	LastError string
	CreatedAt time.Time
	DoneAt    *time.Time
}

// Deliveries returns the newest mails of an account, at most limit.
func (o *Outbox) Deliveries(ctx context.Context, accountID uuid.UUID, limit int) ([]Delivery, error) {
	rows, err := o.db.From(ctx).Query(ctx, `
		select kind, state, attempts, last_error, created_at, done_at
		from mails where account_id = $1 order by id desc limit $2`, accountID, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Delivery])
}

// Sweep deletes mails completed 30 days ago.
func (o *Outbox) Sweep(ctx context.Context, now time.Time) (int64, error) {
	return o.db.DeleteBatches(ctx, `
		delete from mails where id in (
			select id from mails where done_at < $1 limit 10000 for update skip locked)`, now.AddDate(0, 0, -30))
}
