package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/web"
)

// Due is what the member of an imported account has yet to provide.
type Due struct {
	Agreement bool // none was ever accepted
	Address   bool // a proof that the address is theirs
	Question  bool
	Password  bool // the one from the other system breaks the rules
	Settled   bool // nothing: the account is complete
}

// Due reads what an account lacks; questions says whether a secret question is required.
func (s *Service) Due(ctx context.Context, id uuid.UUID, questions bool) (d Due, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		select not exists (select from account_acceptances where account_id = id and kind = 'agreement'), settle_proven_at is null, $2 and not exists (select from account_questions where account_id = id), password_due, imported_at is null or settled_at is not null
		from accounts where id = $1`, id, questions).Scan(&d.Agreement, &d.Address, &d.Question, &d.Password, &d.Settled)
	if err != nil {
		return d, fmt.Errorf("reading what an account lacks: %w", err)
	}
	return d, nil
}

// SettleAddress records that the member of an imported account has proven the address.
func (s *Service) SettleAddress(ctx context.Context, session Session) error {
	now := s.now()
	b := &pgx.Batch{}
	b.Queue(`update accounts set settle_proven_at = $2, email_proven = true, updated_at = $2 where id = $1`, session.AccountID, now)
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.EmailProven, At: now, AccountID: session.AccountID.String(), SessionID: session.SID, RequestID: web.RequestID(ctx), Success: true})
	return s.store.run(ctx, b)
}

// Settlement completes an imported account whose address is proven.
type Settlement struct {
	Session      Session
	Question     string
	AnswerHash   []byte // nil: no question is asked for
	PasswordHash []byte // nil: the password stays
}

// Settle is idempotent: what was set first stays.
func (s *Service) Settle(ctx context.Context, n Settlement) error {
	id, now := n.Session.AccountID, s.now()
	event := audit.Event{At: now, AccountID: id.String(), SessionID: n.Session.SID, RequestID: web.RequestID(ctx), Success: true}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.db.From(ctx).Exec(ctx, `
			update accounts set settled_at = $2, updated_at = $2 where id = $1 and settled_at is null and settle_proven_at is not null
				and exists (select from account_acceptances where account_id = id and kind = 'agreement')`, id, now)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		b := &pgx.Batch{}
		s.queueSuperseded(b, id)
		if n.AnswerHash != nil {
			if event.Data, err = s.markOf(nil, answerSecret(id, n.AnswerHash)); err != nil {
				return err
			}
			event.Kind = audit.QuestionChanged
			b.Queue(`insert into account_questions (account_id, question, answer_sealed, set_at) values ($1, $2, $3, $4)`, id, n.Question, n.AnswerHash, now)
			s.audit.Queue(ctx, b, event)
		}
		if n.PasswordHash != nil {
			if event.Data, err = s.markOf(nil, passwordSecret(id, n.PasswordHash)); err != nil {
				return err
			}
			event.Kind = audit.PasswordChanged
			b.Queue(`update accounts set password_sealed = $2, password_scheme = null, password_due = false, credentials_changed_at = $3 where id = $1`, id, n.PasswordHash, now)
			s.audit.Queue(ctx, b, event)
			if err := s.EndSessions(ctx, id, n.Session.SID); err != nil {
				return err
			}
		}
		return s.store.run(ctx, b)
	})
	if err != nil {
		return fmt.Errorf("settling an account: %w", err)
	}
	return nil
}

// WelcomeProofSent reports whether a code is out to the address on file in this session, and how many tries are left.
func (s *Service) WelcomeProofSent(ctx context.Context, account Account, sid string) (sent bool, left int, err error) {
	address, left, err := s.EmailProof(ctx, account.ID, sid)
	if errors.Is(err, ErrNoPending) {
		return false, 0, nil
	}
	return err == nil && SameEmail(address, account.Email), left, err
}
