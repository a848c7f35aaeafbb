package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// PasswordChange is a member's wish for another password; Session is of the browser, which
// stays signed in.
type PasswordChange struct {
	Session      Session
	Current, New string
	Source       string                          // as web.Source gives it
	Device       string                          // device cookie
	Browser      []byte                          // digest of its cookie
	Besides      func(ctx context.Context) error // what ends with the old password elsewhere, in the same transaction; nil: nothing
}

// ChangePassword sets the password of who knows the current one (S-06). All other
// sessions end and older grants are void; the owner is told. The error is that of
// Authenticate, ErrSamePassword, or the database's; CheckPassword has judged the new one.
func (s *Service) ChangePassword(ctx context.Context, p PasswordChange) error {
	account, hash, err := s.provenAndHashed(ctx, p)
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
		if p.Besides != nil {
			if err := p.Besides(ctx); err != nil {
				return err
			}
		}
		b := &pgx.Batch{}
		s.store.queueEndBegun(b, account.ID)
		b.Queue(`update accounts set password_sealed = $2, credentials_changed_at = $3, updated_at = $3 where id = $1`, account.ID, hash, now)
		s.store.clearThrottles(b, s.throttleKeys(account.Username, s.readDeviceCookie(p.Device, account.Username, now)))
		s.audit.Queue(b, ctx, audit.Event{
			Kind: audit.PasswordChanged, At: now, AccountID: account.ID.String(), SessionID: p.Session.SID, RequestID: web.RequestID(ctx), Success: true, Data: marked,
		})
		if err := s.QueueNotice(ctx, b, account, "password_changed", nil); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}

// provenAndHashed checks the current password and hashes the new one in one slot: nobody has proven it in vain.
func (s *Service) provenAndHashed(ctx context.Context, p PasswordChange) (account Account, hash []byte, err error) {
	leave, err := s.hasher.enter(ctx)
	if err != nil {
		return account, nil, err
	}
	defer leave()
	account, err = s.authenticate(ctx, Attempt{Username: p.Session.Username, Password: p.Current, Source: p.Source, Device: p.Device, Browser: p.Browser})
	if err != nil {
		return account, nil, err
	}
	if normalize(p.New) == normalize(p.Current) {
		return account, nil, ErrSamePassword
	}
	return account, s.hasher.seal(seal.PepperPassword, passwordPlace(account.ID), normalize(p.New)), nil
}

// ErrQuestion says that what was chosen is none of Questions.
var ErrQuestion = errors.New("accounts: no such question")

// ChangeQuestion sets one secret question in place of those before; hash is of HashAnswer.
// The owner is told (S-59).
func (s *Service) ChangeQuestion(ctx context.Context, account Account, question string, hash []byte) error {
	now := s.now()
	marked, err := s.markOf(nil, answerSecret(account.ID, hash))
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(`delete from account_questions where account_id = $1`, account.ID)
		b.Queue(`insert into account_questions (account_id, question, answer_sealed, set_at) values ($1, $2, $3, $4)`, account.ID, question, hash, now)
		b.Queue(`update accounts set updated_at = $2 where id = $1`, account.ID, now)
		s.audit.Queue(b, ctx, audit.Event{Kind: audit.QuestionChanged, At: now, AccountID: account.ID.String(), RequestID: web.RequestID(ctx), Success: true, Data: marked})
		if err := s.QueueNotice(ctx, b, account, "question_changed", nil); err != nil {
			return err
		}
		if err := s.store.run(ctx, b); err != nil {
			return fmt.Errorf("changing a question: %w", err)
		}
		return nil
	})
}

// RemoveQuestion takes the secret question from an account whose member cannot answer it, at the support desk's wish, in the
// transaction of ctx. Nobody waits for the end of wrong answers then. The owner is told.
func (s *Service) RemoveQuestion(ctx context.Context, id uuid.UUID) error {
	now := s.now()
	account, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(`delete from account_questions where account_id = $1`, id)
		b.Queue(`update accounts set updated_at = $2 where id = $1`, id, now)
		s.store.queueClearAnswers(b, id)
		s.audit.Queue(b, ctx, audit.Event{Kind: audit.QuestionChanged, At: now, AccountID: id.String(), RequestID: web.RequestID(ctx), Success: true,
			Reason: "removed", Data: map[string]string{string(markAnswer): gone}})
		if err := s.QueueNotice(ctx, b, account, "question_removed", nil); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}

// ChangeLanguage sets the language of the account's pages and mails. The same again
// changes nothing.
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
