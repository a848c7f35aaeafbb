package accounts

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// PasswordProof is the current password, typed by somebody who is already signed in; Session is the browser's.
type PasswordProof struct {
	Session Session
	Current string
	Source  string // as returned by web.Source
	Device  string // device cookie
	Browser []byte // digest of its cookie
}

// PasswordChange is a member's request for another password; the browser's session stays signed in.
type PasswordChange struct {
	PasswordProof
	New     string
	AlsoEnd func(ctx context.Context) error // ends what the old password protects elsewhere, in the same transaction; may be nil
}

// ChangePassword sets the password of a member who knows the current one (S-06). All other sessions end, older grants
// become void and the owner is notified. The error is that of Authenticate, ErrSamePassword, or the database's. The
// caller has validated the new password with CheckPassword.
func (s *Service) ChangePassword(ctx context.Context, p PasswordChange) error {
	var hash []byte
	account, err := s.proven(ctx, p.PasswordProof, func(id uuid.UUID) error {
		if normalize(p.New) == normalize(p.Current) {
			return ErrSamePassword
		}
		hash = s.hasher.seal(seal.PepperPassword, passwordPlace(id), normalize(p.New))
		return nil
	})
	if err != nil {
		return err
	}
	now := s.now()
	marked, err := s.markOf(nil, passwordSecret(account.ID, hash))
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.EndSessions(ctx, account.ID, p.Session.SID); err != nil {
			return err
		}
		if p.AlsoEnd != nil {
			if err := p.AlsoEnd(ctx); err != nil {
				return err
			}
		}
		b := &pgx.Batch{}
		s.store.queueEndBegun(b, account.ID)
		s.queueSuperseded(b, account.ID)
		b.Queue(`update accounts set password_sealed = $2, password_scheme = null, password_due = false, credentials_changed_at = $3, updated_at = $3 where id = $1`, account.ID, hash, now)
		s.store.clearThrottles(b, s.throttleKeys(account.Username, s.readDeviceCookie(p.Device, account.Username, now)))
		s.audit.Queue(ctx, b, audit.Event{
			Kind: audit.PasswordChanged, At: now, AccountID: account.ID.String(), SessionID: p.Session.SID, RequestID: web.RequestID(ctx), Success: true, Data: marked,
		})
		if err := s.QueueNotice(ctx, b, account, "password_changed", nil); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}

// ProvePassword checks the current password before an act that changes no secret. The error is that of Authenticate.
func (s *Service) ProvePassword(ctx context.Context, p PasswordProof) error {
	_, err := s.proven(ctx, p, func(uuid.UUID) error { return nil })
	return err
}

// proven checks the current password and computes the new hash in the same slot, so that no proof is wasted. The error
// is that of Authenticate, or hash's.
func (s *Service) proven(ctx context.Context, p PasswordProof, hash func(id uuid.UUID) error) (account Account, err error) {
	leave, err := s.hasher.enter(ctx)
	if err != nil {
		return account, err
	}
	defer leave()
	account, err = s.authenticate(ctx, Attempt{Username: p.Session.Username, Password: p.Current, Source: p.Source, Device: p.Device, Browser: p.Browser})
	if err != nil {
		return account, err
	}
	return account, hash(account.ID)
}

// ChangeLanguage sets the language of the account's pages and mails. It is idempotent.
func (s *Service) ChangeLanguage(ctx context.Context, id uuid.UUID, lang string) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.db.From(ctx).Exec(ctx, `update accounts set language = $2, updated_at = $3 where id = $1 and language <> $2`, id, lang, now)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return s.audit.Record(ctx, audit.Event{
			Kind: audit.LanguageChanged, At: now, AccountID: id.String(), RequestID: web.RequestID(ctx), Success: true, Data: map[string]string{"language": lang},
		})
	})
}
