package audit

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/postgres"
)

// Event is one thing that happened. Kind and At are required; other fields are empty where they do not apply.
type Event struct {
	Kind      Kind
	At        time.Time
	AccountID string // UUID of the member's account
	ClientID  string // OAuth client
	SessionID string // sid
	Subject   string // who it is about if there is no account: a random ID or a keyed digest
	Actor     string // staff member or program; "" means the member
	RequestID string // as in the access log
	Success   bool
	Reason    string            // why it failed, from a fixed vocabulary
	Data      map[string]string // further fixed words and IDs
}

// App returns the name of the app in a language, as it was then.
func (e Event) App(lang string) string { return cmp.Or(e.Data["app#"+lang], e.Data["app"]) }

// Log writes events. It is safe for concurrent use.
type Log struct {
	db    *postgres.DB
	tell  func(ctx context.Context, alert string, e Event) // nil: no alerts
	count func(Event)                                      // nil: not counted
}

// New returns the log in db.
func New(db *postgres.DB) *Log { return &Log{db: db} }

// insert also puts the ID where the sealer finds it, in the same statement. Its arguments are numbered: pgx reads the
// whole statement each time to find named ones.
const insert = `
with written as (
	insert into audit_events (id, at, kind, account_id, client_id, session_id, subject, actor, request_id, success, reason, data)
	values ($1, $2, $3, nullif($4, '')::uuid, $5, $6, $7, $8, $9, $10, $11, $12)
	returning id
)
insert into audit_unsealed (event_id) select id from written`

// Record writes the events in one round trip, within the transaction of ctx if there is one.
func (l *Log) Record(ctx context.Context, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	l.Queue(ctx, b, events...)
	if err := l.db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("recording %s: %w", events[0].Kind, err)
	}
	return nil
}

// Queue adds the events to a batch, one statement each. The database rejects an event without a kind or an instant, or
// with an account ID that is not a UUID; the batch then fails.
func (l *Log) Queue(ctx context.Context, b *pgx.Batch, events ...Event) {
	for _, e := range events {
		if name := e.alert(); name != "" && l.tell != nil {
			l.tell(ctx, name, e)
		}
		if e.Data == nil {
			e.Data = map[string]string{}
		}
		queued := b.Queue(insert, uuid.Must(uuid.NewV7()), e.At, e.Kind, e.AccountID, e.ClientID,
			e.SessionID, e.Subject, e.Actor, e.RequestID, e.Success, e.Reason, e.Data)
		if l.count != nil {
			queued.Exec(func(pgconn.CommandTag) error { l.count(e); return nil })
		}
	}
}

// History returns the newest events of an account, at most limit.
func (l *Log) History(ctx context.Context, accountID uuid.UUID, limit int) ([]Event, error) {
	rows, err := l.db.From(ctx).Query(ctx, `
		select `+columns+` from audit_events e where account_id = $1 order by at desc, id desc limit $2`, accountID, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Event, err error) {
		return e, row.Scan(e.targets()...)
	})
}

const columns = `e.kind, e.at, coalesce(e.account_id::text, ''), e.client_id, e.session_id, e.subject, e.actor, e.request_id, e.success, e.reason, e.data`

func (e *Event) targets() []any {
	return []any{&e.Kind, &e.At, &e.AccountID, &e.ClientID, &e.SessionID, &e.Subject, &e.Actor, &e.RequestID, &e.Success, &e.Reason, &e.Data}
}
