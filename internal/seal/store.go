package seal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
)

// The states of a data key; see the package comment.
const (
	stateNext    = "next"
	stateWriting = "writing"
)

// UnwrapError says that none of the given KEKs can unwrap a data key in the database: the KEK is wrong, or the row was
// tampered with.
type UnwrapError struct {
	Purpose Purpose
	Version int
	KEKID   string   // the KEK that wrapped it
	Given   []string // the KEKs that were given
}

func (e *UnwrapError) Error() string {
	if slices.Contains(e.Given, e.KEKID) {
		return fmt.Sprintf("data key %s version %d does not open with key encryption key %s: its row was altered", e.Purpose, e.Version, e.KEKID)
	}
	return fmt.Sprintf("data key %s version %d was wrapped with key encryption key %s, which is not among the given ones (%s)",
		e.Purpose, e.Version, e.KEKID, strings.Join(e.Given, ", "))
}

// Load reads all data keys and creates missing ones. The first KEK wraps, the others only unwrap. Instances may start
// at once: each purpose gets one key. If no KEK fits, the error is an *UnwrapError and nothing is created.
func Load(ctx context.Context, db *postgres.DB, keks ...KEK) (*Keyring, error) {
	k := &Keyring{db: db, keks: keks}
	if err := checkKEKs(keks); err != nil {
		return nil, err
	}
	if err := k.Refresh(ctx); err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(purposes), func(p Purpose) bool { return (*k.ring.Load())[p] != nil })
	if len(missing) == 0 {
		return k, nil
	}
	err := db.InTx(ctx, func(ctx context.Context) error {
		for _, p := range missing {
			if err := k.insert(ctx, p, 1, stateWriting); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("creating data keys: %w", err)
	}
	// Another instance may have been first; the stored keys count.
	return k, k.Refresh(ctx)
}

func checkKEKs(keks []KEK) error {
	if len(keks) == 0 {
		return errors.New("the key encryption key is missing")
	}
	seen := map[string]bool{}
	for _, kek := range keks {
		switch {
		case kek.aead == nil:
			return errors.New("the key encryption key is missing")
		case seen[kek.id]:
			return fmt.Errorf("key encryption key %s is given twice", kek.id)
		}
		seen[kek.id] = true
	}
	return nil
}

type dataKeyRow struct {
	Purpose Purpose
	Version int
	State   string
	KEKID   string `db:"kek_id"`
	Wrapped []byte
}

// Refresh reads the data keys again, to learn of versions that other instances have added.
func (k *Keyring) Refresh(ctx context.Context) error {
	if k.db == nil {
		return nil
	}
	rows, err := k.rows(ctx)
	if err != nil {
		return err
	}
	r := ring{}
	for _, row := range rows {
		key, err := k.unwrap(row)
		if err != nil {
			return err
		}
		r.add(row.Purpose, row.State, newDataKey(uint16(row.Version), key))
	}
	for p, v := range r {
		if v.writing == nil {
			return fmt.Errorf("reading data keys: no version of %s is writing", p)
		}
	}
	k.ring.Store(&r)
	return nil
}

// AddVersion creates the next version of p, unless one is waiting. It is readable from now on and writes only after
// Promote, which the caller delays until every instance has refreshed.
func (k *Keyring) AddVersion(ctx context.Context, p Purpose) error {
	version := int(k.versions(p).all[0].version) + 1
	if err := k.insert(ctx, p, version, stateNext); err != nil {
		return fmt.Errorf("adding data key %s version %d: %w", p, version, err)
	}
	return k.Refresh(ctx)
}

// Promote makes the version that AddVersion created the writing one; the former stays readable.
func (k *Keyring) Promote(ctx context.Context, p Purpose) error {
	err := k.db.InTx(ctx, func(ctx context.Context) error {
		// Two statements: the index allows one writing key per purpose at any moment.
		if _, err := k.db.From(ctx).Exec(ctx, `
			UPDATE data_keys SET state = 'readable', since = now()
			WHERE purpose = $1 AND state = 'writing'
			  AND EXISTS (SELECT FROM data_keys WHERE purpose = $1 AND state = 'next')`, p); err != nil {
			return err
		}
		tag, err := k.db.From(ctx).Exec(ctx, `UPDATE data_keys SET state = 'writing', since = now() WHERE purpose = $1 AND state = 'next'`, p)
		if err == nil && tag.RowsAffected() == 0 {
			err = errors.New("there is no next version; add one first")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("promoting data key %s: %w", p, err)
	}
	return k.Refresh(ctx)
}

// Rewrap wraps every data key with the first KEK and returns how many were wrapped by another one. Values do not
// change.
func (k *Keyring) Rewrap(ctx context.Context) (changed int, err error) {
	rows, err := k.rows(ctx)
	if err != nil {
		return 0, err
	}
	err = k.db.InTx(ctx, func(ctx context.Context) error {
		changed = 0
		for _, row := range rows {
			if row.KEKID == k.keks[0].id {
				continue
			}
			key, err := k.unwrap(row)
			if err != nil {
				return err
			}
			if _, err := k.db.From(ctx).Exec(ctx, `
				UPDATE data_keys SET wrapped = $3, kek_id = $4 WHERE purpose = $1 AND version = $2`,
				row.Purpose, row.Version, k.wrap(row.Purpose, row.Version, key), k.keks[0].id); err != nil {
				return err
			}
			changed++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("rewrapping data keys: %w", err)
	}
	return changed, nil
}

func (k *Keyring) rows(ctx context.Context) ([]dataKeyRow, error) {
	rows, err := k.db.From(ctx).Query(ctx, `
		SELECT purpose, version, state, kek_id, wrapped FROM data_keys ORDER BY purpose, version DESC`)
	if err != nil {
		return nil, fmt.Errorf("reading data keys: %w", err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByName[dataKeyRow])
	if err != nil {
		return nil, fmt.Errorf("reading data keys: %w", err)
	}
	return keys, nil
}

// insert keeps an existing version: the second instance uses the key of the first.
func (k *Keyring) insert(ctx context.Context, p Purpose, version int, state string) error {
	_, err := k.db.From(ctx).Exec(ctx, `
		INSERT INTO data_keys (purpose, version, state, kek_id, wrapped)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`,
		p, version, state, k.keks[0].id, k.wrap(p, version, randomKey()))
	return err
}

func (k *Keyring) wrap(p Purpose, version int, key []byte) []byte {
	return k.keks[0].aead.Seal(nil, nil, key, associated(p, Place{Table: "data_keys", Column: "wrapped"}, uint16(version)))
}

func (k *Keyring) unwrap(row dataKeyRow) ([]byte, error) {
	given := make([]string, len(k.keks))
	for i, kek := range k.keks {
		given[i] = kek.id
		if kek.id != row.KEKID {
			continue
		}
		at := Place{Table: "data_keys", Column: "wrapped"}
		if key, err := kek.aead.Open(nil, nil, row.Wrapped, associated(row.Purpose, at, uint16(row.Version))); err == nil {
			return key, nil
		}
	}
	return nil, &UnwrapError{Purpose: row.Purpose, Version: row.Version, KEKID: row.KEKID, Given: given}
}
