package audit

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
)

// Fault is the first inconsistency found in the audit.
type Fault struct {
	Position int64     // in the chain
	Event    uuid.UUID // the row, if known
	What     string
}

func (f *Fault) Error() string {
	if f.Event == uuid.Nil {
		return fmt.Sprintf("audit: position %d: %s", f.Position, f.What)
	}
	return fmt.Sprintf("audit: position %d, row %s: %s", f.Position, f.Event, f.What)
}

// Verified summarises what was found intact.
type Verified struct {
	First, Last int64 // positions; 0 and 0 for an empty chain
	Rows        int64
	Checkpoints int
	Waiting     int64 // rows not sealed yet
}

// unsealedAfter is the age at which a row outside the chain is suspicious: the sealer runs every few seconds.
const unsealedAfter = 10 * time.Minute

// Verify reads the whole chain and compares it with the checkpoints in the database and those kept elsewhere, given as
// compact JWS. The error is the first *Fault, or the database's.
func (c *Chain) Verify(ctx context.Context, elsewhere ...string) (v Verified, err error) {
	points, err := c.points(ctx, elsewhere)
	if err != nil {
		return v, err
	}
	err = c.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := c.db.From(ctx).Exec(ctx, `set local statement_timeout = 0`); err != nil { // it reads every row
			return err
		}
		if err := c.walk(ctx, &v, points); err != nil {
			return err
		}
		return c.unknownRows(ctx, &v)
	})
	return v, err
}

// points returns the checkpoints by position.
func (c *Chain) points(ctx context.Context, elsewhere []string) (map[int64]Checkpoint, error) {
	rows, err := c.db.From(ctx).Query(ctx, `select signed from audit_checkpoints order by position`)
	if err != nil {
		return nil, err
	}
	kept, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	points := map[int64]Checkpoint{}
	for _, signed := range append(kept, elsewhere...) {
		p, err := c.ReadCheckpoint(signed)
		if err != nil {
			return nil, &Fault{What: err.Error()}
		}
		if other, ok := points[p.Position]; ok && other.Seal != p.Seal {
			return nil, &Fault{Position: p.Position, What: "two checkpoints differ"}
		}
		points[p.Position] = p
	}
	return points, nil
}

// walk follows the chain from its first link, whose row may have been pruned.
func (c *Chain) walk(ctx context.Context, v *Verified, points map[int64]Checkpoint) error {
	rows, err := c.db.From(ctx).Query(ctx, `
		select c.position, c.event_id, c.seal, e.id is not null, coalesce(e.kind, ''), coalesce(e.at, 'epoch'), coalesce(e.account_id::text, ''),
			coalesce(e.client_id, ''), coalesce(e.session_id, ''), coalesce(e.subject, ''), coalesce(e.actor, ''), coalesce(e.request_id, ''),
			coalesce(e.success, false), coalesce(e.reason, ''), coalesce(e.data, '{}')
		from audit_chain c left join audit_events e on e.id = c.event_id order by c.position`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var before link
	for rows.Next() {
		var l link
		var there bool
		var e Event
		if err := rows.Scan(append([]any{&l.Position, &l.Event, &l.Seal, &there}, e.targets()...)...); err != nil {
			return err
		}
		anchor := before.Position == 0 && !there && l.Position > 0
		if before.Position == 0 {
			v.First = l.Position
		}
		if err := c.check(before, l, there, e, anchor); err != nil {
			return err
		}
		if p, ok := points[l.Position]; ok {
			if p.Seal != hex.EncodeToString(l.Seal) {
				return &Fault{l.Position, l.Event, "the checkpoint of " + p.At.Format(time.RFC3339) + " has a different seal: the chain was rewritten"}
			}
			v.Checkpoints++
		}
		before, v.Last = l, l.Position
		if there {
			v.Rows++
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var furthest Checkpoint
	for at, p := range points {
		if at > max(v.Last, furthest.Position) {
			furthest = p
		}
	}
	if furthest.Position > 0 {
		return cutAt(v.Last, furthest)
	}
	return nil
}

// cutAt describes a truncation after the last position.
func cutAt(last int64, known Checkpoint) *Fault {
	return &Fault{Position: last + 1, What: fmt.Sprintf("the chain is cut: %d rows are gone that the checkpoint of %s knows, to position %d",
		known.Position-last, known.At.Format(time.RFC3339), known.Position)}
}

// check compares a link with the one before it.
func (c *Chain) check(before, l link, there bool, e Event, anchor bool) error {
	switch {
	case anchor:
		return nil
	case before.Position == 0 && l.Position != 1:
		return &Fault{1, uuid.Nil, "the beginning of the chain is missing"}
	case before.Position != 0 && l.Position != before.Position+1:
		return &Fault{before.Position + 1, uuid.Nil, "a link of the chain is missing"}
	case !there:
		return &Fault{l.Position, l.Event, "the row is missing"}
	}
	plain, err := e.canonical(l.Event)
	if err != nil {
		return err
	}
	if !c.keyring.VerifyMAC(seal.AuditSeal, l.Seal, before.Seal, position(l.Position), plain) {
		return &Fault{l.Position, l.Event, "the row or its seal was changed"}
	}
	return nil
}

// unknownRows looks for rows that no request of this service can have written: neither sealed nor waiting, or waiting too
// long.
func (c *Chain) unknownRows(ctx context.Context, v *Verified) error {
	var unknown, late *uuid.UUID
	err := c.db.From(ctx).QueryRow(ctx, `
		select (select e.id from audit_events e left join audit_chain c on c.event_id = e.id left join audit_unsealed u on u.event_id = e.id
				where c.event_id is null and u.event_id is null order by e.id limit 1),
			(select e.id from audit_unsealed u left join audit_events e on e.id = u.event_id where e.at < $1 order by e.id limit 1),
			(select count(*) from audit_unsealed)`, c.now().Add(-unsealedAfter)).Scan(&unknown, &late, &v.Waiting)
	switch {
	case err != nil:
		return err
	case unknown != nil:
		return &Fault{v.Last, *unknown, "the row is outside of the chain"}
	case late != nil:
		return &Fault{v.Last, *late, "the row was never sealed; is the service running?"}
	}
	return nil
}
