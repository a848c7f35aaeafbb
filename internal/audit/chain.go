package audit

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// Chain seals the rows that Log writes, after they were written and independently of the requests that wrote them
// (S-72).
type Chain struct {
	db      *postgres.DB
	keyring *seal.Keyring
	now     func() time.Time
}

// NewChain returns the chain over the log in db.
func NewChain(db *postgres.DB, keyring *seal.Keyring, now func() time.Time) *Chain {
	return &Chain{db, keyring, now}
}

const (
	sealBatch = 1000
	chainLock = 7_202_601 // held by the one instance that seals
)

// link is one row of the chain.
type link struct {
	Position int64
	Event    uuid.UUID
	Seal     []byte
}

// Seal appends all waiting rows to the chain and returns their number. If another instance is sealing, it does nothing.
// Rows are chained in the order in which they are sealed: those that commit late are sealed late.
func (c *Chain) Seal(ctx context.Context) (sealed int, err error) {
	var waiting bool // asked first, so that a quiet service does not begin a transaction every few seconds
	if err := c.db.From(ctx).QueryRow(ctx, `select exists (select from audit_unsealed)`).Scan(&waiting); err != nil || !waiting {
		return 0, err
	}
	for {
		n := 0
		err := c.db.InTx(ctx, func(ctx context.Context) error {
			n = 0
			var mine bool
			if err := c.db.From(ctx).QueryRow(ctx, `select pg_try_advisory_xact_lock($1)`, chainLock).Scan(&mine); err != nil || !mine {
				return err
			}
			n, err = c.sealSome(ctx)
			return err
		})
		if sealed += n; err != nil || n < sealBatch {
			if err != nil {
				err = fmt.Errorf("sealing the audit: %w", err)
			}
			return sealed, err
		}
	}
}

func (c *Chain) sealSome(ctx context.Context) (int, error) {
	last, err := c.last(ctx)
	if err != nil {
		return 0, err
	}
	rows, err := c.db.From(ctx).Query(ctx, `
		select e.id, `+columns+` from audit_unsealed u join audit_events e on e.id = u.event_id order by e.id limit $1`, sealBatch)
	if err != nil {
		return 0, err
	}
	var positions []int64
	var events []uuid.UUID
	var seals [][]byte
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var id uuid.UUID
		var e Event
		if err := row.Scan(append([]any{&id}, e.targets()...)...); err != nil {
			return struct{}{}, err
		}
		plain, err := e.canonical(id)
		if err != nil {
			return struct{}{}, err
		}
		last = link{last.Position + 1, id, c.keyring.MAC(seal.AuditSeal, last.Seal, position(last.Position+1), plain)}
		positions, events, seals = append(positions, last.Position), append(events, id), append(seals, last.Seal)
		return struct{}{}, nil
	})
	if err != nil || len(events) == 0 {
		return 0, err
	}
	b := &pgx.Batch{}
	b.Queue(`insert into audit_chain (position, event_id, seal) select * from unnest($1::bigint[], $2::uuid[], $3::bytea[])`, positions, events, seals)
	b.Queue(`delete from audit_unsealed where event_id = any($1)`, events)
	return len(events), c.db.Finish(ctx, b)
}

// last returns the end of the chain; the zero link if the chain is empty.
func (c *Chain) last(ctx context.Context) (l link, err error) {
	err = c.db.From(ctx).QueryRow(ctx, `select position, event_id, seal from audit_chain order by position desc limit 1`).Scan(&l.Position, &l.Event, &l.Seal)
	if errors.Is(err, pgx.ErrNoRows) {
		return link{}, nil
	}
	return l, err
}

func position(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// canonical returns what is sealed of a row: all fields, keys sorted, the instant in UTC with the microsecond precision
// that is stored.
func (e Event) canonical(id uuid.UUID) ([]byte, error) {
	e.At = e.At.UTC().Truncate(time.Microsecond)
	return json.Marshal(struct {
		ID uuid.UUID
		Event
	}{id, e})
}

// pruneBatch is the maximum number of rows that go in one statement.
const pruneBatch = 10_000

// Prune deletes rows older than before together with their links (S-73): the longest prefix of the chain that is that
// old, one batch after another. The last deleted row's link remains as the anchor of the rest. A database function owned by
// the schema owner does the work and refuses instants less than a year ago, because the application role may not delete
// audit rows.
func (c *Chain) Prune(ctx context.Context, before time.Time) (pruned int64, err error) {
	for {
		var n int64
		if err := c.db.From(ctx).QueryRow(ctx, `select audit_prune($1, $2)`, before, pruneBatch).Scan(&n); err != nil {
			return pruned, fmt.Errorf("pruning the audit: %w", err)
		}
		if pruned += n; n < pruneBatch {
			return pruned, nil
		}
	}
}
