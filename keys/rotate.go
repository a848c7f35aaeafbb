package keys

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huskyidp/internal/audit"
)

// Rotate makes the successor of alg's active key (RS256, ES256 or EdDSA). It is published at once and signs after the
// lead time. With immediately, it, or a successor made before, signs as soon as every instance has had time to publish
// it; relying parties with a cached JWK Set have to fetch it again. The error is ErrNextExists, with the waiting key,
// or ErrUnknownAlgorithm.
func (s *Service) Rotate(ctx context.Context, alg string, immediately bool) (Key, error) {
	now := s.deps.Now()
	fresh, err := s.newKey(alg, Next, now.Add(s.deps.Lead), now)
	if err != nil {
		return Key{}, err
	}
	var chosen row
	waits := false
	err = s.deps.DB.InTx(ctx, func(ctx context.Context) error {
		chosen = fresh
		rows, err := s.store.lock(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(r row) bool { return r.Alg == alg && r.State == Next })
		if waits = i >= 0; waits {
			chosen = rows[i]
			return nil
		}
		return s.add(ctx, fresh, "rotation", now)
	})
	if err == nil && immediately {
		err = s.activateSoon(ctx, chosen)
	}
	if err != nil {
		return Key{}, fmt.Errorf("rotating the %s key: %w", alg, err)
	}
	if waits && !immediately {
		return chosen.key(), ErrNextExists
	}
	if immediately {
		chosen.State, chosen.NotBefore = Active, now
	}
	return chosen.key(), s.Reload(ctx)
}

// activateSoon waits until every instance has loaded the key, so that none meets a signature that it cannot verify.
func (s *Service) activateSoon(ctx context.Context, next row) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(s.deps.Settle):
	}
	return s.deps.DB.InTx(ctx, func(ctx context.Context) error {
		rows, err := s.store.lock(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(r row) bool { return r.KID == next.KID && r.State == Next })
		if i < 0 {
			return nil // another rotation was faster
		}
		return s.activate(ctx, rows[i], "rotation at once", s.deps.Now())
	})
}

// Revoke erases the private key, stops publishing the public one and keeps a record. Tokens it signed no longer verify.
// A revoked active key is replaced at once by the waiting key, or by a new one. The error is ErrUnknownKey.
func (s *Service) Revoke(ctx context.Context, kid, reason string) error {
	now := s.deps.Now()
	rows, err := s.store.list(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(r row) bool { return r.KID == kid })
	if i < 0 {
		return fmt.Errorf("%w: %s", ErrUnknownKey, kid)
	}
	spare, err := s.newKey(rows[i].Alg, Next, now, now)
	if err != nil {
		return err
	}
	err = s.deps.DB.InTx(ctx, func(ctx context.Context) error {
		rows, err := s.store.lock(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(r row) bool { return r.KID == kid })
		if i < 0 {
			return ErrUnknownKey
		}
		revoked := rows[i]
		if revoked.State == Revoked {
			return nil
		}
		if err := s.store.revoke(ctx, kid); err != nil {
			return err
		}
		wasActive := revoked.State == Active
		revoked.State = Revoked
		if err := s.record(ctx, audit.KeyRevoked, revoked, reason, now); err != nil || !wasActive {
			return err
		}
		follower := slices.IndexFunc(rows, func(r row) bool { return r.Alg == revoked.Alg && r.State == Next })
		if follower >= 0 {
			return s.activate(ctx, rows[follower], "former key revoked", now)
		}
		if err := s.add(ctx, spare, "former key revoked", now); err != nil {
			return err
		}
		return s.activate(ctx, spare, "former key revoked", now)
	})
	if err != nil {
		return fmt.Errorf("revoking key %s: %w", kid, err)
	}
	return s.Reload(ctx)
}

// isDue reports whether advance has anything to do.
func (s *Service) isDue(rows []row, now time.Time) bool {
	return slices.ContainsFunc(rows, func(r row) bool {
		return r.State == Next && !r.NotBefore.After(now) || r.State == Active && s.needsFollower(rows, r, now)
	})
}

// NextRotation returns when the key that signs alg will be replaced as scheduled; zero if there is none.
func (s *Service) NextRotation(all []Key, alg string) (at time.Time) {
	for _, k := range all {
		switch {
		case k.Alg != alg:
		case k.State == Next:
			return k.NotBefore
		case k.State == Active:
			at = k.NotBefore.Add(s.deps.Use)
		}
	}
	return at
}

// needsFollower reports whether the successor is due: it is made one lead time before the active key has signed for its
// whole term.
func (s *Service) needsFollower(rows []row, active row, now time.Time) bool {
	return !active.NotBefore.Add(s.deps.Use-s.deps.Lead).After(now) &&
		!slices.ContainsFunc(rows, func(r row) bool { return r.Alg == active.Alg && r.State == Next })
}

// advance activates due keys and makes successors. The first instance to get the lock does it.
func (s *Service) advance(ctx context.Context, now time.Time) error {
	followers := map[string]row{}
	rows, err := s.store.list(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.State == Active && s.needsFollower(rows, r, now) {
			if followers[r.Alg], err = s.newKey(r.Alg, Next, now.Add(s.deps.Lead), now); err != nil {
				return err
			}
		}
	}
	err = s.deps.DB.InTx(ctx, func(ctx context.Context) error {
		rows, err := s.store.lock(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.State == Next && !r.NotBefore.After(now) {
				err = s.activate(ctx, r, "lead time over", now)
			} else if follower, made := followers[r.Alg]; made && r.State == Active && s.needsFollower(rows, r, now) {
				err = s.add(ctx, follower, "term of the active key ends", now)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("advancing signing keys: %w", err)
	}
	return nil
}

func (s *Service) add(ctx context.Context, r row, reason string, now time.Time) error {
	if _, err := s.store.insert(ctx, r); err != nil {
		return err
	}
	return s.record(ctx, audit.KeyCreated, r, reason, now)
}

// activate retires the active key in favour of next.
func (s *Service) activate(ctx context.Context, next row, reason string, now time.Time) error {
	if err := s.store.activate(ctx, next, now, now.Add(s.deps.Keep)); err != nil {
		return err
	}
	next.State = Active
	return s.record(ctx, audit.KeyActivated, next, reason, now)
}
