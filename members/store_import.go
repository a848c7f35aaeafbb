package members

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

type importRow struct {
	ID             uuid.UUID
	AppliedAt      time.Time
	Added          int
	Changed        int
	Ended          int
	Unchanged      int
	Rejected       int
	Held           int
	Merged         int
	CannotRegister int `db:"cannot_register"`
	Newest         bool
	ReadAs         *string `db:"read_as"`
}

func (r importRow) report() Report {
	return Report{
		ID: r.ID, Added: r.Added, Changed: r.Changed, Ended: r.Ended, Unchanged: r.Unchanged, Rejected: r.Rejected,
		Held: r.Held, Merged: r.Merged, CannotRegister: r.CannotRegister,
		AppliedAt: r.AppliedAt.UTC(), Repeated: true, IsUnsure: r.ReadAs == nil,
	}
}

// importOf returns the newest import of this content, nil if there is none.
func (s store) importOf(ctx context.Context, sum []byte) (*earlierImport, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT id, applied_at, added, changed, ended, unchanged, rejected, held, merged, cannot_register, read_as,
		       id = (SELECT id FROM roster_imports ORDER BY applied_at DESC, id DESC LIMIT 1) AS newest
		FROM roster_imports WHERE file_sha256 = $1
		ORDER BY applied_at DESC, id DESC LIMIT 1`, sum)
	if err != nil {
		return nil, fmt.Errorf("reading former imports: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[importRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading former imports: %w", err)
	}
	return &earlierImport{Report: row.report(), newest: row.Newest, readAs: row.ReadAs}, nil
}

func (s store) imported(ctx context.Context) (is bool, err error) {
	if err := s.db.From(ctx).QueryRow(ctx, `SELECT EXISTS (SELECT FROM roster_imports)`).Scan(&is); err != nil {
		return false, fmt.Errorf("reading former imports: %w", err)
	}
	return is, nil
}

// importLock is the key of the advisory lock that an import holds. The number is arbitrary.
const importLock = 7_305_129_811

// beginImport lifts the limits meant for requests, locks out other imports and creates the staging table. That table is
// temporary: it writes no WAL and is dropped with the transaction. It returns the number of active members, -1 if there
// never was one, and of those who ended and who lost their coverage since then.
func (s store) beginImport(ctx context.Context, since time.Time) (active, ended, lapsed int, err error) {
	for _, statement := range []string{
		`SET LOCAL statement_timeout = 0`,
		`SET LOCAL idle_in_transaction_session_timeout = 0`,
		`SET LOCAL work_mem = '64MB'`,
		`CREATE TEMPORARY TABLE roster_staging (
			line         integer  NOT NULL,
			kind         smallint NOT NULL,
			id           uuid     NOT NULL,
			new_id       uuid     NOT NULL,
			number_mac   bytea    NOT NULL,
			content_mac  bytea,
			identity_mac bytea,
			sealed       bytea,
			marks        integer  NOT NULL
		) ON COMMIT DROP`,
	} {
		if _, err := s.db.From(ctx).Exec(ctx, statement); err != nil {
			return 0, 0, 0, fmt.Errorf("preparing the import: %w", err)
		}
	}
	var locked, isEmpty bool
	err = s.db.From(ctx).QueryRow(ctx, `
		SELECT pg_try_advisory_xact_lock($1), NOT EXISTS (SELECT FROM members),
		       (SELECT count(*) FROM members WHERE ended_at IS NULL), (SELECT count(*) FROM members WHERE ended_at > $2),
		       (SELECT coalesce(sum(lapsing), 0) FROM roster_imports WHERE applied_at > $2)`,
		importLock, since).Scan(&locked, &isEmpty, &active, &ended, &lapsed)
	switch {
	case err != nil:
		return 0, 0, 0, fmt.Errorf("preparing the import: %w", err)
	case !locked:
		return 0, 0, 0, ErrImportRunning
	case isEmpty:
		return -1, 0, 0, nil
	}
	return active, ended, lapsed, nil
}

type knownRow struct {
	ID         uuid.UUID
	NumberMAC  []byte `db:"number_mac"`
	ContentMAC []byte `db:"content_mac"`
	Sealed     []byte // nil if the content equals that in the file
	Ended      bool
}

// lookUp finds members by the digests of their numbers, each with the digest of the content in the file, nil for none.
// The map's key is the number's digest as a string.
func (s store) lookUp(ctx context.Context, macs, contents [][]byte) (map[string]knownRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT m.id, m.number_mac, m.content_mac, CASE WHEN m.content_mac IS DISTINCT FROM said.content THEN m.sealed END, m.ended_at IS NOT NULL
		FROM unnest($1::bytea[], $2::bytea[]) AS said (number, content) JOIN members m ON m.number_mac = said.number`, macs, contents)
	if err != nil {
		return nil, fmt.Errorf("looking members up: %w", err)
	}
	known := make(map[string]knownRow, len(macs))
	var row knownRow
	_, err = pgx.ForEachRow(rows, []any{&row.ID, &row.NumberMAC, &row.ContentMAC, &row.Sealed, &row.Ended}, func() error {
		if before := known[string(row.NumberMAC)]; before.Sealed == nil { // else it is a line of the same member that differs
			known[string(row.NumberMAC)] = row
		}
		row.NumberMAC, row.ContentMAC, row.Sealed = nil, nil, nil // the next row gets its own memory
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking members up: %w", err)
	}
	return known, nil
}

func (s store) copyStaging(ctx context.Context, staged []stagedRow) error {
	columns := []string{"line", "kind", "id", "new_id", "number_mac", "content_mac", "identity_mac", "sealed", "marks"}
	from := pgx.CopyFromSlice(len(staged), func(i int) ([]any, error) {
		r := &staged[i]
		return []any{int32(r.line), r.kind, [16]byte(r.id), [16]byte(r.newID), r.numberMAC, r.contentMAC, r.identity, r.sealed, r.marks.pack()}, nil
	})
	if _, err := s.db.From(ctx).CopyFrom(ctx, pgx.Identifier{"roster_staging"}, columns, from); err != nil {
		return fmt.Errorf("staging the roster file: %w", err)
	}
	return nil
}

// changes passes on the staged lines that change fields of known members, in their order.
func (s store) changes(ctx context.Context, each func(line int, m marks)) error {
	rows, err := s.db.From(ctx).Query(ctx, `
		SELECT line, marks FROM roster_staging WHERE kind = ANY($1) AND marks >> 8 & 255 <> 0 ORDER BY line`, []int16{lineChanged, lineEnded, lineStill})
	if err != nil {
		return fmt.Errorf("reading changes: %w", err)
	}
	var line int
	var packed int32
	_, err = pgx.ForEachRow(rows, []any{&line, &packed}, func() error {
		each(line, unpackMarks(packed))
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading changes: %w", err)
	}
	return nil
}

// prepareStaging updates the planner's statistics and adds an index for ranges of lines.
func (s store) prepareStaging(ctx context.Context) error {
	for _, statement := range []string{
		`CREATE INDEX roster_staging_line ON roster_staging USING brin (line)`,
		`ANALYZE roster_staging`,
	} {
		if _, err := s.db.From(ctx).Exec(ctx, statement); err != nil {
			return fmt.Errorf("preparing the import: %w", err)
		}
	}
	return nil
}

// countUnaccounted counts the lines without a certain number that the numbers in them do not explain: such a number may
// be a relative's. It explains a line only if its member has no certain line, and only one line.
func (s store) countUnaccounted(ctx context.Context) (lines int, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		SELECT count(*) - count(DISTINCT of) FROM (
			SELECT min(g.id::text) FILTER (WHERE NOT EXISTS (SELECT FROM roster_staging s WHERE s.id = g.id AND s.kind <> $1)) AS of
			FROM roster_staging g WHERE g.kind = $1 GROUP BY g.line
		) guessed`, lineGuessed).Scan(&lines)
	if err != nil {
		return 0, fmt.Errorf("counting lines that may be anybody's: %w", err)
	}
	return lines, nil
}

// countAbsent counts the active members whom the staged file does not mention.
func (s store) countAbsent(ctx context.Context) (absent int, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		SELECT count(*) FROM members m
		WHERE m.ended_at IS NULL AND NOT EXISTS (SELECT FROM roster_staging s WHERE s.id = m.id)`).Scan(&absent)
	if err != nil {
		return 0, fmt.Errorf("counting members that end: %w", err)
	}
	return absent, nil
}

// The staging table is applied in pieces, to show progress. The pieces are few, because each scans the whole roster,
// and small enough for their join to fit in work_mem.
const (
	applySteps = 4
	applyRows  = 200_000
)

// applyStaging makes the roster equal to the staging table, whose lines go up to last.
func (s store) applyStaging(ctx context.Context, now time.Time, staged, last int, progress func(done, total int64)) error {
	if err := s.takeNumbers(ctx, now); err != nil {
		return err
	}
	steps := max(applySteps, staged/applyRows)
	for i := range steps {
		if err := s.applyLines(ctx, now, last*i/steps, last*(i+1)/steps); err != nil {
			return err
		}
		progress(int64(i+1), int64(steps+1))
	}
	if _, err := s.db.From(ctx).Exec(ctx, `
		UPDATE members m SET ended_at = $1, changed_at = $1
		WHERE ended_at IS NULL
		  AND NOT EXISTS (SELECT FROM roster_staging s WHERE s.id = m.id)
		  AND NOT EXISTS (SELECT FROM roster_staging s WHERE s.new_id = m.id AND s.kind = ANY($2))`, now, []int16{lineReplaced, lineRestored}); err != nil {
		return fmt.Errorf("ending members: %w", err)
	}
	progress(int64(steps+1), int64(steps+1))
	return nil
}

// takeNumbers takes the numbers that go to somebody else from the rows of the former persons, whose accounts continue without them.
// It comes before all lines, since some of these persons get other numbers.
func (s store) takeNumbers(ctx context.Context, now time.Time) error {
	if _, err := s.db.From(ctx).Exec(ctx, `
		UPDATE members m
		SET number_mac = sha256(m.number_mac || uuid_send(m.id)), ended_at = coalesce(m.ended_at, $1), replaced_at = $1, changed_at = $1
		FROM roster_staging s WHERE s.id = m.id AND s.kind = ANY($2)`, now, []int16{lineReplaced, lineRestored}); err != nil {
		return fmt.Errorf("replacing members: %w", err)
	}
	return nil
}

// applyLines applies the lines of the staging table after one position and up to another. A reassigned number gets a row of its
// own, or goes to the row that its person has.
func (s store) applyLines(ctx context.Context, now time.Time, after, to int) error {
	args := pgx.NamedArgs{
		"now": now, "after": after, "to": to, "added": lineAdded, "replaced": lineReplaced,
		"changed": lineChanged, "ended": lineEnded, "still": lineStill, "restored": lineRestored,
	}
	if _, err := s.db.From(ctx).Exec(ctx, `
		UPDATE members m
		SET number_mac = s.number_mac, content_mac = s.content_mac, identity_mac = s.identity_mac, sealed = s.sealed, ended_at = NULL, replaced_at = NULL, changed_at = @now
		FROM roster_staging s WHERE s.new_id = m.id AND s.kind = @restored AND s.line > @after AND s.line <= @to`, args); err != nil {
		return fmt.Errorf("giving numbers back: %w", err)
	}
	if _, err := s.db.From(ctx).Exec(ctx, `
		INSERT INTO members (id, number_mac, content_mac, identity_mac, sealed, created_at, changed_at)
		SELECT CASE kind WHEN @replaced THEN new_id ELSE id END, number_mac, content_mac, identity_mac, sealed, @now, @now
		FROM roster_staging WHERE kind IN (@added, @replaced) AND line > @after AND line <= @to`, args); err != nil {
		return fmt.Errorf("adding members: %w", err)
	}
	if _, err := s.db.From(ctx).Exec(ctx, `
		UPDATE members m
		SET number_mac = s.number_mac, content_mac = s.content_mac, identity_mac = s.identity_mac, sealed = s.sealed, changed_at = @now,
		    ended_at = CASE s.kind WHEN @ended THEN @now WHEN @still THEN m.ended_at END
		FROM roster_staging s
		WHERE s.id = m.id AND s.kind IN (@changed, @ended, @still) AND s.line > @after AND s.line <= @to`, args); err != nil {
		return fmt.Errorf("changing members: %w", err)
	}
	return nil
}

// applyAndClear applies a chunk of a change file and empties the staging table for the next.
func (s store) applyAndClear(ctx context.Context, now time.Time) error {
	if err := s.takeNumbers(ctx, now); err != nil {
		return err
	}
	if err := s.applyLines(ctx, now, 0, math.MaxInt32); err != nil {
		return err
	}
	if _, err := s.db.From(ctx).Exec(ctx, `TRUNCATE roster_staging`); err != nil {
		return fmt.Errorf("applying a part of the file: %w", err)
	}
	return nil
}

func (s store) recordImport(ctx context.Context, r Report, lapsing int, sum, rows []byte, readAs string, size int64, made time.Time) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		INSERT INTO roster_imports (id, file_sha256, rows_digest, read_as, file_size, applied_at, added, changed, ended, unchanged, rejected, held, merged, cannot_register, lapsing, made_at)
		VALUES (@id, @sum, @rows, @read_as, @size, @applied_at, @added, @changed, @ended, @unchanged, @rejected, @held, @merged, @cannot_register, @lapsing, nullif(@made_at::timestamptz, '0001-01-01Z'))`,
		pgx.NamedArgs{
			"id": r.ID, "sum": sum, "rows": rows, "read_as": readAs, "size": size, "applied_at": r.AppliedAt, "added": r.Added, "changed": r.Changed,
			"ended": r.Ended, "unchanged": r.Unchanged, "rejected": r.Rejected, "held": r.Held, "merged": r.Merged,
			"cannot_register": r.CannotRegister, "lapsing": lapsing, "made_at": made,
		})
	if err != nil {
		return fmt.Errorf("recording the import: %w", err)
	}
	return nil
}
