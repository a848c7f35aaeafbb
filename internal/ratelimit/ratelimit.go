package ratelimit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// Limit allows Count takes per key within Per.
type Limit struct {
	Name  string // distinguishes limits that share a key
	Count int
	Per   time.Duration
}

// Times returns the limit with n times the count, for a source that many people share.
func (l Limit) Times(n int) Limit {
	l.Count *= n
	return l
}

// Exceeded says that the limit is reached and when the window ends.
type Exceeded struct {
	Limit string
	Until time.Time
	wait  time.Duration
}

func (e *Exceeded) Error() string { return "rate limit " + e.Limit + " reached" }

// RetryAfter returns how long to wait, counted from the instant given to Take.
func (e *Exceeded) RetryAfter() time.Duration { return e.wait }

// Limiter takes from limits. It is safe for concurrent use.
type Limiter struct {
	db      *postgres.DB
	keyring *seal.Keyring
}

// New returns the limiter stored in db. The keyring turns keys into digests.
func New(db *postgres.DB, keyring *seal.Keyring) *Limiter { return &Limiter{db, keyring} }

// Ask is one take from a limit for a key.
type Ask struct {
	Limit Limit
	Key   string
}

// Take counts one for key, or returns *Exceeded and counts nothing.
func (l *Limiter) Take(ctx context.Context, limit Limit, key string, now time.Time) error {
	return l.TakeAll(ctx, now, Ask{limit, key})
}

// TakeAll counts one for each of the asks, or returns *Exceeded for the first one that is exhausted and counts nothing.
// It is one statement regardless of their number.
func (l *Limiter) TakeAll(ctx context.Context, now time.Time, asks ...Ask) error {
	var outcome error
	b := &pgx.Batch{}
	l.Queue(b, &outcome, now, asks...)
	if err := l.db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	return outcome
}

// Queue adds TakeAll to a batch. Once the batch is closed, outcome is nil or *Exceeded.
func (l *Limiter) Queue(b *pgx.Batch, outcome *error, now time.Time, asks ...Ask) {
	l.QueueElse(b, outcome, now, nil, nil, asks...)
}

// QueueElse is Queue for the asks together with those of first, or, if the limit of the first of these is exhausted, with those
// of instead.
func (l *Limiter) QueueElse(b *pgx.Batch, outcome *error, now time.Time, first, instead []Ask, asks ...Ask) {
	branches := slices.Concat(slices.Repeat([]int{ifFree}, len(first)), slices.Repeat([]int{ifSpent}, len(instead)), make([]int, len(asks)))
	asks = slices.Concat(first, instead, asks)
	n := len(asks)
	names, keys, counts := make([]string, n), make([][]byte, n), make([]int, n)
	ends := make([]time.Time, n) // of windows opened now
	for i, ask := range asks {
		names[i], keys[i], counts[i] = ask.Limit.Name, l.keyring.MAC(seal.Index, []byte("ratelimit"), []byte(ask.Key)), ask.Limit.Count
		ends[i] = now.Add(ask.Limit.Per)
	}
	b.Queue(takeAll, pgx.NamedArgs{
		"names": names, "keys": keys, "counts": counts, "branches": branches, "now": now, "ends": ends,
	}).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[taken])
		if err != nil {
			return fmt.Errorf("taking from limit %s: %w", names[0], err)
		}
		for _, row := range found {
			limit := asks[row.Place-1].Limit
			if row.Place == 1 && len(first) > 0 {
				continue // it only chooses
			}
			if row.Count > limit.Count {
				until := row.OpenedAt.Add(limit.Per)
				*outcome = &Exceeded{Limit: limit.Name, Until: until, wait: max(until.Sub(now), time.Second)}
				return nil
			}
		}
		return nil
	})
}

// The branches of QueueElse; 0 is taken in both.
const (
	ifFree  = 1
	ifSpent = 2
)

// taken is the result of one ask; a Count above the limit's means that it was exhausted.
type taken struct {
	Place    int
	Count    int
	OpenedAt time.Time
}

// takeAll locks the existing windows and counts unless one of them is full. Two requests that open a window at the same
// moment meet in the conflict: the second one increments, and sees a count above the limit's if that is exceeded. Branch 2 is
// taken if the first place, of branch 1, is full.
const takeAll = `
with asked as (
	select * from unnest(@names::text[], @keys::bytea[], @counts::integer[], @ends::timestamptz[], @branches::integer[])
		with ordinality as t (name, key, most, ends, branch, place)
), locked as (
	select a.place, a.branch, r.count, r.opened_at, r.expires_at > @now and r.count >= a.most as spent
	from rate_limits r join asked a using (name, key)
	order by r.name, r.key for update of r
), chosen as (
	select case when exists (select from locked where spent and place = 1 and branch = 1) then 2 else 1 end as branch
), held as (
	select * from locked where branch in (0, (select branch from chosen))
), counted as (
	insert into rate_limits as r (name, key, opened_at, count, expires_at)
	select name, key, @now, 1, ends from asked
	where branch in (0, (select branch from chosen)) and not exists (select from held where spent) order by name, key
	on conflict (name, key) do update set
		opened_at  = case when r.expires_at <= @now then excluded.opened_at else r.opened_at end,
		count      = case when r.expires_at <= @now then 1 else r.count + 1 end,
		expires_at = case when r.expires_at <= @now then excluded.expires_at else r.expires_at end
	returning name, key, count, opened_at
)
select place::integer, count + 1 as count, opened_at from held where spent
union all
select a.place::integer, c.count, c.opened_at from counted c join asked a using (name, key)
order by place`

// QueueReturn returns a take whose purpose turned out not to be limited. The batch is sent later.
func (l *Limiter) QueueReturn(b *pgx.Batch, name, key string) {
	mac := l.keyring.MAC(seal.Index, []byte("ratelimit"), []byte(key))
	b.Queue(`delete from rate_limits where name = $1 and key = $2 and count = 1`, name, mac)
	b.Queue(`update rate_limits set count = count - 1 where name = $1 and key = $2 and count > 1`, name, mac)
}

// Release ends the window of key: after a success that clears a count of failures, or by support staff.
func (l *Limiter) Release(ctx context.Context, name, key string) error {
	_, err := l.db.From(ctx).Exec(ctx, `delete from rate_limits where name = $1 and key = any($2)`,
		name, l.keyring.MACs(seal.Index, []byte("ratelimit"), []byte(key)))
	if err != nil {
		return fmt.Errorf("releasing limit %s: %w", name, err)
	}
	return nil
}

// Sweep deletes ended windows and returns their number.
func (l *Limiter) Sweep(ctx context.Context, now time.Time) (int64, error) {
	return l.db.DeleteBatches(ctx, `
		delete from rate_limits where (name, key) in (
			select name, key from rate_limits where expires_at <= $1 limit 10000 for update skip locked)`, now)
}
