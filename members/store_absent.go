package members

import (
	"context"
	"fmt"
	"time"

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
const (
	birthMark     = 1 << 3
	identityMarks = 1<<0 | 1<<1 | birthMark
)

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

// restage changes what lines of one kind do.
func (s store) restage(ctx context.Context, was int16, rows []stagedRow) error {
	if len(rows) == 0 {
		return nil
	}
	var lines, marks []int32
	var kinds []int16
	var ids []uuid.UUID
	var contents, identities, sealed [][]byte
	for _, row := range rows {
		lines, marks, kinds, ids = append(lines, int32(row.line)), append(marks, row.marks.pack()), append(kinds, row.kind), append(ids, row.id)
		contents, identities, sealed = append(contents, row.contentMAC), append(identities, row.identity), append(sealed, row.sealed)
	}
	_, err := s.db.From(ctx).Exec(ctx, `
		UPDATE roster_staging s SET kind = now.kind, id = now.id, content_mac = now.content, identity_mac = now.identity, sealed = now.sealed, marks = now.marks
		FROM unnest($2::int[], $3::smallint[], $4::uuid[], $5::bytea[], $6::bytea[], $7::bytea[], $8::int[]) AS now (line, kind, id, content, identity, sealed, marks)
		WHERE s.line = now.line AND s.kind = $1`, was, lines, kinds, ids, contents, identities, sealed, marks)
	if err != nil {
		return fmt.Errorf("staging renumbered members: %w", err)
	}
	return nil
}

// countDisplaced counts the members whose number went to another person in an import, and who have no other one.
func (s store) countDisplaced(ctx context.Context, now time.Time) (n int, err error) {
	if err = s.db.From(ctx).QueryRow(ctx, `SELECT count(*) FROM members WHERE replaced_at = $1`, now).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting members whose number went to others: %w", err)
	}
	return n, nil
}
