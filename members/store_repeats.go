package members

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// takeRepeats moves the rows of members who have several, not all of them left out, from the staging table to a table
// of their own, and counts them.
func (s store) takeRepeats(ctx context.Context) (total int64, err error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		CREATE TEMPORARY TABLE roster_repeats ON COMMIT DROP AS
		SELECT row_number() OVER (ORDER BY s.number_mac, s.line) AS n, s.line, s.kind, s.id, s.new_id, s.number_mac, s.content_mac,
		       coalesce(s.sealed, m.sealed) AS sealed, m.content_mac AS known_mac, coalesce(m.ended_at IS NOT NULL, false) AS known_ended,
		       m.sealed AS known_sealed, s.marks
		FROM roster_staging s
		JOIN (SELECT number_mac FROM roster_staging WHERE kind <> ALL($1) GROUP BY 1 HAVING count(*) > 1 AND NOT bool_and(kind = $2)) twice USING (number_mac)
		LEFT JOIN members m ON m.id = s.id
		WHERE s.kind <> ALL($1)`, []int16{lineGuessed, lineNaming, lineOther}, lineRejected)
	if err != nil {
		return 0, fmt.Errorf("looking for repeated numbers: %w", err)
	}
	if total = tag.RowsAffected(); total == 0 {
		return 0, nil
	}
	for _, statement := range []string{
		`ALTER TABLE roster_repeats ADD PRIMARY KEY (n)`,
		`DELETE FROM roster_staging s USING roster_repeats r WHERE s.line = r.line AND s.number_mac = r.number_mac`,
	} {
		if _, err := s.db.From(ctx).Exec(ctx, statement); err != nil {
			return 0, fmt.Errorf("taking repeated numbers out: %w", err)
		}
	}
	return total, nil
}

func (s store) repeatsAfter(ctx context.Context, after int64, limit int) ([]repeat, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT n, line, kind, id, new_id, number_mac, content_mac, sealed, known_mac, known_ended, known_sealed, marks
		FROM roster_repeats WHERE n > $1 ORDER BY n LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading repeated numbers: %w", err)
	}
	repeats, err := pgx.CollectRows(rows, pgx.RowToStructByName[repeat])
	if err != nil {
		return nil, fmt.Errorf("reading repeated numbers: %w", err)
	}
	return repeats, nil
}
