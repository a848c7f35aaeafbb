package registration

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/members"
)

// repeat is how long a second Finalizar, of a double click or another tab, gets the same answer as the first.
const repeat = 10 * time.Minute

// Finish creates the account: account, agreement, certification, audit rows, welcome mail and what signIn adds are
// committed together. Calling it again creates no second account. certification is the version of the text
// beside the box. The error is ErrHasAccount, ErrUsernameTaken, ErrNoMatch if the member has left the roster since the
// match, accounts.ErrDisabled, a *movedError, errGone or errBusy.
func (s *Service) Finish(ctx context.Context, v Visit, certification string, signIn func(*pgx.Batch, accounts.Account)) (r *Registration, err error) {
	now := s.Now()
	var outcome error
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if r, err = s.store.lock(ctx, seal.Digest(v.Token)); err != nil {
			return err
		}
		if err := v.mayUse(r, now); err != nil {
			return err
		}
		if !r.FinishedAt.IsZero() {
			return s.finished(ctx, r, now, signIn)
		}
		if err := v.mayKnow(r, now); err != nil {
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
		t := &turn{Registration: r, visit: v, now: now, batch: &pgx.Batch{}}
		listed, err := s.Roster.MayRegister(ctx, r.MemberID) // the match is up to a day old
		if err != nil {
			return err
		}
		if !listed {
			outcome = ErrNoMatch
			return s.unmatch(ctx, t)
		}
		return s.create(ctx, t, text, signIn)
	})
	switch {
	case errors.Is(err, accounts.ErrMemberHasAccount):
		return s.lostCard(ctx, v)
	case errors.Is(err, accounts.ErrUsernameTaken):
		return s.lostUsername(ctx, v)
	case err != nil:
		return r, err
	}
	return r, outcome
}

// unmatch sends the member back to the card, which gets the answer of an unknown one. The member made no mistake: nothing
// is counted.
func (s *Service) unmatch(ctx context.Context, t *turn) error {
	t.voidMatch()
	t.Differs = []string{members.FieldMemberNumber}
	t.record(audit.IdentityRefused, "ended")
	s.queueSave(ctx, t)
	return s.send(ctx, t.batch)
}

// finished answers the second of two Finalizar.
func (s *Service) finished(ctx context.Context, r *Registration, now time.Time, signIn func(*pgx.Batch, accounts.Account)) error {
	if !now.Before(r.FinishedAt.Add(repeat)) {
		return errFinished
	}
	account, err := s.Accounts.Get(ctx, r.AccountID)
	if err != nil {
		return err
	}
	account.LastSignInAt = time.Time{} // this, too, is the registration's own sign-in
	b := &pgx.Batch{}
	signIn(b, account)
	return accounts.Refused(s.send(ctx, b))
}

func (s *Service) create(ctx context.Context, t *turn, text Document, signIn func(*pgx.Batch, accounts.Account)) error {
	v, r, now := t.visit, t.Registration, t.now
	account, err := s.Accounts.QueueCreate(ctx, t.batch, accounts.NewAccount{
		ID: r.AccountID, Username: r.Credentials.Username, Email: r.Credentials.Address, Language: v.Language, MemberID: r.MemberID,
		PasswordHash: r.PasswordHash, Question: r.Credentials.Question, AnswerHash: r.AnswerHash,
		Agreement:     accounts.Acceptance{Version: r.AgreementVersion, Language: r.AgreementLanguage, TextHash: r.AgreementHash, At: r.AgreedAt},
		Certification: accounts.Acceptance{Version: text.Version, Language: text.Language, TextHash: text.Hash, At: now},
	})
	if err != nil {
		return err
	}
	if err := s.Accounts.QueueNotice(ctx, t.batch, account, "welcome", nil); err != nil {
		return err
	}
	r.finish(now)
	finished := v.event(r, audit.RegistrationFinished, now, "")
	finished.AccountID = account.ID.String()
	t.events = append(t.events, finished)
	s.Limiter.QueueReturn(t.batch, beginSource, v.Source)
	s.queueSave(ctx, t)
	signIn(t.batch, account)
	return accounts.Refused(s.send(ctx, t.batch))
}

// lostCard ends the registration that lost a race for one card: another browser created the account. The mailbox on
// file is notified, and this registration can create no second account.
func (s *Service) lostCard(ctx context.Context, v Visit) (*Registration, error) {
	return s.change(ctx, v, stepReview, func(ctx context.Context, t *turn) (outcome, err error) {
		holder, err := s.Accounts.ByMember(ctx, t.MemberID)
		if err != nil {
			return nil, err
		}
		t.HolderID = holder.ID
		err = s.Limiter.Take(ctx, holderNotice, holder.ID.String(), t.now)
		_, recent := errors.AsType[*ratelimit.Exceeded](err)
		if err != nil && !recent {
			return nil, err
		}
		content, err := s.holderMail(t, holder)
		if err != nil {
			return nil, err
		}
		return ErrHasAccount, s.queueHolderMail(ctx, t, holder, content, recent)
	})
}

// lostUsername sends the member back to choose another username.
func (s *Service) lostUsername(ctx context.Context, v Visit) (*Registration, error) {
	return s.change(ctx, v, stepReview, func(_ context.Context, t *turn) (outcome, err error) {
		t.Credentials.Checked = false
		return ErrUsernameTaken, nil
	})
}
