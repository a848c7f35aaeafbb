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

// Chain seals the rows that the Log writes, after they are written and apart from the requests that wrote them (S-72).
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
	chainLock = 7_202_601 // of the one instance that seals
)

// link is one row of the chain.
type link struct {
	Position int64
	Event    uuid.UUID
	Seal     []byte
}

// Seal adds all rows that wait to the chain, and returns how many. Where another instance is at it, there is nothing to
// do. The order of the chain is that of sealing: what commits late is sealed later.
func (c *Chain) Seal(ctx context.Context) (sealed int, err error) {
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

// last is the end of the chain; the zero link before its beginning.
func (c *Chain) last(ctx context.Context) (l link, err error) {
	err = c.db.From(ctx).QueryRow(ctx, `select position, event_id, seal from audit_chain order by position desc limit 1`).Scan(&l.Position, &l.Event, &l.Seal)
	if errors.Is(err, pgx.ErrNoRows) {
		return link{}, nil
	}
	return l, err
}

func position(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// canonical is what is sealed of a row: all of it, keys in order, the instant in UTC to the microsecond that is stored.
func (e Event) canonical(id uuid.UUID) ([]byte, error) {
	e.At = e.At.UTC().Truncate(time.Microsecond)
	return json.Marshal(struct {
		ID uuid.UUID
		Event
	}{id, e})
}

// pruneBatch is how many rows one Prune takes at the most.
const pruneBatch = 10_000

// Prune deletes rows that are older than an instant, with their links (S-73): the oldest part of the chain, as far as all
// of it is that old, a batch at a time. The link of the last that goes is kept as the anchor of those that stay. The database
// does it as the owner of the tables, and refuses an instant less than a year ago: the application may not delete rows.
func (c *Chain) Prune(ctx context.Context, before time.Time) (pruned int64, err error) {
	if err := c.db.From(ctx).QueryRow(ctx, `select audit_prune($1, $2)`, before, pruneBatch).Scan(&pruned); err != nil {
		return 0, fmt.Errorf("pruning the audit: %w", err)
	}
	return pruned, nil
}
