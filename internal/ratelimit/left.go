package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
)

// Left returns how many takes a key has left of a limit and when its current window ends; zero if there is none.
func (l *Limiter) Left(ctx context.Context, limit Limit, key string, now time.Time) (left int, until time.Time, err error) {
	var count int
	err = l.db.From(ctx).QueryRow(ctx, `
		select count, expires_at from rate_limits where name = $1 and key = any($2) and expires_at > $3 order by count desc limit 1`,
		limit.Name, l.keyring.MACs(seal.Index, []byte("ratelimit"), []byte(key)), now).Scan(&count, &until)
	if errors.Is(err, pgx.ErrNoRows) {
		return limit.Count, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("reading limit %s: %w", limit.Name, err)
	}
	return max(0, limit.Count-count), until.UTC(), nil
}
