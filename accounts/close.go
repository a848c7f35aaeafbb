package accounts

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// BeginClose ends every session and grant of a member's account, which is to be closed at an instant at its member's
// own wish; package recovery holds it until then. Signing in takes it back. It takes part in the transaction of ctx.
func (s *Service) BeginClose(ctx context.Context, id uuid.UUID, closes time.Time) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.EndSessions(ctx, id, ""); err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`
			update accounts set closes_at = $2, credentials_changed_at = $3, updated_at = $3 where id = $1 and kind = 'member' and closed_at is null`,
			id, closes, now)
		s.store.queueEndBegun(b, id)
		return s.store.run(ctx, b)
	})
}

// MoveClose moves the closing of an account, if it is to be closed, in the transaction of ctx.
func (s *Service) MoveClose(ctx context.Context, id uuid.UUID, closes time.Time) error {
	_, err := s.db.From(ctx).Exec(ctx, `update accounts set closes_at = $2, updated_at = $3 where id = $1 and closes_at is not null`, id, closes, s.now())
	return err
}

// QueueKeepOpen records that an account is not to be closed after all.
func (s *Service) QueueKeepOpen(b *pgx.Batch, id uuid.UUID) {
	b.Queue(`update accounts set closes_at = null, updated_at = $2 where id = $1 and closes_at is not null`, id, s.now())
}

// queueTakeBack keeps an account open whose member signs in before it is closed, and notifies the owner, unless a sign-in
// beside this one did. ctx must have a transaction.
func (s *Service) queueTakeBack(ctx context.Context, b *pgx.Batch, account Account) error {
	var closes bool
	err := s.db.From(ctx).QueryRow(ctx, `select closes_at is not null from accounts where id = $1 for no key update`, account.ID).Scan(&closes)
	if err != nil || !closes {
		return err
	}
	if s.keptOpen != nil {
		s.keptOpen(b, account.ID, s.now())
	}
	s.QueueKeepOpen(b, account.ID)
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.CloseStopped, At: s.now(), AccountID: account.ID.String(), RequestID: web.RequestID(ctx), Success: true, Reason: "signed_in"})
	return s.QueueNotice(ctx, b, account, "close_stopped", nil)
}

// Closing reports whether the session of a token was of an account that is being closed.
func (s *Service) Closing(ctx context.Context, token string) (closing bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		select exists (select from sessions s join accounts a on a.id = s.account_id where s.digest = $1 and s.ended_at is not null and a.closes_at is not null)`,
		seal.Digest(token)).Scan(&closing)
	return closing, err
}

// JustClosing reports whether the session of a token ended because its account is being closed: the second of two
// presses gets the answer of the first.
func (s *Service) JustClosing(ctx context.Context, token string) (just bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		select exists (select from sessions s join accounts a on a.id = s.account_id where s.digest = $1 and s.ended_at > $2 and a.closes_at is not null)`,
		seal.Digest(token), s.now().Add(-PressedAgain)).Scan(&just)
	return just, err
}

// closedName is what a closed account is called once its username is erased; it is not a valid username. A username is
// kept for 30 days, so that nobody takes it at once and that the desk finds the account (S-73).
const closedName = `'~' || right(replace(id::text, '-', ''), 31)`

// Close closes an account for good: its credentials, its address and its tie to the roster are erased, so that its
// member may register again. What was accepted, and the record of security events, stay (S-73). It takes part in the
// transaction of ctx.
func (s *Service) Close(ctx context.Context, id uuid.UUID) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.EndSessions(ctx, id, ""); err != nil {
			return err
		}
		nowhere := make([]byte, 32) // no address has it as its digest
		rand.Read(nowhere)
		b := &pgx.Batch{}
		b.Queue(`
			update accounts set status = 'disabled', reopens_as = null, closes_at = null, closed_at = $2, member_id = $3, password_sealed = '',
				password_scheme = null, password_due = false, email_sealed = $4, email_digest = $5, email_proven = false, recovered_at = null, new_device_at = null,
				credentials_changed_at = $2, updated_at = $2, tell_apps = true
			where id = $1`, id, now, uuid.New(), s.keyring.Seal(seal.PII, emailPlace(id), nil), nowhere)
		s.store.queueEndBegun(b, id)
		for _, table := range []string{
			"account_questions", "former_questions", "account_totp", "account_passkeys", "account_saved_codes", "disown_links", "factor_throttles",
			"answer_throttles", "sign_in_throttles",
		} {
			b.Queue(`delete from `+table+` where account_id = $1`, id)
		}
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.AccountClosed, At: now, AccountID: id.String(), Success: true})
		return s.store.run(ctx, b)
	})
}

func (s *store) eraseNames(ctx context.Context, before time.Time) error {
	_, err := s.db.DeleteBatches(ctx, `
		update accounts set username = `+closedName+` where id in (
			select id from accounts where closed_at < $1 and username not like '~%' limit 1000 for update skip locked)`, before)
	return err
}
