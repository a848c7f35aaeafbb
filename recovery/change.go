package recovery

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
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// Act is what a held change will do. Its text is the end of admin.act.*.
type Act string

const (
	ChangeEmail   Act = "change_email"
	ResetFactor   Act = "reset_factor"
	ResetQuestion Act = "reset_question" // recovery asks for none then
	ChangeMember  Act = "change_member"  // to another row of the roster
	CloseAccount  Act = "close_account"  // at its member's wish; signing in stops it
)

const (
	hold     = 24 * time.Hour // before a change is applied (S-64)
	undoTime = 72 * time.Hour // in which the old address can undo a change of address (S-53)
)

// Errors of held changes.
var (
	ErrHeld = errors.New("recovery: such a change is held already")
	ErrLink = errors.New("recovery: no such link")
)

// Change is a held change, or one that can still be undone.
type Change struct {
	ID        uuid.UUID
	AccountID uuid.UUID
	Act       Act
	Email     string    // the new address of ChangeEmail
	MemberID  uuid.UUID // the row of ChangeMember
	AskedBy   string    // ID of the member of staff
	InPerson  bool      // its owner came to the desk with an ID: no link stops the change
	SID       string    // of the session that asks, to begin it; "" for the desk
	AskedAt   time.Time
	ApplyAt   time.Time
	UndoUntil time.Time // zero before it is applied
	oldEmail  string
	state     string
}

// linked reports whether the notices to the old address carry the link that stops or undoes the change. Whoever reads
// that mailbox could use it to lock its owner out for good. Somebody who came in person has shown who they are, and the
// desk can still stop the change by telephone (S-64).
func (c Change) linked() bool { return !c.InPerson }

// ShownEmail is the new address as pages and notices show it, masked; "" for one that was told in person: who reads the old mailbox or has a
// session may be whom its owner flees.
func (c Change) ShownEmail() string {
	if c.InPerson {
		return ""
	}
	return c.Email
}

// notice is the kind of a mail about the change. The one without a link says whom to call.
func (c Change) notice(kind string, args templates.Args, link string) (string, templates.Args) {
	if !c.linked() {
		return kind + "_in_person", args
	}
	args["link"] = link
	return kind, args
}

// closings is how often the closing of an account may be asked for and taken back.
var closings = ratelimit.Limit{Name: "close_requested", Count: 6, Per: time.Hour}

// Hold holds a change for 24 hours, a closing for days, and notifies the address on file, with a link that stops it. It
// takes part in the transaction of ctx. The error is ErrHeld, a flaw of the address, accounts.ErrNotFound, accounts.ErrNoSession if the
// session that asks has ended meanwhile, *ratelimit.Exceeded for a closing that was asked for and taken back too often, or the database's.
func (s *Service) Hold(ctx context.Context, c Change) (Change, error) {
	now := s.now()
	c.ID, c.AskedAt, c.ApplyAt, c.state = uuid.Must(uuid.NewV7()), now, now.Add(s.holdOf(c.Act)), "held"
	if c.Act == ChangeEmail {
		parsed, err := accounts.ParseEmail(c.Email)
		if err != nil {
			return c, err
		}
		c.Email = parsed
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		lock := s.accounts.Lock
		if c.SID != "" {
			lock = func(ctx context.Context, id uuid.UUID) error { return s.accounts.StillOpen(ctx, id, c.SID) }
		}
		if err := lock(ctx, c.AccountID); err != nil {
			return err
		}
		account, err := s.accounts.Get(ctx, c.AccountID)
		if err != nil {
			return err
		}
		if !account.ClosedAt.IsZero() { // there is nothing left to change
			return accounts.ErrNotFound
		}
		token, b := seal.NewToken(), &pgx.Batch{}
		s.store.queueHold(b, c, seal.Digest(token))
		events := []audit.Event{{Kind: audit.ChangeHeld, At: now, AccountID: c.AccountID.String(), Actor: c.AskedBy, Success: true, Data: map[string]string{"act": string(c.Act)}}}
		kind, args := "staff_pending", templates.Args{"act": templates.Key("admin.act." + string(c.Act)), "datetime": c.ApplyAt}
		if c.Act == ChangeEmail {
			kind, args["address"] = "email_requested", templates.MaskEmail(c.Email)
			events = append(events, audit.Event{Kind: audit.EmailChangeAsked, At: now, AccountID: c.AccountID.String(), Actor: c.AskedBy, Success: true})
		}
		if c.Act == CloseAccount {
			if err := s.limiter.Take(ctx, closings, c.AccountID.String(), now); err != nil { // a mail whose link alone stops it is never held back
				return err
			}
			kind = "close_requested"
			events = append(events, audit.Event{Kind: audit.CloseAsked, At: now, AccountID: c.AccountID.String(), RequestID: web.RequestID(ctx), Success: true})
			if err := s.accounts.BeginClose(ctx, c.AccountID, c.ApplyAt); err != nil {
				return err
			}
			QueueEndAccount(b, c.AccountID)
		}
		kind, args = c.notice(kind, args, s.cancelLink(token))
		s.audit.Queue(ctx, b, events...)
		if err := s.accounts.QueueNotice(ctx, b, account, kind, args); err != nil {
			return err
		}
		return held(s.db.Finish(ctx, b))
	})
	return c, err
}

func (s *Service) holdOf(act Act) time.Duration {
	if act == CloseAccount {
		return s.closeHold
	}
	return hold
}

// ClosingHold is how long the closing of an account is held.
func (s *Service) ClosingHold() time.Duration { return s.closeHold }

func (s *Service) cancelLink(token string) string { return s.issuer + "/cancel-change?link=" + token }

// Pending returns the held changes of an account, newest first.
func (s *Service) Pending(ctx context.Context, accountID uuid.UUID) ([]Change, error) {
	return s.store.changes(ctx, `account_id = @account and state = 'held' order by asked_at desc`, pgx.NamedArgs{"account": accountID})
}

// Recent returns the changes of an account of the last 30 days, the newest first, except for closings.
func (s *Service) Recent(ctx context.Context, accountID uuid.UUID) ([]Change, error) {
	return s.store.changes(ctx, `account_id = @account and act <> 'close_account' and asked_at > @since order by asked_at desc, id desc`,
		pgx.NamedArgs{"account": accountID, "since": s.now().AddDate(0, 0, -30)})
}

// Held reports whether the change waits for its hour, Applied whether it was made and not undone.
func (c Change) Held() bool    { return c.state == "held" }
func (c Change) Applied() bool { return c.state == "applied" }

// HeldBy returns the held changes that a person of the desk asked for, the first to be applied first.
func (s *Service) HeldBy(ctx context.Context, person string, limit int) ([]Change, error) {
	return s.store.changes(ctx, `asked_by = @person and state = 'held' order by apply_at limit @limit`, pgx.NamedArgs{"person": person, "limit": limit})
}

// ApplyDue applies changes whose hold is over, at most 100. cmd/idp calls it periodically on any number of instances.
// One failing change does not block the others.
func (s *Service) ApplyDue(ctx context.Context) (failures error) {
	now, tried := s.now(), []uuid.UUID{}
	for range 100 {
		due, err := s.store.changes(ctx, `state = 'held' and apply_at <= @now and id <> all(@tried) order by apply_at limit 1`, pgx.NamedArgs{"now": now, "tried": tried})
		if err != nil || len(due) == 0 {
			return errors.Join(failures, err)
		}
		tried = append(tried, due[0].ID)
		failures = errors.Join(failures, s.applyOne(ctx, due[0], now))
	}
	return failures
}

// applyOne applies a change that was due when it was read, unless another instance was faster, it was stopped, or its owner has had no
// time to stop it: a notice that had to wait for the mail server is late, and so is the change.
func (s *Service) applyOne(ctx context.Context, c Change, now time.Time) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.accounts.Lock(ctx, c.AccountID); err != nil {
			return err
		}
		due, err := s.store.changes(ctx, `id = @id and state = 'held' for update`, pgx.NamedArgs{"id": c.ID})
		if err != nil || len(due) == 0 {
			return err
		}
		left, waits, err := s.accounts.NoticeLeft(ctx, c.AccountID, c.AskedAt, holdNotices)
		if err != nil {
			return err
		}
		if waits {
			left = now
		}
		if until := left.Add(s.holdOf(c.Act)); left.Sub(c.AskedAt) > lateNotice && now.Before(until) { // pages tell the new hour
			if c.Act == CloseAccount {
				if err := s.accounts.MoveClose(ctx, c.AccountID, until); err != nil {
					return err
				}
			}
			_, err := s.db.From(ctx).Exec(ctx, `update held_changes set apply_at = $2 where id = $1`, c.ID, until)
			return err
		}
		return s.apply(ctx, due[0], now)
	})
}

// holdNotices are the kinds of mail that tell of a change on hold; one that leaves later than lateNotice moves the change.
// They name the hour as the earliest.
var holdNotices = []string{"email_requested", "email_requested_in_person", "staff_pending", "staff_pending_in_person", "close_requested"}

const lateNotice = time.Hour

// apply applies a locked change. The old address is notified before it is replaced, with a link that undoes the change.
func (s *Service) apply(ctx context.Context, c Change, now time.Time) error {
	account, err := s.accounts.Get(ctx, c.AccountID)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.ChangeApplied, At: now, AccountID: c.AccountID.String(), Actor: c.AskedBy, Success: true, Data: map[string]string{"act": string(c.Act)}})
	switch c.Act {
	case ChangeMember:
		return s.applyMember(ctx, b, c, now)
	case CloseAccount:
		return s.applyClose(ctx, b, c, account, now)
	}
	if remove, ok := map[Act]func(context.Context, uuid.UUID) error{ResetFactor: s.accounts.RemoveFactors, ResetQuestion: s.accounts.RemoveQuestion}[c.Act]; ok {
		s.store.queueDecide(b, c.ID, "applied", now)
		if err := remove(ctx, c.AccountID); err != nil {
			return err
		}
		return s.db.Finish(ctx, b)
	}
	token := seal.NewToken()
	c.oldEmail, c.UndoUntil = account.Email, now.Add(undoTime)
	s.store.queueApplied(b, c, seal.Digest(token), now)
	kind, args := c.notice("email_changed", templates.Args{"datetime": c.UndoUntil, "address": templates.MaskEmail(c.Email)}, s.cancelLink(token))
	if err := s.accounts.QueueNotice(ctx, b, account, kind, args); err != nil {
		return err
	}
	proven := c.AskedBy == "" // the member's own wish came with a code to that address
	if c.InPerson {
		err = s.accounts.ChangeEmailInPerson(ctx, c.AccountID, c.Email)
	} else {
		err = s.accounts.ChangeEmail(ctx, c.AccountID, c.Email, proven)
	}
	if err != nil {
		return err
	}
	if !proven {
		account.Email = c.Email
		args := templates.Args{"datetime": now.Add(confirmLife), "link": s.confirmLink(c)}
		if err := s.accounts.QueueNotice(ctx, b, account, "email_confirm", args); err != nil {
			return err
		}
	}
	QueueEndAccount(b, c.AccountID)
	return s.db.Finish(ctx, b)
}

// applyMember drops the change instead if somebody has registered with that row in the meantime, or it has ended.
func (s *Service) applyMember(ctx context.Context, b *pgx.Batch, c Change, now time.Time) error {
	listed, err := s.roster.MayRegister(ctx, c.MemberID)
	if err != nil {
		return err
	}
	_, err = s.accounts.ByMember(ctx, c.MemberID)
	if err == nil || !listed {
		b = &pgx.Batch{}
		s.queueStopped(ctx, b, c, "stopped")
		return s.db.Finish(ctx, b)
	}
	if !errors.Is(err, accounts.ErrNotFound) {
		return err
	}
	if err := s.accounts.ChangeMember(ctx, c.AccountID, c.MemberID); err != nil {
		return err
	}
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.StaffActed, At: now, AccountID: c.AccountID.String(), Actor: c.AskedBy, Success: true, Data: map[string]string{"act": string(c.Act)}})
	s.store.queueDecide(b, c.ID, "applied", now)
	QueueEndAccount(b, c.AccountID)
	return s.db.Finish(ctx, b)
}

// applyClose drops the closing instead if the account is not in its member's hands at the end: staff or "this wasn't me"
// have shut it, and what happened has yet to be cleared up.
func (s *Service) applyClose(ctx context.Context, b *pgx.Batch, c Change, account accounts.Account, now time.Time) error {
	if account.Status != accounts.Active {
		b = &pgx.Batch{}
		s.queueStopped(ctx, b, c, "stopped")
		return s.db.Finish(ctx, b)
	}
	others, err := s.store.changes(ctx, `account_id = @account and id <> @id and state = 'held' for update`, pgx.NamedArgs{"account": c.AccountID, "id": c.ID})
	if err != nil {
		return err
	}
	for _, other := range others {
		s.queueStopped(ctx, b, other, "stopped")
	}
	b.Queue(`update held_changes set undo_until = null where account_id = $1 and undo_until is not null`, c.AccountID) // nor is anything undone
	s.store.queueDecide(b, c.ID, "applied", now)
	if err := s.accounts.QueueNotice(ctx, b, account, "close_done", nil); err != nil {
		return err
	}
	QueueEndAccount(b, c.AccountID)
	if err := s.accounts.Close(ctx, c.AccountID); err != nil {
		return err
	}
	return s.db.Finish(ctx, b)
}
