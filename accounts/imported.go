package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
)

// foreignMark is the prefix of another system's hash where our own would be.
const foreignMark = "foreign:"

// foreignLife is how long an unused hash of another system is kept.
const foreignLife = 12 // months

// matches compares a password as typed with the sealed hash of an account. scheme is that of another system's hash. The
// caller has a slot.
func (h *hasher) matches(id uuid.UUID, sealed []byte, typed string) (ok, stale bool, scheme string, err error) {
	plain, err := h.keyring.Open(seal.PepperPassword, passwordPlace(id), sealed)
	if err != nil {
		return false, false, "", fmt.Errorf("opening a hash: %w", err)
	}
	text, isForeign := strings.CutPrefix(string(plain), foreignMark)
	if !isForeign {
		ok, stale, err = h.compare(string(plain), normalize(typed))
		return ok, stale, "", err
	}
	foreign, err := ParseForeignHash(text)
	if err != nil {
		return false, false, "", err
	}
	return foreign.matches(typed), true, foreign.scheme, nil
}

// judge is matches for a sign-in. A wrong password costs one hash of our own and one of each scheme in use, for any
// account, so that the time does not reveal who was imported (S-13).
func (h *hasher) judge(id uuid.UUID, sealed []byte, typed string) (ok, stale bool, err error) {
	ok, stale, scheme, err := h.matches(id, sealed, typed)
	if ok || err != nil {
		return ok, stale, err
	}
	if scheme != "" {
		if _, _, err := h.verify(seal.PepperPassword, passwordPlace(uuid.Nil), h.dummy, normalize(typed)); err != nil {
			return false, false, err
		}
	}
	if all := h.foreign.Load(); all != nil {
		for other, sample := range *all {
			if other != scheme {
				_, _, _, _ = h.matches(sample.id, sample.sealed, typed) // only for its duration; its data key may be gone until the next RefreshSchemes
			}
		}
	}
	return false, false, nil
}

// foreignSample is an existing hash of a scheme; all hashes of a scheme cost the same.
type foreignSample struct {
	id     uuid.UUID
	sealed []byte
}

// RefreshSchemes reads which schemes the imported hashes use, with one hash of each.
func (s *Service) RefreshSchemes(ctx context.Context) error {
	rows, err := s.db.From(ctx).Query(ctx, `
		with recursive schemes as (
			(select password_scheme from accounts where password_scheme is not null order by 1 limit 1)
			union all
			select (select a.password_scheme from accounts a where a.password_scheme > s.password_scheme order by 1 limit 1)
			from schemes s where s.password_scheme is not null
		)
		select s.password_scheme, one.id, one.password_sealed
		from schemes s cross join lateral (select id, password_sealed from accounts a where a.password_scheme = s.password_scheme limit 1) one`)
	if err != nil {
		return fmt.Errorf("reading schemes of hashes: %w", err)
	}
	all := map[string]foreignSample{}
	var scheme string
	var one foreignSample
	_, err = pgx.ForEachRow(rows, []any{&scheme, &one.id, &one.sealed}, func() error {
		all[scheme] = foreignSample{one.id, slices.Clone(one.sealed)}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading schemes of hashes: %w", err)
	}
	s.hasher.foreign.Store(&all)
	return nil
}

// forgetForeign deletes imported hashes that were never used; recovery then sets a new password.
func (s *Service) forgetForeign(ctx context.Context, now time.Time) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		rows, err := s.db.From(ctx).Query(ctx, `
			update accounts set password_sealed = '', password_scheme = null, updated_at = $1
			where id in (select id from accounts where password_scheme is not null and imported_at < $2 limit 1000 for update skip locked)
			returning id`, now, now.AddDate(0, -foreignLife, 0))
		if err != nil {
			return fmt.Errorf("deleting imported hashes: %w", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil || len(ids) == 0 {
			return err
		}
		events := make([]audit.Event, len(ids))
		for i, id := range ids {
			events[i] = audit.Event{Kind: audit.PasswordExpired, At: now, AccountID: id.String(), Success: true, Data: map[string]string{string(markPassword): gone}}
		}
		return s.audit.Record(ctx, events...)
	})
}
