package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

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

	overtaken func(context.Context) (bool, error) // see Attempt
}

// PasswordChange is a member's request for another password; the browser's session stays signed in.
type PasswordChange struct {
	PasswordProof
	New     string
	AlsoEnd func(ctx context.Context) error // ends what the old password protects elsewhere, in the same transaction; may be nil
}

// ChangePassword sets the password of a member who knows the current one (S-06). All other sessions end, older grants
// become void and the owner is notified. The same form sent again a moment later is not a mistake. The error is that of
// Authenticate, ErrSamePassword, ErrJustChanged, or the database's. The caller has validated the new password with
// CheckPassword.
func (s *Service) ChangePassword(ctx context.Context, p PasswordChange) error {
	err := s.changePassword(ctx, p)
	if errors.Is(err, errChangedMeanwhile) { // the other of two presses was faster
		return s.changePassword(ctx, p)
	}
	return err
}

func (s *Service) changePassword(ctx context.Context, p PasswordChange) error {
	before, err := s.passwordChangedAt(ctx, p.Session.SID)
	if err != nil {
		return err
	}
	if just, err := s.justChanged(ctx, p, before); just || err != nil {
		return cmp.Or(err, ErrJustChanged)
	}
	p.overtaken = func(ctx context.Context) (bool, error) {
		at, err := s.passwordChangedAt(ctx, p.Session.SID)
		return !at.Equal(before), err
	}
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
	return s.InSession(ctx, p.Session, func(ctx context.Context) error {
		tag, err := s.db.From(ctx).Exec(ctx, `select from accounts where id = $1 and credentials_changed_at = $2`, account.ID, account.CredentialsChangedAt)
		if err != nil {
			return fmt.Errorf("changing a password: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return errChangedMeanwhile
		}
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
		b.Queue(`update sessions set password_changed_at = $2 where sid = $1`, p.Session.SID, now)
		b.Queue(`update accounts set password_sealed = $2, password_scheme = null, password_due = false, credentials_changed_at = $3, updated_at = $3 where id = $1`, account.ID, hash, now)
		s.audit.Queue(ctx, b, audit.Event{
			Kind: audit.PasswordChanged, At: now, AccountID: account.ID.String(), SessionID: p.Session.SID, RequestID: web.RequestID(ctx), Success: true, Data: marked,
		})
		if err := s.QueueNotice(ctx, b, account, "password_changed", nil); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}

// changedAgain is how long the form that changed a password may be sent again.
const changedAgain = time.Minute

// JustChanged reports whether the session has just changed the password to the new one of this form, which is then sent
// again: its current password is not right any more. The new one is checked as any password is, and a wrong one counts.
// The error is that of Authenticate, but for ErrWrongCredentials, or the database's.
func (s *Service) JustChanged(ctx context.Context, p PasswordChange) (bool, error) {
	at, err := s.passwordChangedAt(ctx, p.Session.SID)
	if err != nil {
		return false, err
	}
	return s.justChanged(ctx, p, at)
}

func (s *Service) justChanged(ctx context.Context, p PasswordChange, at time.Time) (bool, error) {
	if s.now().Sub(at) >= changedAgain {
		return false, nil
	}
	p.Current = p.New
	err := s.ProvePassword(ctx, p.PasswordProof)
	if errors.Is(err, ErrWrongCredentials) {
		return false, nil
	}
	return err == nil, err
}

// passwordChangedAt is when the password was changed in a session, zero if it was not.
func (s *Service) passwordChangedAt(ctx context.Context, sid string) (time.Time, error) {
	var at time.Time
	err := s.db.From(ctx).QueryRow(ctx, `select password_changed_at from sessions where sid = $1 and password_changed_at is not null`, sid).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, nil
	}
	if err != nil {
		return at, fmt.Errorf("reading a session: %w", err)
	}
	return at, nil
}

// ProvePassword checks the current password before an act that changes no secret. The error is that of Authenticate.
func (s *Service) ProvePassword(ctx context.Context, p PasswordProof) error {
	_, err := s.proven(ctx, p, func(uuid.UUID) error { return nil })
	return err
}

// proven checks the current password, clears the count of wrong ones, and computes the new hash in the same slot, so that no
// proof is wasted. The error is that of Authenticate, or hash's.
func (s *Service) proven(ctx context.Context, p PasswordProof, hash func(id uuid.UUID) error) (account Account, err error) {
	leave, err := s.hasher.enter(ctx)
	if err != nil {
		return account, err
	}
	defer leave()
	account, err = s.authenticate(ctx, Attempt{Username: p.Session.Username, Password: p.Current, Source: p.Source, Device: p.Device, Browser: p.Browser, overtaken: p.overtaken})
	if err != nil {
		return account, err
	}
	b := &pgx.Batch{}
	s.store.clearThrottles(b, s.throttleKeys(account.Username, s.readDeviceCookie(p.Device, account.Username, s.now())))
	if err := s.store.run(ctx, b); err != nil {
		return account, err
	}
	return account, hash(account.ID)
}

// ChangeLanguage sets the language of the account's pages and mails, and notifies the owner in the former one, who may not
// read the other. It is idempotent.
func (s *Service) ChangeLanguage(ctx context.Context, id uuid.UUID, lang string) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		former, err := s.Get(ctx, id)
		if err != nil {
			return err
		}
		tag, err := s.db.From(ctx).Exec(ctx, `update accounts set language = $2, updated_at = $3 where id = $1 and language <> $2`, id, lang, now)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		b := &pgx.Batch{}
		s.audit.Queue(ctx, b, audit.Event{
			Kind: audit.LanguageChanged, At: now, AccountID: id.String(), RequestID: web.RequestID(ctx), Success: true,
			Data: map[string]string{"language": lang, "former": former.Language},
		})
		if err := s.QueueNotice(ctx, b, former, "language_changed", nil); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}
