package keys

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
)

type store struct{ db *postgres.DB }

type row struct {
	KID            string `db:"kid"`
	Alg            string
	State          State
	NotBefore      time.Time
	PublishedUntil *time.Time
	CreatedAt      time.Time
	Sealed         []byte
}

func (r row) key() Key {
	k := Key{KID: r.KID, Alg: r.Alg, State: r.State, NotBefore: r.NotBefore.UTC(), CreatedAt: r.CreatedAt.UTC()}
	if r.PublishedUntil != nil {
		k.PublishedUntil = r.PublishedUntil.UTC()
	}
	return k
}

const listKeys = `
	SELECT kid, alg, state, not_before, published_until, created_at, sealed
	FROM signing_keys
	ORDER BY alg, created_at DESC, kid`

func (s store) list(ctx context.Context) ([]row, error) {
	rows, err := s.db.From(ctx).Query(ctx, listKeys)
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	keys, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (k row, err error) { // every second
		return k, r.Scan(&k.KID, &k.Alg, &k.State, &k.NotBefore, &k.PublishedUntil, &k.CreatedAt, &k.Sealed)
	})
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	return keys, nil
}

// lock reads the keys and blocks other writers, but not readers, until the transaction ends: a rotation must see the
// rows that another instance is about to add.
func (s store) lock(ctx context.Context) ([]row, error) {
	if _, err := s.db.From(ctx).Exec(ctx, `LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return nil, fmt.Errorf("locking signing keys: %w", err)
	}
	return s.list(ctx)
}

// insert returns false if the algorithm already has a key in that state.
func (s store) insert(ctx context.Context, r row) (bool, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		INSERT INTO signing_keys (kid, alg, state, not_before, created_at, sealed)
		VALUES (@kid, @alg, @state, @not_before, @created_at, @sealed)
		ON CONFLICT DO NOTHING`,
		pgx.NamedArgs{
			"kid": r.KID, "alg": r.Alg, "state": r.State, "not_before": r.NotBefore, "created_at": r.CreatedAt, "sealed": r.Sealed,
		})
	if err != nil {
		return false, fmt.Errorf("storing a signing key: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// activate is two statements because signing_keys_one_active holds at every moment.
func (s store) activate(ctx context.Context, next row, now, publishedUntil time.Time) error {
	if _, err := s.db.From(ctx).Exec(ctx, `
		UPDATE signing_keys SET state = 'retiring', published_until = $2
		WHERE alg = $1 AND state = 'active'`, next.Alg, publishedUntil); err != nil {
		return fmt.Errorf("retiring a signing key: %w", err)
	}
	if _, err := s.db.From(ctx).Exec(ctx, `
		UPDATE signing_keys SET state = 'active', not_before = least(not_before, $2)
		WHERE kid = $1`, next.KID, now); err != nil {
		return fmt.Errorf("activating a signing key: %w", err)
	}
	return nil
}

func (s store) revoke(ctx context.Context, kid string) error {
	if _, err := s.db.From(ctx).Exec(ctx, `
		UPDATE signing_keys SET state = 'revoked', sealed = NULL, published_until = NULL
		WHERE kid = $1`, kid); err != nil {
		return fmt.Errorf("storing the revocation: %w", err)
	}
	return nil
}

func (s store) deleteUnpublished(ctx context.Context, now time.Time) (int, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		DELETE FROM signing_keys WHERE state = 'retiring' AND published_until <= $1`, now)
	if err != nil {
		return 0, fmt.Errorf("deleting retired signing keys: %w", err)
	}
	return int(tag.RowsAffected()), nil
}
