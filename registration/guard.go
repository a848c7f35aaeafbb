package registration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// maxFailures in a row close the form.
const maxFailures = 3

// Failures are counted on the browser, on the number typed, and on the source. The first two lock; the source only has to
// wait.
const (
	guardWindow  = 24 * time.Hour
	sourceWindow = time.Hour
)

// guard counts refused identities for one thing, and may lock it.
type guard struct {
	Kind        string
	Failures    int
	OpenedAt    time.Time
	Reference   *string
	LockedUntil *time.Time
}

// guards are the three of one attempt.
type guards struct {
	browser, card, source []byte // keys
	found                 map[string]guard
}

func (s *Service) guardKey(kind string, value []byte) []byte {
	return s.Keyring.MAC(seal.Index, []byte("identity guard"), []byte(kind), value)
}

func (s *Service) guardsOf(v Visit, cardID string) guards {
	return guards{browser: s.guardKey("browser", v.Browser), card: s.guardKey("card", []byte(cardID)), source: s.guardKey("source", []byte(v.Source))}
}

// locked returns the lock that an attempt met, if any.
func (g guards) locked() (reference string, until time.Time, ok bool) {
	for _, kind := range []string{"browser", "card"} {
		if found := g.found[kind]; found.Reference != nil {
			return *found.Reference, postgres.Value(found.LockedUntil), true
		}
	}
	return "", time.Time{}, false
}

// worst is the larger count of the guards that lock, the attempt at hand included.
func (g guards) worst() int { return max(g.found["browser"].Failures, g.found["card"].Failures) }

// queueReserve counts the attempt as a failure before it is judged (S-10): parallel attempts wait for each other's rows and
// never get more than their number. A lock or window that is over begins anew.
func (s store) queueReserve(b *pgx.Batch, g *guards, now time.Time) {
	b.Queue(`
		insert into identity_guards as g (kind, key, failures, opened_at, expires_at)
		select kind, key, 1, @now, @now::timestamptz + span from unnest(@kinds::text[], @keys::bytea[], @spans::interval[]) as t (kind, key, span)
		order by kind
		on conflict (kind, key) do update set
			failures = case
				when g.reference is not null and (g.locked_until is null or g.locked_until > @now) then g.failures
				when g.reference is not null or g.expires_at <= @now then 1
				else g.failures + 1 end,
			opened_at = case when (g.reference is null and g.expires_at <= @now) or g.locked_until <= @now then @now else g.opened_at end,
			expires_at = case when (g.reference is null and g.expires_at <= @now) or g.locked_until <= @now then excluded.expires_at else g.expires_at end,
			reference = case when g.locked_until <= @now then null else g.reference end,
			locked_until = case when g.locked_until <= @now then null else g.locked_until end
		returning kind, failures, opened_at, reference, locked_until`,
		pgx.NamedArgs{
			"now": now, "kinds": []string{"browser", "card", "source"}, "keys": [][]byte{g.browser, g.card, g.source},
			"spans": []time.Duration{guardWindow, guardWindow, sourceWindow},
		}).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[guard])
		if err != nil {
			return fmt.Errorf("counting an identity: %w", err)
		}
		g.found = make(map[string]guard, len(found))
		for _, one := range found {
			g.found[one.Kind] = one
		}
		return nil
	})
}

// queueSuccess ends the count of browser and number, and takes the attempt back from the source's.
func (s store) queueSuccess(b *pgx.Batch, g guards) {
	b.Queue(`delete from identity_guards where (kind = 'browser' and key = $1) or (kind = 'card' and key = $2)`, g.browser, g.card)
	s.queueUncount(b, g)
}

// queueUncount takes the attempt back from the source: it was right, or the roster was not asked.
func (s store) queueUncount(b *pgx.Batch, g guards) {
	b.Queue(`update identity_guards set failures = failures - 1 where kind = 'source' and key = $1 and failures > 0`, g.source)
}

// queueLockGuards locks browser and number under a reference; a zero until means until staff release it.
func (s store) queueLockGuards(b *pgx.Batch, g guards, reference string, until time.Time) {
	b.Queue(`
		update identity_guards set reference = $3, locked_until = $4, expires_at = $4
		where (kind = 'browser' and key = $1) or (kind = 'card' and key = $2)`, g.browser, g.card, reference, postgres.Nullable(until))
}

// browserLock is the lock of a browser that has no registration; zero if it has none.
type browserLock struct {
	reference string
	until     *time.Time
}

func (s store) queueBrowserLock(b *pgx.Batch, key []byte, now time.Time, lock *browserLock) {
	b.Queue(`
		select reference, locked_until from identity_guards
		where kind = 'browser' and key = $1 and reference is not null and (locked_until is null or locked_until > $2)`, key, now).
		Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&lock.reference, &lock.until}, func() error { return nil })
			if err != nil {
				return fmt.Errorf("reading the lock of a browser: %w", err)
			}
			return nil
		})
}

// Lock tells a visit that is locked out its reference number and the end of the lock, zero if staff end it; the number is
// "" where there is no lock.
func (s *Service) Lock(ctx context.Context, v Visit) (reference string, until time.Time, err error) {
	now := s.Now()
	r, err := s.Load(ctx, v)
	if err == nil && r.lockedAt(now) {
		return r.Reference, r.LockedUntil, nil
	}
	if err != nil && !errors.Is(err, errGone) {
		return "", time.Time{}, err
	}
	var lock browserLock
	b := &pgx.Batch{}
	s.store.queueBrowserLock(b, s.guardKey("browser", v.Browser), now, &lock)
	if err := s.DB.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return "", time.Time{}, err
	}
	return lock.reference, postgres.Value(lock.until), nil
}

// Release ends the lock with this reference on browser, number and registration, and reports whether there was one. Staff
// do it after they made sure who is asking.
func (s *Service) Release(ctx context.Context, reference string) (released bool, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.DB.From(ctx).Exec(ctx, `delete from identity_guards where reference = $1`, reference)
		if err != nil {
			return err
		}
		registrations, err := s.DB.From(ctx).Exec(ctx, `
			update registrations set reference = null, locked_until = null, failures = 0 where reference = $1`, reference)
		released = tag.RowsAffected()+registrations.RowsAffected() > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("releasing lock %s: %w", reference, err)
	}
	return released, nil
}
