package accounts

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// DisownLife is how long a notice's link works (S-54).
const DisownLife = 10 * 24 * time.Hour

// PressedAgain is how long a second press of a link's button gets the same answer as the first, which used the link up.
const PressedAgain = 10 * time.Minute

// Notify queues a mail to the address on file, in the language of the account and in the transaction of ctx. Mails
// about an event carry a link with which the owner can say "this wasn't me". args are those of templates.Set.Mail,
// without username, link and date. The error is ErrNotFound, or the database's.
func (s *Service) Notify(ctx context.Context, id uuid.UUID, kind string, args templates.Args) error {
	account, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		if err := s.QueueNotice(ctx, b, account, kind, args); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}

// QueueNotice is Notify for a batch that is sent later, in the transaction of ctx, which must exist. What was told of often
// enough within the hour is not told again, see repeatable.
func (s *Service) QueueNotice(ctx context.Context, b *pgx.Batch, account Account, kind string, args templates.Args) error {
	if account.Email == "" { // closed for good
		return nil
	}
	if args == nil {
		args = templates.Args{}
	}
	now := s.now()
	if repeatable[kind] != "" {
		enough, last, err := s.enough(ctx, kind, account.ID, args)
		if err != nil || enough {
			return err
		}
		if last {
			args["times"] = repeated.Count
		}
	}
	args["username"] = account.Username
	if _, dated := args["at"]; !dated {
		args["at"] = now
	}
	if !account.ClosesAt.IsZero() {
		args["closes"] = account.ClosesAt
	}
	if templates.CanDisown(kind) {
		at, _ := args["at"].(time.Time)
		args["link"], args["date"] = s.issuer+s.queueDisownPath(b, disownLink{account: account.ID, event: at}), now.Add(DisownLife)
	}
	content, err := s.mails.Mail(account.Language, kind, args)
	if err != nil {
		return err
	}
	return s.outbox.Queue(ctx, b, mail.Message{Kind: kind, To: account.Email, Lang: account.Language, AccountID: account.ID, Content: content})
}

// disownLink denies what happened at a given time and everything since.
type disownLink struct {
	account uuid.UUID
	event   time.Time
	sid     *string // of the session whose history it is from; nil for a mail
	browser []byte  // of that session
}

func (s *Service) queueDisownPath(b *pgx.Batch, l disownLink) string {
	token := seal.NewToken()
	s.store.queueDisownLink(b, seal.Digest(token), l, s.now().Add(DisownLife))
	return "/not-me?link=" + token
}

// DisownLink returns the path that a notice at that time would have carried, for a member who finds the event in the
// history. Like a form, it belongs to the session and its browser, and is void once the session ends: nobody who saw the
// page can protect the account later.
func (s *Service) DisownLink(ctx context.Context, session Session, browser []byte, at time.Time) (string, error) {
	b := &pgx.Batch{}
	path := s.queueDisownPath(b, disownLink{session.AccountID, at, &session.SID, browser})
	return path, s.store.run(ctx, b)
}

// Deniable is what the owner is asked before the button of a link is pressed.
type Deniable struct {
	Account
	Event           time.Time // that the notice told of
	QuestionChanged time.Time // the secret question that would be reverted and closed; zero for none
	Closed          Closure   // why no new password could follow, if so
}

// Disownable returns the account that a link would protect; browser is that of the visitor. The error is ErrLink,
// ErrNoSession if the link belongs to a session that is over or to another browser's, or the database's.
func (s *Service) Disownable(ctx context.Context, link string, browser []byte) (d Deniable, err error) {
	l, err := s.disownLink(ctx, link, browser)
	if err != nil {
		return d, err
	}
	d.Event = l.event
	var changed *time.Time
	err = s.db.From(ctx).QueryRow(ctx, `select max(replaced_at) from former_questions where account_id = $1 and replaced_at >= $2`, l.account, l.event.Add(-sameHand)).Scan(&changed)
	if err != nil {
		return d, fmt.Errorf("reading when the question changed: %w", err)
	}
	d.QuestionChanged = postgres.Value(changed)
	if d.Closed, err = s.RecoveryClosed(ctx, l.account); err != nil {
		return d, err
	}
	d.Account, err = s.Get(ctx, l.account)
	return d, err
}

func (s *Service) disownLink(ctx context.Context, link string, browser []byte) (disownLink, error) {
	l, err := s.store.disownLink(ctx, seal.Digest(link), s.now())
	if err != nil || l.sid == nil {
		return l, err
	}
	if subtle.ConstantTimeCompare(l.browser, browser) != 1 {
		return l, ErrNoSession
	}
	open, err := s.store.openSession(ctx, *l.sid, s.now(), s.now().Add(-s.idle))
	if err == nil && !open {
		err = ErrNoSession
	}
	return l, err
}

// linksOfSession are how many links the history of one session keeps.
const linksOfSession = 20

// Denial is what a member denied by the link of a notice.
type Denial struct {
	Account        Account
	Event          time.Time // that the notice told of
	Mailed         bool      // by the link of a mail, not by one of the history
	QuestionClosed bool      // recovery goes through the desk
	notice         string    // the mail about it
	args           templates.Args
}

// Notice is the mail that tells the owner of a denial, for another address of theirs.
func (d Denial) Notice() (kind string, args templates.Args) { return d.notice, maps.Clone(d.args) }

// Disown uses a notice's link: every session and grant ends, and the old password is void until recovery sets another
// (S-54). Second steps that still wait are removed: an attacker with the password may have added them, and nobody has been
// asked for them yet. Those that count stay, because somebody who reads the mailbox must not be able to remove one; two
// the desk's staff remove an attacker's (S-64). A secret
// question set since then is reverted and closed, after which recovery goes through the desk. All other links of the
// account become void. browser and the error are those of Disownable.
func (s *Service) Disown(ctx context.Context, link string, browser []byte) (d Denial, err error) {
	now := s.now()
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		l, err := s.disownLink(ctx, link, browser)
		if err == nil {
			err = s.Lock(ctx, l.account)
		}
		if err == nil { // once more: its session may have ended meanwhile
			l, err = s.disownLink(ctx, link, browser)
		}
		if err != nil {
			return err
		}
		id, event, err := s.store.takeDisownLink(ctx, seal.Digest(link), now)
		if err != nil {
			return err
		}
		if d.notice, err = s.restoreQuestion(ctx, id, event, now); err != nil {
			return err
		}
		d.Event, d.Mailed, d.QuestionClosed = event, l.sid == nil, d.notice != ""
		if err := s.limiter.Take(ctx, denials, id.String(), now); err != nil {
			return err
		}
		if err := s.EndSessions(ctx, id, ""); err != nil {
			return err
		}
		if d.Account, err = s.Get(ctx, id); err != nil {
			return err
		}
		closed, err := s.RecoveryClosed(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case d.QuestionClosed:
		case d.Account.Status == Disabled:
			d.notice = "disowned_desk"
		case closed.Kind == "":
			d.notice = "disowned"
		case closed.Until.IsZero():
			d.notice = "disowned_desk"
		default:
			d.notice, d.args = "disowned_waits", templates.Args{"datetime": closed.Until}
		}
		b := &pgx.Batch{}
		s.store.protect(b, id, now)
		s.store.queueEndBegun(b, id)
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.Disowned, At: now, AccountID: id.String(), RequestID: web.RequestID(ctx), Success: true})
		if d.QuestionClosed {
			b.Queue(`update used_disown_links set question_closed = true where digest = $1`, seal.Digest(link))
		}
		kind, args := d.Notice()
		if err := s.QueueNotice(ctx, b, d.Account, kind, args); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
	return d, err
}

// Disowned is what a link has done.
type Disowned struct {
	Just           bool // it was used just now, so that the account is protected
	QuestionClosed bool
	Username       string
	Closed         Closure // see Deniable
	Disabled       bool    // only the desk reactivates the account
}

// Disowned returns what a link has done, the zero value if it was not used just now.
func (s *Service) Disowned(ctx context.Context, link string) (d Disowned, err error) {
	var id *uuid.UUID
	err = s.db.From(ctx).QueryRow(ctx, `
		select true, l.question_closed, coalesce(a.username, ''), a.id, coalesce(a.status = 'disabled', false)
		from used_disown_links l left join accounts a on a.id = l.account_id where l.digest = $1 and l.expires_at > $2`,
		seal.Digest(link), s.now()).Scan(&d.Just, &d.QuestionClosed, &d.Username, &id, &d.Disabled)
	if errors.Is(err, pgx.ErrNoRows) {
		return Disowned{}, nil
	}
	if err == nil && id != nil {
		d.Closed, err = s.RecoveryClosed(ctx, *id)
	}
	return d, err
}

func (s *store) queueDisownLink(b *pgx.Batch, digest []byte, l disownLink, expires time.Time) {
	b.Queue(`insert into disown_links (digest, account_id, event_at, sid, browser, expires_at) values ($1, $2, $3, $4, $5, $6)`,
		digest, l.account, l.event, l.sid, l.browser, expires)
	if l.sid != nil { // a page that is opened again and again keeps its newest
		b.Queue(`
			delete from disown_links where digest in (
				select digest from disown_links where account_id = $1 and sid = $2 order by expires_at desc offset $3)`, l.account, *l.sid, linksOfSession)
	}
}

func (s *store) disownLink(ctx context.Context, digest []byte, now time.Time) (l disownLink, err error) {
	l.account, l.event, err = scanLink(s.db.From(ctx).QueryRow(ctx, `
		select account_id, event_at, sid, browser from disown_links where digest = $1 and expires_at > $2`, digest, now), &l.sid, &l.browser)
	return l, err
}

// takeDisownLink deletes every link of the account: one is used, which is remembered for some minutes, and the others
// are no longer needed.
func (s *store) takeDisownLink(ctx context.Context, digest []byte, now time.Time) (account uuid.UUID, event time.Time, err error) {
	return scanLink(s.db.From(ctx).QueryRow(ctx, `
		with used as (
			select account_id, event_at from disown_links where digest = $1 and expires_at > $2 for update
		), others as (
			delete from disown_links where account_id in (select account_id from used)
		), remembered as (
			insert into used_disown_links (digest, expires_at, account_id) select $1, $3, account_id from used
		)
		select account_id, event_at from used`, digest, now, now.Add(PressedAgain)))
}

func scanLink(row pgx.Row, more ...any) (account uuid.UUID, event time.Time, err error) {
	err = row.Scan(append([]any{&account, &event}, more...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return account, event, ErrLink
	}
	if err != nil {
		return account, event, fmt.Errorf("reading a link: %w", err)
	}
	return account, event.UTC(), nil
}

// protect does not reopen what staff have closed.
func (s *store) protect(b *pgx.Batch, id uuid.UUID, now time.Time) {
	b.Queue(`
		update accounts set status = case when status = 'active' then 'protected' else status end, credentials_changed_at = $2, updated_at = $2,
			reopens_as = case when status = 'disabled' then 'protected' end
		where id = $1`, id, now)
}
