package keys

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"huskyidp/internal/audit"
)

// reloadEvery is how soon an instance publishes a key that another one made.
const reloadEvery = time.Second

// Current returns the keys as of the last reload. It never fails and does not use the database.
func (s *Service) Current() *Set { return s.set.Load() }

// Ensure makes an active key for every algorithm that always has one, and loads them. Instances that start at once make
// one.
func (s *Service) Ensure(ctx context.Context) error { return s.ensure(ctx, "first start", standing...) }

// Want makes an active key for alg if there is none, for the first client that registers it. The error is
// ErrUnknownAlgorithm for algorithms without keys.
func (s *Service) Want(ctx context.Context, alg string) error {
	if slices.Contains(s.Current().Algorithms(), alg) {
		return nil
	}
	return s.ensure(ctx, "first wanted", keyAlg(alg))
}

func (s *Service) ensure(ctx context.Context, reason string, algs ...string) error {
	rows, err := s.store.list(ctx)
	if err != nil {
		return err
	}
	for _, alg := range algs {
		if slices.ContainsFunc(rows, func(r row) bool { return r.Alg == alg && r.State == Active }) {
			continue
		}
		now := s.deps.Now()
		key, err := s.newKey(alg, Active, now, now)
		if err != nil {
			return err
		}
		err = s.deps.DB.InTx(ctx, func(ctx context.Context) error {
			inserted, err := s.store.insert(ctx, key)
			if err != nil || !inserted {
				return err
			}
			return s.record(ctx, audit.KeyCreated, key, reason, now)
		})
		if err != nil {
			return fmt.Errorf("making the first %s key: %w", alg, err)
		}
	}
	return s.Reload(ctx)
}

// List returns every key on record, including revoked ones, by algorithm and newest first.
func (s *Service) List(ctx context.Context) ([]Key, error) {
	rows, err := s.store.list(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]Key, len(rows))
	for i, r := range rows {
		keys[i] = r.key()
	}
	return keys, nil
}

// Reload moves due keys to their next state, reads all keys and replaces the Set. After an error the previous Set
// stays.
func (s *Service) Reload(ctx context.Context) error {
	now := s.deps.Now()
	rows, err := s.store.list(ctx)
	if err != nil {
		return err
	}
	if s.isDue(rows, now) {
		if err := s.advance(ctx, now); err != nil {
			return err
		}
		if rows, err = s.store.list(ctx); err != nil {
			return err
		}
	}
	rows = slices.DeleteFunc(rows, func(r row) bool {
		return r.State == Revoked || r.State == Retiring && !r.PublishedUntil.After(now)
	})
	version := versionOf(rows)
	if s.set.Load().version == version {
		return nil
	}
	var keys []usable
	for _, r := range rows {
		private, err := s.unseal(r)
		if err != nil {
			return err
		}
		keys = append(keys, usable{r, private})
	}
	set, err := newSet(keys)
	if err != nil {
		return err
	}
	set.version = version
	s.set.Store(set)
	return nil
}

// versionOf identifies a set of rows: unsealing all keys and signing once with each costs more than reading the rows,
// so unchanged rows are not loaded again.
func versionOf(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s %s %s %d %x;", r.KID, r.Alg, r.State, r.NotBefore.UnixNano(), sha256.Sum256(r.Sealed))
	}
	return b.String()
}

// Run reloads until ctx ends. A failed reload is logged and retried; the last good Set stays in use.
func (s *Service) Run(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(reloadEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.Reload(ctx); err != nil && !errors.Is(err, context.Canceled) {
				log.ErrorContext(ctx, "reloading signing keys", "error", err)
			}
		}
	}
}

// Sweep deletes keys that are no longer published and returns their number.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	return s.store.deleteUnpublished(ctx, s.deps.Now())
}

func (s *Service) record(ctx context.Context, kind audit.Kind, r row, reason string, now time.Time) error {
	return s.deps.Audit.Record(ctx, audit.Event{
		Kind: kind, At: now, Success: true, Reason: reason,
		Data: map[string]string{"kid": r.KID, "alg": r.Alg, "state": string(r.State)},
	})
}
