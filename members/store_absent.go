package members

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

type unsealer = func(id uuid.UUID, sealed []byte) (record, error)

// absentAfter reads active members whom the staged file does not mention, in the order of their IDs.
func (s store) absentAfter(ctx context.Context, after uuid.UUID, limit int, unseal unsealer) (absent []absentRow, err error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT m.id, m.content_mac, m.sealed FROM members m
		WHERE m.ended_at IS NULL AND m.id > $1 AND NOT EXISTS (SELECT FROM roster_staging s WHERE s.id = m.id)
		ORDER BY m.id LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading absent members: %w", err)
	}
	var id uuid.UUID
	var mac, sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &mac, &sealed}, func() error {
		rec, err := unseal(id, sealed)
		absent = append(absent, absentRow{id, mac, rec})
		mac = nil // the next row gets its own memory
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading absent members: %w", err)
	}
	return absent, nil
}

// identityMarks are the bits of a changed name or birth date.
const identityMarks = 1<<0 | 1<<1 | 1<<3

// newcomers passes on the staged lines that are not a known member's own: new numbers, changes of a name or birth date, and
// lines that are held or left out although they can be read.
func (s store) newcomers(ctx context.Context, unseal unsealer, each func(newcomer)) error {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT line, kind, id, number_mac, content_mac, marks, sealed FROM roster_staging
		WHERE (kind = ANY($1) OR kind = $2 AND marks >> 8 & $3 <> 0) AND sealed IS NOT NULL ORDER BY line`,
		[]int16{lineAdded, lineHeld, lineRejected}, lineChanged, identityMarks)
	if err != nil {
		return fmt.Errorf("reading new members: %w", err)
	}
	var line newcomer
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&line.Line, &line.Kind, &line.ID, &line.NumberMAC, &line.ContentMAC, &line.Marks, &sealed}, func() (err error) {
		line.rec, err = unseal(line.ID, sealed)
		each(line)
		line.NumberMAC, line.ContentMAC = nil, nil
		return err
	})
	if err != nil {
		return fmt.Errorf("reading new members: %w", err)
	}
	return nil
}

// restage changes what a line of one kind does.
func (s store) restage(ctx context.Context, was int16, row stagedRow) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		UPDATE roster_staging SET kind = $3, id = $4, content_mac = $5, identity_mac = $6, sealed = $7, marks = $8 WHERE line = $1 AND kind = $2`,
		row.line, was, row.kind, row.id, row.contentMAC, row.identity, row.sealed, row.marks.pack())
	if err != nil {
		return fmt.Errorf("staging a renumbered member: %w", err)
	}
	return nil
}
