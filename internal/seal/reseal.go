package seal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Column is a column that keeps sealed values for long. Packages list those of their tables.
type Column struct {
	Purpose       Purpose
	Table, Column string
	Row           string // SQL expression for the text that was Place.Row, such as id::text

	BoundTable, BoundColumn string // place of values that are bound to where they will be stored later
}

func (c Column) place(row string) Place {
	return Place{Table: cmp.Or(c.BoundTable, c.Table), Column: cmp.Or(c.BoundColumn, c.Column), Row: row}
}

// settle is how long every instance may take to learn of a key's new state: they Refresh once a minute. Mailed codes
// are digests, which have to expire.
func settle(p Purpose) time.Duration {
	if p == PepperCode {
		return 20 * time.Minute
	}
	return 2 * time.Minute
}

const resealBatch = 500

// old is the condition for values sealed by a version other than the writing one.
func (c Column) old() string {
	return fmt.Sprintf(`%[1]s is not null and length(%[1]s) > 2 and get_byte(%[1]s, 0) * 256 + get_byte(%[1]s, 1) <> $1`, c.Column)
}

func (k *Keyring) writing(p Purpose) int { return int(k.versions(p).writing.version) }

// Left counts a column's values that were sealed by a version other than the writing one.
func (k *Keyring) Left(ctx context.Context, c Column) (n int64, err error) {
	err = k.db.From(ctx).QueryRow(ctx, `select count(*) from `+c.Table+` where `+c.old(), k.writing(c.Purpose)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting %s.%s: %w", c.Table, c.Column, err)
	}
	return n, nil
}

// Reseal re-encrypts a column's old values with the writing version, in batches with one transaction each. It can be
// stopped and restarted at any moment and blocks no request. A row that is being changed is left to the next pass.
func (k *Keyring) Reseal(ctx context.Context, c Column) (changed int64, err error) {
	after := "(0,0)"
	for {
		n := 0
		err := k.db.InTx(ctx, func(ctx context.Context) error {
			rows, err := k.db.From(ctx).Query(ctx, fmt.Sprintf(`
				select ctid::text as place, %s, %s from %s where ctid > $2::text::tid and %s order by ctid limit %d for update skip locked`,
				c.Row, c.Column, c.Table, c.old(), resealBatch), k.writing(c.Purpose), after)
			if err != nil {
				return err
			}
			b := &pgx.Batch{}
			found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
				Place, Row string
				Sealed     []byte
			}])
			if err != nil {
				return err
			}
			for _, row := range found {
				at := c.place(row.Row)
				plain, err := k.Open(c.Purpose, at, row.Sealed)
				if err != nil {
					return fmt.Errorf("row %s: %w", row.Row, err)
				}
				b.Queue(fmt.Sprintf(`update %s set %s = $2 where ctid = $1::text::tid`, c.Table, c.Column), row.Place, k.Seal(c.Purpose, at, plain))
				after = row.Place
			}
			if n = len(found); n == 0 {
				return nil
			}
			return k.db.Finish(ctx, b)
		})
		if err != nil {
			return changed, fmt.Errorf("re-encrypting %s.%s: %w", c.Table, c.Column, err)
		}
		if changed += int64(n); n == 0 {
			return changed, nil
		}
	}
}

// DataKey is a version of a purpose's key.
type DataKey struct {
	Purpose Purpose
	Version int
	State   string // next, writing or readable
	Since   time.Time
}

// DataKeys lists all versions by purpose, newest first.
func (k *Keyring) DataKeys(ctx context.Context) ([]DataKey, error) {
	rows, err := k.db.From(ctx).Query(ctx, `select purpose, version, state, since from data_keys order by purpose, version desc`)
	if err != nil {
		return nil, fmt.Errorf("reading data keys: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[DataKey])
}

// Step is what Rotate did.
type Step string

const (
	StepAdded    Step = "added"    // a new version is known, and waits until every instance knows it
	StepWaits    Step = "waits"    // for the instances
	StepPromoted Step = "promoted" // the new version writes; values are to be re-encrypted once every instance knows
	StepResealed Step = "resealed" // some values were re-encrypted; those written meanwhile may be left
	StepDropped  Step = "dropped"  // nothing is sealed by an old version, and none is left
)

// Rotate takes the next step towards a new version of a purpose, whose values are in the given columns (S-47): add it,
// write with it, re-encrypt old values, drop old versions. Every instance has to learn of a step before the next, so
// Rotate is called repeatedly; it never acts too early.
func (k *Keyring) Rotate(ctx context.Context, p Purpose, columns []Column) (step Step, changed int64, err error) {
	if !slices.ContainsFunc(columns, func(c Column) bool { return c.Purpose == p }) {
		return "", 0, fmt.Errorf("data key %s makes digests, which cannot be recomputed", p)
	}
	var newest, older int
	var state string
	var settled bool
	err = k.db.From(ctx).QueryRow(ctx, `
		select version, state, since <= now() - $2::interval,
			(select count(*) from data_keys where purpose = $1 and state = 'readable')
		from data_keys where purpose = $1 order by version desc limit 1`, p, settle(p)).Scan(&newest, &state, &settled, &older)
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("rotating data key %s: %w", p, err)
	case state == stateNext && settled:
		return StepPromoted, 0, k.Promote(ctx, p)
	case !settled:
		return StepWaits, 0, nil
	case older == 0:
		return StepAdded, 0, k.AddVersion(ctx, p)
	}
	for _, c := range columns {
		if c.Purpose != p {
			continue
		}
		n, err := k.Reseal(ctx, c)
		if changed += n; err != nil {
			return StepResealed, changed, err
		}
		left, err := k.Left(ctx, c)
		if err != nil || left > 0 {
			return StepResealed, changed, err
		}
	}
	if _, err := k.db.From(ctx).Exec(ctx, `delete from data_keys where purpose = $1 and state = 'readable'`, p); err != nil {
		return StepResealed, changed, fmt.Errorf("dropping data key %s: %w", p, err)
	}
	return StepDropped, changed, k.Refresh(ctx)
}
