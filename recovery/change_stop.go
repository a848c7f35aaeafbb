package recovery

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// QueueKeptOpen ends the closing of an account whose member has signed in.
func QueueKeptOpen(b *pgx.Batch, account uuid.UUID, now time.Time) {
	b.Queue(`update held_changes set state = 'stopped', decided_at = $2 where account_id = $1 and act = 'close_account' and state = 'held'`, account, now)
}

// NotMe uses the link of a notice: the account is protected, and its open recoveries and held changes, each perhaps a
// stranger's, end, except for those that a link does not stop; so do the permissions that apps were given since. closed reports that recovery has to go through the desk.
// browser and the error are those of accounts.Disownable.
func (s *Service) NotMe(ctx context.Context, link string, browser []byte) (closed bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		denied, err := s.accounts.Disown(ctx, link, browser)
		if err != nil {
			return err
		}
		account := denied.Account
		closed = denied.QuestionClosed
		if s.apps != nil {
			if err := s.apps.StopSince(ctx, account, denied.Event); err != nil {
				return err
			}
		}
		held, err := s.Pending(ctx, account.ID)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		for _, c := range held {
			if c.linked() {
				s.queueStopped(ctx, b, c, "stopped")
			}
		}
		QueueEndAccount(b, account.ID)
		queueForgetDone(b, account.ID)
		return s.db.Finish(ctx, b)
	})
	return closed, err
}

// StopHeld ends the held changes of an account at the member's request to the desk, and reports whether there were any.
// It takes part in the transaction of ctx.
func (s *Service) StopHeld(ctx context.Context, accountID uuid.UUID) (stopped bool, err error) {
	return s.stopHeld(ctx, accountID, func(Change) bool { return true })
}

// StopOwn ends a held change of address that the member asked for in person: after a change of password nobody knows
// any more who asked. It takes part in the transaction of ctx.
func (s *Service) StopOwn(ctx context.Context, accountID uuid.UUID) error {
	_, err := s.stopHeld(ctx, accountID, func(c Change) bool { return c.AskedBy == "" && c.Act == ChangeEmail })
	return err
}

func (s *Service) stopHeld(ctx context.Context, accountID uuid.UUID, which func(Change) bool) (stopped bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		held, err := s.store.changes(ctx, `account_id = @account and state = 'held' for update`, pgx.NamedArgs{"account": accountID})
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		var notices []string
		for _, c := range held {
			if which(c) {
				s.queueStopped(ctx, b, c, "stopped")
				notices = append(notices, stopNotices[c.Act]...)
			}
		}
		if stopped = b.Len() > 0; !stopped {
			return nil
		}
		if err := s.queueNotices(ctx, b, accountID, notices); err != nil {
			return err
		}
		return s.db.From(ctx).SendBatch(ctx, b).Close()
	})
	return stopped, err
}

// StopBySession ends a held change of an account and every other session, for whoever is signed in: the person who
// asked for the change may have one. It reports whether the change is stopped, now or before. A change that was asked
// for in person is not: a thief who knows the password could lock its owner out that way. The desk can still stop it by
// telephone (S-64).
func (s *Service) StopBySession(ctx context.Context, accountID, id uuid.UUID, sid string) (stopped bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		found, err := s.store.changes(ctx, `id = @id and account_id = @account for update`, pgx.NamedArgs{"id": id, "account": accountID})
		if err != nil || len(found) == 0 {
			return err
		}
		c := found[0]
		if stopped = c.state == "stopped"; stopped || c.state != "held" || c.InPerson {
			return nil
		}
		if err := s.accounts.EndSessions(ctx, accountID, sid); err != nil {
			return err
		}
		stopped, err = s.stopHeld(ctx, accountID, func(other Change) bool { return other.ID == c.ID })
		return err
	})
	return stopped, err
}

// stopNotices are the mails about a change that was stopped or undone.
var stopNotices = map[Act][]string{ChangeEmail: {"email_cancelled"}, CloseAccount: {"close_stopped"}}

func (s *Service) queueNotices(ctx context.Context, b *pgx.Batch, accountID uuid.UUID, kinds []string) error {
	if len(kinds) == 0 {
		return nil
	}
	account, err := s.accounts.Get(ctx, accountID)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		if err := s.accounts.QueueNotice(ctx, b, account, kind, nil); err != nil {
			return err
		}
	}
	return nil
}

// queueStopped stops or undoes a change, and records it.
func (s *Service) queueStopped(ctx context.Context, b *pgx.Batch, c Change, state string) {
	now := s.now()
	s.store.queueDecide(b, c.ID, state, now)
	event := audit.Event{Kind: audit.ChangeStopped, At: now, AccountID: c.AccountID.String(), RequestID: web.RequestID(ctx), Success: true, Data: map[string]string{"act": string(c.Act)}}
	s.audit.Queue(ctx, b, event)
	switch c.Act {
	case ChangeEmail:
		event.Kind = audit.EmailChangeStop
		s.audit.Queue(ctx, b, event)
	case CloseAccount:
		s.accounts.QueueKeepOpen(b, c.AccountID)
		event.Kind = audit.CloseStopped
		s.audit.Queue(ctx, b, event)
	}
}

// Stoppable returns the change that a link would stop or undo, and its account. The error is ErrLink, or the
// database's.
func (s *Service) Stoppable(ctx context.Context, link string) (Change, accounts.Account, error) {
	c, err := s.store.stoppable(ctx, `link = @link`, pgx.NamedArgs{"link": seal.Digest(link), "now": s.now()})
	if err != nil {
		return c, accounts.Account{}, err
	}
	account, err := s.accounts.Get(ctx, c.AccountID)
	return c, account, err
}

// Stopped reports whether the change of a link was stopped or undone just now.
func (s *Service) Stopped(ctx context.Context, link string) (just bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `select exists (select from held_changes where link = $1 and state in ('stopped', 'undone') and decided_at > $2)`,
		seal.Digest(link), s.now().Add(-accounts.PressedAgain)).Scan(&just)
	return just, err
}

// Stop uses a link: the change is dropped or undone, and every session ends. The error is ErrLink, or the database's.
func (s *Service) Stop(ctx context.Context, link string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.store.stoppable(ctx, `link = @link for update`, pgx.NamedArgs{"link": seal.Digest(link), "now": s.now()})
		if err != nil {
			return err
		}
		b, to := &pgx.Batch{}, "stopped"
		if c.state == "applied" {
			to = "undone"
			if err := s.accounts.RestoreEmail(ctx, c.AccountID, c.oldEmail); err != nil {
				return err
			}
			QueueEndAccount(b, c.AccountID)
		} else if err := s.accounts.EndSessions(ctx, c.AccountID, ""); err != nil {
			return err
		}
		s.queueStopped(ctx, b, c, to)
		if err := s.queueNotices(ctx, b, c.AccountID, stopNotices[c.Act]); err != nil {
			return err
		}
		return s.db.Finish(ctx, b)
	})
}
