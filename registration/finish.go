package registration

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/templates"
)

// repeat is how long after the end a second Finalizar, of a double click or another tab, gets the same answer.
const repeat = 10 * time.Minute

// Finish makes the account: account, agreement, certification, audit rows and welcome mail commit together. It may
// be repeated and makes one account. certification is the version of the text that the box stood beside. The error is
// ErrHasAccount, ErrUsernameTaken, a *movedError, errGone or errBusy.
func (s *Service) Finish(ctx context.Context, v Visit, certification string) (account accounts.Account, r *Registration, err error) {
	now := s.Now()
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if r, err = s.store.lock(ctx, v.tokenHash()); err != nil {
			return err
		}
		if err := v.mayUse(r, now); err != nil {
			return err
		}
		if !r.FinishedAt.IsZero() {
			account, err = s.finished(ctx, r, now)
			return err
		}
		text := s.Legal.Certification(now, v.Language)
		if !open(r, stepReview, now) {
			return &movedError{next(r, now)}
		}
		if certification != text.Version {
			return &movedError{stepReview.Path}
		}
		if r.HolderID != uuid.Nil {
			return ErrHasAccount
		}
		account, err = s.create(ctx, v, r, text, now)
		return err
	})
	switch {
	case errors.Is(err, accounts.ErrMemberHasAccount):
		return account, r, s.lostCard(ctx, v)
	case errors.Is(err, accounts.ErrUsernameTaken):
		return account, r, s.lostUsername(ctx, v)
	}
	return account, r, err
}

// finished answers the second of two.
func (s *Service) finished(ctx context.Context, r *Registration, now time.Time) (accounts.Account, error) {
	if !now.Before(r.FinishedAt.Add(repeat)) {
		return accounts.Account{}, errFinished
	}
	return s.Accounts.Get(ctx, r.AccountID)
}

func (s *Service) create(ctx context.Context, v Visit, r *Registration, text Document, now time.Time) (accounts.Account, error) {
	account, err := s.Accounts.Create(ctx, accounts.NewAccount{
		ID: r.AccountID, Username: r.Credentials.Username, Email: r.Credentials.Address, Language: v.Language, MemberID: r.MemberID,
		PasswordHash: r.PasswordHash, Question: r.Credentials.Question, AnswerHash: r.AnswerHash,
		Agreement:     accounts.Acceptance{Version: r.AgreementVersion, Language: r.AgreementLanguage, TextHash: r.AgreementHash, At: r.AgreedAt},
		Certification: accounts.Acceptance{Version: text.Version, Language: text.Language, TextHash: text.Hash, At: now},
	})
	if err != nil {
		return accounts.Account{}, err
	}
	content, err := s.Mails.Mail(v.Language, "welcome", templates.Args{"username": account.Username})
	if err != nil {
		return accounts.Account{}, err
	}
	err = s.Outbox.Enqueue(ctx, mail.Message{Kind: "welcome", To: account.Email, Lang: v.Language, AccountID: account.ID, Content: content})
	if err != nil {
		return accounts.Account{}, err
	}
	t := &turn{Registration: r, visit: v, now: now, batch: &pgx.Batch{}}
	r.finish(now)
	finished := v.event(r, audit.RegistrationFinished, now, "")
	finished.AccountID = account.ID.String()
	t.events = append(t.events, finished)
	return account, s.save(ctx, t)
}

// lostCard is the end of a race for one card: the other browser made the account. The mailbox on file is told, and no
// second account can come of this registration.
func (s *Service) lostCard(ctx context.Context, v Visit) error {
	_, err := s.change(ctx, v, stepReview, func(ctx context.Context, t *turn) (outcome, err error) {
		holder, err := s.Accounts.ByMember(ctx, t.MemberID)
		if err != nil {
			return nil, err
		}
		t.HolderID = holder.ID
		return ErrHasAccount, s.tellHolder(ctx, t)
	})
	return err
}

// lostUsername sends the member back to choose another.
func (s *Service) lostUsername(ctx context.Context, v Visit) error {
	_, err := s.change(ctx, v, stepReview, func(_ context.Context, t *turn) (outcome, err error) {
		t.Credentials.Checked = false
		return ErrUsernameTaken, nil
	})
	return err
}
