package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
)

// By is how support finds an account. Values match as a whole or not at all (S-62).
type By string

// The ways to find an account.
const (
	ByUsername By = "username"
	ByEmail    By = "email"
	ByMemberID By = "member_id" // on the roster, a UUID
	BySubject  By = "subject"   // the sub of the programme's own apps
)

// FindExact returns the accounts with exactly this value: several only if people share a mailbox, none for an invalid
// value. The error is the database's.
func (s *Service) FindExact(ctx context.Context, by By, value string) ([]Account, error) {
	switch by {
	case ByUsername:
		canonical, err := CheckUsername(value)
		if err != nil {
			return nil, nil
		}
		return one(s.store.account(ctx, "username = $1", canonical))
	case ByEmail:
		address, err := ParseEmail(value)
		if err != nil {
			return nil, nil
		}
		return s.store.byEmail(ctx, address)
	case ByMemberID:
		id, err := uuid.Parse(value)
		if err != nil {
			return nil, nil
		}
		return one(s.store.account(ctx, "member_id = $1", id))
	case BySubject:
		return one(s.store.account(ctx, "subject = $1", value))
	}
	return nil, fmt.Errorf("accounts: nothing is found by %q", by)
}

func one(a Account, err error) ([]Account, error) {
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []Account{a}, nil
}

// ChangeMember ties an account to another row of the roster at the support desk's request, because it was tied to
// somebody else's. Every session and grant ends, since they speak for that person; the owner is notified. It takes part
// in the transaction of ctx. The error is ErrMemberHasAccount if the row has an account, ErrNotFound, or the
// database's.
func (s *Service) ChangeMember(ctx context.Context, id, memberID uuid.UUID) error {
	now := s.now()
	account, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		var taken bool
		err := s.db.From(ctx).QueryRow(ctx, `select exists (select from accounts where member_id = $1)`, memberID).Scan(&taken)
		if err != nil || taken {
			return cmp.Or(err, ErrMemberHasAccount)
		}
		if err := s.EndSessions(ctx, id, ""); err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`update accounts set member_id = $2, credentials_changed_at = $3, updated_at = $3 where id = $1 and kind = 'member'`, id, memberID, now)
		s.store.queueEndBegun(b, id)
		if err := s.QueueNotice(ctx, b, account, "member_changed", nil); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}

// Disable closes an account until Enable, whatever its owner does meanwhile: its sessions and all grants end (S-25). It
// takes part in the transaction of ctx and reports whether the account was open.
func (s *Service) Disable(ctx context.Context, id uuid.UUID) (closed bool, err error) {
	now := s.now()
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if closed, err = s.store.disable(ctx, id, now); err != nil || !closed {
			return err
		}
		b := &pgx.Batch{}
		s.queueSuperseded(b, id)
		s.store.queueEndBegun(b, id)
		if err := s.store.run(ctx, b); err != nil {
			return err
		}
		return s.EndSessions(ctx, id, "")
	})
	return closed, err
}

// Enable reopens an account that staff have closed, and reports whether it was. If its owner has said "this wasn't me", the old
// password remains void.
func (s *Service) Enable(ctx context.Context, id uuid.UUID) (opened bool, err error) {
	return s.store.enable(ctx, id, s.now())
}

func (s *store) byEmail(ctx context.Context, address string) ([]Account, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select `+accountColumns+` from accounts a where a.email_digest = any($1) order by a.id limit 100`,
		s.keyring.MACs(seal.Index, []byte("accounts.email"), []byte(foldEmail(address))))
	if err != nil {
		return nil, fmt.Errorf("finding accounts: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (Account, error) {
		var row accountRow
		if err := r.Scan(row.targets()...); err != nil {
			return Account{}, err
		}
		return s.open(row)
	})
}

func (s *store) disable(ctx context.Context, id uuid.UUID, now time.Time) (bool, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		update accounts set status = 'disabled', reopens_as = status, credentials_changed_at = $2, updated_at = $2, tell_apps = true
		where id = $1 and status <> 'disabled'`, id, now)
	return tag.RowsAffected() > 0, err
}

func (s *store) enable(ctx context.Context, id uuid.UUID, now time.Time) (bool, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		update accounts set status = coalesce(reopens_as, 'active'), reopens_as = null, updated_at = $2, tell_apps = true
		where id = $1 and status = 'disabled' and closed_at is null`, id, now)
	return tag.RowsAffected() > 0, err
}
