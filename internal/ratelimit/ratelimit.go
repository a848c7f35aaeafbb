package ratelimit

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// Limit allows Count takes per key in Per.
type Limit struct {
	Name  string // distinguishes the limits that share a key
	Count int
	Per   time.Duration
}

// Exceeded says that the limit is reached and when the window ends.
type Exceeded struct {
	Limit string
	Until time.Time
	wait  time.Duration
}

func (e *Exceeded) Error() string { return "rate limit " + e.Limit + " reached" }

// RetryAfter is how long to wait, from the instant given to Take.
func (e *Exceeded) RetryAfter() time.Duration { return e.wait }

// Limiter takes from limits. It is safe for concurrent use.
type Limiter struct {
	db      *postgres.DB
	keyring *seal.Keyring
}

// New returns the limiter in db. The keyring turns keys into digests.
func New(db *postgres.DB, keyring *seal.Keyring) *Limiter { return &Limiter{db, keyring} }

// Take counts one for key, or answers *Exceeded and counts nothing.
func (l *Limiter) Take(ctx context.Context, limit Limit, key string, now time.Time) error {
	var count int
	var opened time.Time
	err := l.db.From(ctx).QueryRow(ctx, `
		insert into rate_limits as r (name, key, opened_at, count, expires_at)
		values (@name, @key, @now, 1, @expires)
		on conflict (name, key) do update set
			opened_at  = case when r.opened_at <= @closed then @now else r.opened_at end,
			count      = case when r.opened_at <= @closed then 1 else least(r.count, @limit) + 1 end,
			expires_at = case when r.opened_at <= @closed then @expires else r.expires_at end
		returning count, opened_at`,
		pgx.NamedArgs{
			"name": limit.Name, "key": l.keyring.MAC(seal.Index, []byte("ratelimit"), []byte(key)), "limit": limit.Count,
			"now": now, "closed": now.Add(-limit.Per), "expires": now.Add(limit.Per),
		}).Scan(&count, &opened)
	if err != nil {
		return fmt.Errorf("taking from limit %s: %w", limit.Name, err)
	}
	if count > limit.Count {
		until := opened.Add(limit.Per)
		return &Exceeded{Limit: limit.Name, Until: until, wait: max(until.Sub(now), time.Second)}
	}
	return nil
}

// Release ends the window of key: a success that clears a count of failures, or a
// member of staff.
func (l *Limiter) Release(ctx context.Context, name, key string) error {
	_, err := l.db.From(ctx).Exec(ctx, `delete from rate_limits where name = $1 and key = any($2)`,
		name, l.keyring.MACs(seal.Index, []byte("ratelimit"), []byte(key)))
	if err != nil {
		return fmt.Errorf("releasing limit %s: %w", name, err)
	}
	return nil
}

// Sweep deletes windows that ended, at most 10,000 at a time, and returns how many.
func (l *Limiter) Sweep(ctx context.Context, now time.Time) (int64, error) {
	tag, err := l.db.From(ctx).Exec(ctx, `
		delete from rate_limits where (name, key) in (
			select name, key from rate_limits where expires_at <= $1 limit 10000 for update skip locked)`, now)
	return tag.RowsAffected(), err
}
