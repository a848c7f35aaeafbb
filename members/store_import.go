package members

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

type importRow struct {
	ID         uuid.UUID
	FileSHA256 []byte `db:"file_sha256"`
	AppliedAt  time.Time
	Added      int
	Changed    int
	Ended      int
	Unchanged  int
	Rejected   int
	Newest     bool
}

func (r importRow) report() Report {
	return Report{
		ID: r.ID, Added: r.Added, Changed: r.Changed, Ended: r.Ended, Unchanged: r.Unchanged, Rejected: r.Rejected,
		AppliedAt: r.AppliedAt.UTC(), Repeated: true,
	}
}

// importsOfSize lists the imports of files of this size, newest first.
func (s store) importsOfSize(ctx context.Context, size int64) ([]importRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT id, file_sha256, applied_at, added, changed, ended, unchanged, rejected,
		       id = (SELECT id FROM roster_imports ORDER BY applied_at DESC, id DESC LIMIT 1) AS newest
		FROM roster_imports WHERE file_size = $1
		ORDER BY applied_at DESC, id DESC`, size)
	if err != nil {
		return nil, fmt.Errorf("reading former imports: %w", err)
	}
	imports, err := pgx.CollectRows(rows, pgx.RowToStructByName[importRow])
	if err != nil {
		return nil, fmt.Errorf("reading former imports: %w", err)
	}
	return imports, nil
}

// importLock is the key of the advisory lock that one import holds. The number has no meaning.
const importLock = 7_305_129_811

// beginImport lifts the limits meant for requests, keeps other imports out and makes the staging table, a temporary
// one: it writes no log and goes away with the transaction. It reports whether the roster has no member yet.
func (s store) beginImport(ctx context.Context) (isEmpty bool, err error) {
	for _, statement := range []string{
		`SET LOCAL statement_timeout = 0`,
		`SET LOCAL idle_in_transaction_session_timeout = 0`,
		`SET LOCAL work_mem = '64MB'`,
		`CREATE TEMPORARY TABLE roster_staging (
			line        integer  NOT NULL,
			kind        smallint NOT NULL,
			id          uuid     NOT NULL,
			number_mac  bytea    NOT NULL,
			content_mac bytea,
			sealed      bytea
		) ON COMMIT DROP`,
	} {
		if _, err := s.db.From(ctx).Exec(ctx, statement); err != nil {
			return false, fmt.Errorf("preparing the import: %w", err)
		}
	}
	var locked bool
	err = s.db.From(ctx).QueryRow(ctx, `
		SELECT pg_try_advisory_xact_lock($1), NOT EXISTS (SELECT FROM members)`, importLock).Scan(&locked, &isEmpty)
	if err != nil {
		return false, fmt.Errorf("preparing the import: %w", err)
	}
	if !locked {
		return false, ErrImportRunning
	}
	return isEmpty, nil
}

type knownRow struct {
	ID         uuid.UUID
	NumberMAC  []byte `db:"number_mac"`
	ContentMAC []byte `db:"content_mac"`
	Ended      bool
}

// lookUp finds members by the digests of their numbers; the key of the map is the digest as a string.
func (s store) lookUp(ctx context.Context, macs [][]byte) (map[string]knownRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT id, number_mac, content_mac, ended_at IS NOT NULL AS ended FROM members WHERE number_mac = ANY($1)`, macs)
	if err != nil {
		return nil, fmt.Errorf("looking members up: %w", err)
	}
	known := make(map[string]knownRow, len(macs))
	var row knownRow
	_, err = pgx.ForEachRow(rows, []any{&row.ID, &row.NumberMAC, &row.ContentMAC, &row.Ended}, func() error {
		known[string(row.NumberMAC)] = row
		row.NumberMAC, row.ContentMAC = nil, nil // the next row gets memory of its own
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking members up: %w", err)
	}
	return known, nil
}

func (s store) copyStaging(ctx context.Context, next func() ([]any, error)) error {
	columns := []string{"line", "kind", "id", "number_mac", "content_mac", "sealed"}
	if _, err := s.db.From(ctx).CopyFrom(ctx, pgx.Identifier{"roster_staging"}, columns, pgx.CopyFromFunc(next)); err != nil {
		return fmt.Errorf("staging the roster file: %w", err)
	}
	return nil
}

// refuseDuplicates names the lines that claim one member number: which of them is right, the file does not say.
func (s store) refuseDuplicates(ctx context.Context) error {
	if _, err := s.db.From(ctx).Exec(ctx, `ANALYZE roster_staging`); err != nil {
		return fmt.Errorf("preparing the import: %w", err)
	}
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT array_agg(line ORDER BY line) FROM roster_staging
		GROUP BY number_mac HAVING count(*) > 1
		ORDER BY min(line) LIMIT 10`)
	if err != nil {
		return fmt.Errorf("looking for duplicates: %w", err)
	}
	duplicates, err := pgx.CollectRows(rows, pgx.RowTo[[]int32])
	if err != nil || len(duplicates) == 0 {
		return err
	}
	var groups []string
	for _, lines := range duplicates {
		groups = append(groups, strings.Trim(fmt.Sprint(lines[:min(len(lines), 5)]), "[]"))
	}
	return &FileError{Problem: "the same member number stands in several lines: " + strings.Join(groups, "; ")}
}

func (s store) countEnding(ctx context.Context) (ending, active int, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE s.id IS NULL), count(*)
		FROM members m LEFT JOIN roster_staging s ON s.id = m.id
		WHERE m.ended_at IS NULL`).Scan(&ending, &active)
	if err != nil {
		return 0, 0, fmt.Errorf("counting members that end: %w", err)
	}
	return ending, active, nil
}

// applyStaging makes the roster equal to the staging table.
func (s store) applyStaging(ctx context.Context, now time.Time) error {
	if _, err := s.db.From(ctx).Exec(ctx, `
		INSERT INTO members (id, number_mac, content_mac, sealed, created_at, changed_at)
		SELECT id, number_mac, content_mac, sealed, $1, $1 FROM roster_staging WHERE kind = $2`, now, lineAdded); err != nil {
		return fmt.Errorf("adding members: %w", err)
	}
	if _, err := s.db.From(ctx).Exec(ctx, `
		UPDATE members m
		SET number_mac = s.number_mac, content_mac = s.content_mac, sealed = s.sealed, ended_at = NULL, changed_at = $1
		FROM roster_staging s WHERE s.id = m.id AND s.kind = $2`, now, lineChanged); err != nil {
		return fmt.Errorf("changing members: %w", err)
	}
	if _, err := s.db.From(ctx).Exec(ctx, `
		UPDATE members m SET ended_at = $1, changed_at = $1
		WHERE ended_at IS NULL
		  AND NOT EXISTS (SELECT FROM roster_staging s WHERE s.id = m.id)`, now); err != nil {
		return fmt.Errorf("ending members: %w", err)
	}
	return nil
}

func (s store) recordImport(ctx context.Context, r Report, sum []byte, size int64) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		INSERT INTO roster_imports (id, file_sha256, file_size, applied_at, added, changed, ended, unchanged, rejected)
		VALUES (@id, @sum, @size, @applied_at, @added, @changed, @ended, @unchanged, @rejected)`,
		pgx.NamedArgs{
			"id": r.ID, "sum": sum, "size": size, "applied_at": r.AppliedAt, "added": r.Added, "changed": r.Changed,
			"ended": r.Ended, "unchanged": r.Unchanged, "rejected": r.Rejected,
		})
	if err != nil {
		return fmt.Errorf("recording the import: %w", err)
	}
	return nil
}
