package recovery

import (
	"context"
	"errors"
	"slices"
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
// stranger's, end, except for those that a link does not stop; so do the permissions that apps were given since. browser and the error are those of accounts.Disownable.
func (s *Service) NotMe(ctx context.Context, link string, browser []byte) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		denied, err := s.accounts.Disown(ctx, link, browser)
		if err != nil {
			return err
		}
		account := denied.Account
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
		if denied.Mailed {
			if err := s.undoSince(ctx, b, account.ID, denied); err != nil {
				return err
			}
		}
		return s.db.Finish(ctx, b)
	})
}

// voidLater ends the changes of address that were asked for after an undone one, on hold or made: whoever made it read their notices, and
// the links in them would take the address away again.
func (s *Service) voidLater(ctx context.Context, b *pgx.Batch, undone Change) error {
	later, err := s.store.changes(ctx, `account_id = @account and act = @act and id <> @id and asked_at >= @asked_at and (state = 'held' or state = 'applied' and undo_until > @now) for update`,
		pgx.NamedArgs{"account": undone.AccountID, "act": ChangeEmail, "id": undone.ID, "asked_at": undone.AskedAt, "now": s.now()})
	if err != nil {
		return err
	}
	for _, c := range later {
		to := "stopped"
		if c.state == "applied" {
			to = "undone"
		}
		s.queueStopped(ctx, b, c, to)
	}
	return nil
}

// undoSince changes the address back to that of a notice, which can still be undone: who denies with the notice's link reads the former
// mailbox, and everything by which they get in again would go to the new one. It notifies the former mailbox.
func (s *Service) undoSince(ctx context.Context, b *pgx.Batch, accountID uuid.UUID, denied accounts.Denial) error {
	found, err := s.store.changes(ctx, `account_id = @account and act = @act and state = 'applied' and undo_until > @now and apply_at > @notice and not in_person`+notOvertaken+`
		order by apply_at for update`, pgx.NamedArgs{"account": accountID, "act": ChangeEmail, "now": s.now(), "notice": denied.Event})
	if err != nil || len(found) == 0 {
		return err
	}
	if err := s.accounts.RestoreEmail(ctx, accountID, found[0].oldEmail); err != nil {
		return err
	}
	for _, c := range found {
		s.queueStopped(ctx, b, c, "undone")
	}
	if err := s.queueNotices(ctx, b, accountID, "email_cancelled"); err != nil {
		return err
	}
	account, err := s.accounts.Get(ctx, accountID)
	if err != nil {
		return err
	}
	kind, args := denied.Notice()
	return s.accounts.QueueNotice(ctx, b, account, kind, args)
}

// StopHeld ends the held changes of an account at the member's request to the desk, and reports whether there were any.
// It takes part in the transaction of ctx.
func (s *Service) StopHeld(ctx context.Context, accountID uuid.UUID) (stopped bool, err error) {
	return s.stopHeld(ctx, accountID, func(Change) bool { return true }, stopNotices)
}

// StopUnlessClosing is StopHeld for an account that the desk deactivates, perhaps because another person was in it: nothing that was
// asked for before may change it meanwhile, except that it is closed for good.
func (s *Service) StopUnlessClosing(ctx context.Context, accountID uuid.UUID) error {
	_, err := s.stopHeld(ctx, accountID, func(c Change) bool { return c.Act != CloseAccount }, stopNotices)
	return err
}

// isOwnEmail reports whether the change is one of address that was asked for in a session of the account's.
func (c Change) isOwnEmail() bool { return c.AskedBy == "" && c.Act == ChangeEmail }

// StopOwn ends a held change of address that was asked for in a session: after a change of password nobody knows
// any more who asked. It takes part in the transaction of ctx.
func (s *Service) StopOwn(ctx context.Context, accountID uuid.UUID) error {
	_, err := s.stopHeld(ctx, accountID, Change.isOwnEmail, map[Act]string{ChangeEmail: "email_cancelled_password"})
	return err
}

// StoppedOwn reports whether the password that was set at an instant stopped such a change: one that was on hold then, and not one that
// was stopped before or asked for later.
func (s *Service) StoppedOwn(ctx context.Context, accountID uuid.UUID, set time.Time) (stopped bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		select exists (select from held_changes
			where account_id = $1 and act = $2 and asked_by = '' and state = 'stopped' and asked_at <= $3 and decided_at >= $3)`,
		accountID, ChangeEmail, set).Scan(&stopped)
	return stopped, err
}

// stopHeld stops the held changes of an account for which which is true. mails are the kinds of the mails about them.
func (s *Service) stopHeld(ctx context.Context, accountID uuid.UUID, which func(Change) bool, mails map[Act]string) (stopped bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.accounts.Lock(ctx, accountID); err != nil {
			return err
		}
		held, err := s.store.changes(ctx, `account_id = @account and state = 'held' for update`, pgx.NamedArgs{"account": accountID})
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		var notices []string
		for _, c := range held {
			if which(c) {
				s.queueStopped(ctx, b, c, "stopped")
				notices = append(notices, mails[c.Act])
			}
		}
		if stopped = b.Len() > 0; !stopped {
			return nil
		}
		if err := s.queueNotices(ctx, b, accountID, notices...); err != nil {
			return err
		}
		return s.db.From(ctx).SendBatch(ctx, b).Close()
	})
	return stopped, err
}

// StopBySession ends a held change of an account and every other session, for whoever is signed in: the person who
// asked for the change may have one. It reports whether the change is stopped, now or before. A change that was asked
// for in person is not: a thief who knows the password could lock its owner out that way. The desk can still stop it by
// telephone (S-64). The error is accounts.ErrNoSession if the session has ended meanwhile, or the database's.
func (s *Service) StopBySession(ctx context.Context, accountID, id uuid.UUID, sid string) (stopped bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.accounts.StillOpen(ctx, accountID, sid); err != nil {
			return err
		}
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
		stopped, err = s.stopHeld(ctx, accountID, func(other Change) bool { return other.ID == c.ID }, stopNotices)
		return err
	})
	return stopped, err
}

// stopNotices are the mails about a change that was stopped or undone.
var stopNotices = map[Act]string{ChangeEmail: "email_cancelled", CloseAccount: "close_stopped"}

// linkNotices are those of a link, with which every session ends.
var linkNotices = map[Act]string{ChangeEmail: "email_cancelled_link", CloseAccount: "close_stopped"}

func (s *Service) queueNotices(ctx context.Context, b *pgx.Batch, accountID uuid.UUID, kinds ...string) error {
	if kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == "" }); len(kinds) == 0 {
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
	c, err := s.store.stoppable(ctx, byLink, pgx.NamedArgs{"link": seal.Digest(link), "now": s.now()})
	if err != nil {
		return c, accounts.Account{}, err
	}
	account, err := s.accounts.Get(ctx, c.AccountID)
	return c, account, err
}

// stopped is what has become of the change of a link.
type stopped struct {
	act    Act              // what it would have done, "" if it was not stopped just now
	byLink bool             // a session, another password or the desk may have been faster, and end no sessions
	closed accounts.Closure // what a new password would meet
}

// Stopped returns what has become of the change of a link that was stopped or undone just now.
func (s *Service) Stopped(ctx context.Context, link string) (st stopped, err error) {
	var id uuid.UUID
	err = s.db.From(ctx).QueryRow(ctx, `
		select act, coalesce(link = first_link, false), account_id
		from held_changes where $1 in (link, first_link) and state in ('stopped', 'undone') and decided_at > $2 limit 1`,
		seal.Digest(link), s.now().Add(-accounts.PressedAgain)).Scan(&st.act, &st.byLink, &id)
	if errors.Is(err, pgx.ErrNoRows) {
		return stopped{}, nil
	}
	if err == nil {
		st.closed, err = s.accounts.RecoveryClosed(ctx, id)
	}
	return st, err
}

// Stop uses a link: the change is dropped or undone, and every session ends. The error is ErrLink, or the database's.
func (s *Service) Stop(ctx context.Context, link string) (act Act, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		args := pgx.NamedArgs{"link": seal.Digest(link), "now": s.now()}
		c, err := s.store.stoppable(ctx, byLink, args)
		if err == nil {
			err = s.accounts.Lock(ctx, c.AccountID)
		}
		if err == nil {
			c, err = s.store.stoppable(ctx, byLink+` for update`, args)
		}
		if err != nil {
			return err
		}
		act = c.Act
		b, to := &pgx.Batch{}, "stopped"
		if c.state == "applied" {
			to = "undone"
			if err := s.accounts.RestoreEmail(ctx, c.AccountID, c.oldEmail); err != nil {
				return err
			}
			QueueEndAccount(b, c.AccountID)
			if err := s.voidLater(ctx, b, c); err != nil {
				return err
			}
		} else if err := s.accounts.EndSessions(ctx, c.AccountID, ""); err != nil {
			return err
		}
		s.queueStopped(ctx, b, c, to)
		s.store.queueUsed(b, c.ID, seal.Digest(link))
		if err := s.queueNotices(ctx, b, c.AccountID, linkNotices[c.Act]); err != nil {
			return err
		}
		return s.db.Finish(ctx, b)
	})
	return act, err
}
