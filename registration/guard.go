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

// maxFailures in a row lock the form.
const maxFailures = 3

// Failures are counted per number typed and per source. The number is locked; the source is slowed down.
const (
	guardWindow  = 24 * time.Hour
	sourceWindow = time.Hour
)

// A source may be a mobile carrier's address. Whoever registers there with a right card makes room for the mistakes of
// others. Without room an attempt waits, longer with every failure, and is looked up then.
const (
	successRoom = 2   // refused identities that a match makes room for
	mostRoom    = 200 // at most, in an hour
	firstSlow   = 10 * time.Second
	longestSlow = 5 * time.Minute
)

// guard counts refused identities for one key, and may lock it.
type guard struct {
	Kind        string
	Failures    int
	Successes   int
	Reference   *string
	LockedUntil *time.Time
}

// guards are the two guards of one attempt.
type guards struct {
	card, source []byte // keys
	found        map[string]guard
}

func (s *Service) guardKey(kind string, value []byte) []byte {
	return s.Keyring.MAC(seal.Index, []byte("identity guard"), []byte(kind), value)
}

func (s *Service) guardsOf(v Visit, cardID string) guards {
	return guards{card: s.guardKey("card", []byte(cardID)), source: s.guardKey("source", []byte(v.Source))}
}

// locked returns the lock that an attempt met, if any.
func (g guards) locked() (reference string, until time.Time, ok bool) {
	if card := g.found["card"]; card.Reference != nil {
		return *card.Reference, postgres.Value(card.LockedUntil), true
	}
	return "", time.Time{}, false
}

// slow returns how long the attempt has to wait for its source, 0 if there is room; most is the room without any
// success.
func (g guards) slow(most int) time.Duration {
	source := g.found["source"]
	over := source.Failures - most - min(successRoom*source.Successes, mostRoom)
	if over <= 0 {
		return 0
	}
	return min(firstSlow<<min(over-1, 10), longestSlow)
}

// queueReserve counts the attempt as a failure before it is judged (S-10): parallel attempts wait for each other's rows
// and never get more than the limit. A lock or window that is over restarts.
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
			successes = case when g.expires_at <= @now then 0 else g.successes end,
			opened_at = case when (g.reference is null and g.expires_at <= @now) or g.locked_until <= @now then @now else g.opened_at end,
			expires_at = case when (g.reference is null and g.expires_at <= @now) or g.locked_until <= @now then excluded.expires_at else g.expires_at end,
			reference = case when g.locked_until <= @now then null else g.reference end,
			locked_until = case when g.locked_until <= @now then null else g.locked_until end
		returning kind, failures, successes, reference, locked_until`,
		pgx.NamedArgs{
			"now": now, "kinds": []string{"card", "source"}, "keys": [][]byte{g.card, g.source},
			"spans": []time.Duration{guardWindow, sourceWindow},
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

// queueSuccess resets the count of the number, takes the attempt back from the source's count, and makes room there if
// it is the first match of its registration.
func (s store) queueSuccess(b *pgx.Batch, g guards, first bool) {
	b.Queue(`delete from identity_guards where kind = 'card' and key = $1`, g.card)
	b.Queue(`
		update identity_guards set failures = failures - 1, successes = successes + case when $2::boolean then 1 else 0 end
		where kind = 'source' and key = $1 and failures > 0`, g.source, first)
}

// queueUncount takes an attempt back that was not judged, or that repeats the same mistake. A lock stays.
func (s store) queueUncount(b *pgx.Batch, g guards) {
	b.Queue(`
		update identity_guards set failures = failures - 1
		where failures > 0 and ((kind = 'source' and key = $1) or (kind = 'card' and key = $2 and reference is null))`, g.source, g.card)
}

// queueLockCard locks the number under a reference; if until is zero, staff have to release it.
func (s store) queueLockCard(b *pgx.Batch, g guards, reference string, until time.Time) {
	b.Queue(`
		update identity_guards set reference = $2, locked_until = $3, expires_at = $3 where kind = 'card' and key = $1`,
		g.card, reference, postgres.Nullable(until))
}

// Lock returns the reference number of a locked registration and the end of the lock, zero if only staff can release
// it; the number is "" if there is no lock.
func (s *Service) Lock(ctx context.Context, v Visit) (reference string, until time.Time, err error) {
	r, err := s.Load(ctx, v)
	if errors.Is(err, errGone) {
		return "", time.Time{}, nil
	}
	if err != nil || !r.lockedAt(s.Now()) {
		return "", time.Time{}, err
	}
	return r.Reference, r.LockedUntil, nil
}

// Release ends the lock with this reference on number and registration, and reports whether there was one. Staff call
// it after they have verified the caller.
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
