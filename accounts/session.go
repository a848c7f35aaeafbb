package accounts

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

const (
	maxSessions = 10            // of one member; the oldest ends (S-23)
	staffLife   = 8 * time.Hour // of an account that belongs to no card, at most
)

// Session is an open sign-in of a member.
type Session struct {
	SID        string // public: the sid claim
	AccountID  uuid.UUID
	Subject    string
	Username   string
	Language   string
	MemberID   uuid.UUID
	AMR        []string // RFC 8176
	ACR        string
	AuthTime   time.Time
	LastSeenAt time.Time     // exact to a minute
	ExpiresAt  time.Time     // however much it is used
	Idle       time.Duration // how long it lasts without use, if less than elsewhere; else 0
	Kept       bool          // this sign-in took back the closing of the account; known only where the session is opened
	Unsettled  bool          // the account was imported, and its member has still to settle it; read with a session that is open
}

// SessionStart says who signed in, how, and with what.
type SessionStart struct {
	Account   Account
	AMR       []string
	UserAgent string
	Device    string // device cookie; without it SendNotices tells the member, unless it is the first sign-in
	Replaces  string // token of the session this browser had, which ends
	Browser   []byte // digest of its cookie: what it had begun ends; nil: nothing

	Kiosk bool // unrelated people use the browser one after another: the session is short, and nothing is remembered

	RememberedBy []byte // of RememberedDevice, which spared this sign-in the second step; nil for none
	Remember     bool   // spare the browser the second step from now on
	Remembered   string // cookie with what it is spared already
}

// Started is a new session with its secrets.
type Started struct {
	Session
	Token  string // for the session cookie
	Device string // for the device cookie

	remembered *string // for the cookie of remembered browsers; "" if it stays as it is
}

// Remembered returns the value for the cookie of remembered browsers, "" if it stays as it is. The batch has run.
func (s Started) Remembered() string { return *s.remembered }

// StartSession opens a session after every required proof, in one round trip: it clears
// the count of failures, ends the session that the browser had and the oldest beyond
// ten, and records the sign-in. It takes back a closing that has not been applied. The error is ErrDisabled,
// ErrWrongCredentials if the credentials have changed since the account was read, ErrNotSpared, or the database's.
func (s *Service) StartSession(ctx context.Context, start SessionStart) (Started, error) {
	b := &pgx.Batch{}
	if start.Account.ClosesAt.IsZero() {
		started := s.QueueSession(ctx, b, start)
		if err := s.store.run(ctx, b); err != nil {
			return Started{}, s.notStarted(ctx, start, err)
		}
		return started, nil
	}
	var started Started
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.queueTakeBack(ctx, b, start.Account); err != nil {
			return err
		}
		started = s.QueueSession(ctx, b, start)
		return s.store.run(ctx, b)
	})
	if err != nil {
		return Started{}, s.notStarted(ctx, start, err)
	}
	return started, nil
}

// notStarted tells an account that is closed from one whose credentials changed while they were checked, and from one that no
// longer spares the browser the second step.
func (s *Service) notStarted(ctx context.Context, start SessionStart, err error) error {
	if errors.Is(err, ErrDisabled) {
		if account, getErr := s.Get(ctx, start.Account.ID); getErr == nil && account.Status == Active {
			err = ErrWrongCredentials
			if start.RememberedBy != nil && !account.CredentialsChangedAt.After(start.Account.CredentialsChangedAt) {
				err = ErrNotSpared
			}
		}
	}
	return fmt.Errorf("starting a session: %w", err)
}

// QueueSession is StartSession for a batch that is sent later; Refused tells what its
// failure means.
func (s *Service) QueueSession(ctx context.Context, b *pgx.Batch, start SessionStart) Started {
	now := s.now()
	account := start.Account
	device := s.readDeviceCookie(start.Device, account.Username, now).since(account.CredentialsChangedAt)
	token := seal.NewToken()
	life := s.absolute
	if account.MemberID == uuid.Nil {
		life = min(life, staffLife)
	}
	var idle time.Duration
	if start.Kiosk {
		life, idle = min(life, web.KioskLife), min(s.idle, web.KioskIdle)
	}
	session := Session{
		SID: rand.Text(), AccountID: account.ID, Subject: account.Subject, Username: account.Username, Language: account.Language,
		MemberID: account.MemberID, AMR: start.AMR, ACR: acrOf(start.AMR, account.MemberID != uuid.Nil), AuthTime: now, LastSeenAt: now, ExpiresAt: now.Add(life),
		Kept: !account.ClosesAt.IsZero(), Idle: idle,
	}
	browser, system := describeAgent(start.UserAgent)
	first := account.LastSignInAt.IsZero() // the registration's own, say: every browser would be new
	announce := !device.valid && !first
	s.store.startSession(b, session, account.CredentialsChangedAt, start.RememberedBy, seal.Digest(token), openedIn(start.Browser, account.ID), start.Replaces, browser, system, announce)
	s.queueEndBrowser(b, start.Browser)
	s.store.clearThrottles(b, s.throttleKeys(account.Username, device))
	remembered := new(string)
	switch {
	case start.Kiosk:
	case start.Remember && s.remember > 0 && account.MemberID != uuid.Nil:
		s.queueRemember(ctx, b, start.Remembered, session, browser, system, remembered)
	case start.RememberedBy != nil:
		b.Queue(`update remembered_devices set sid = $3, last_used_at = $4 where account_id = $1 and digest = $2`, account.ID, start.RememberedBy, session.SID, now)
	}
	event := audit.Event{Kind: audit.SignedIn, At: now, AccountID: account.ID.String(), SessionID: session.SID, RequestID: web.RequestID(ctx), Success: true,
		Data: map[string]string{"methods": strings.Join(start.AMR, " ")}}
	if start.RememberedBy != nil {
		event.Data["second_step"] = "remembered"
	}
	if first {
		event.Data["first"] = "yes"
	}
	s.audit.Queue(ctx, b, event)
	if announce {
		event.Kind = audit.NewDevice
		s.audit.Queue(ctx, b, event)
	}
	return Started{session, token, s.newDeviceCookie(start.Device, account.Username, device.id, now), remembered}
}

// queueEndBrowser ends what a browser has begun and not finished: the next person finds
// nothing of it. A proof that was given stays for its second press.
func (s *Service) queueEndBrowser(b *pgx.Batch, browser []byte) {
	if browser == nil {
		return
	}
	b.Queue(`delete from pending_sign_ins where browser = $1 and proved_at is null`, browser)
	b.Queue(`delete from passkey_ceremonies where browser = $1 and used_at is null`, browser)
	for _, end := range s.unfinished {
		end(b, browser)
	}
}

// EndBrowser ends what a browser has begun and not finished, for a member who leaves: no form of theirs that is sent again opens a
// session any more.
func (s *Service) EndBrowser(ctx context.Context, browser []byte) error {
	b := &pgx.Batch{}
	s.queueEndBrowser(b, browser)
	b.Queue(`delete from pending_sign_ins where browser = $1`, browser)
	b.Queue(`delete from passkey_ceremonies where browser = $1`, browser)
	return s.store.run(ctx, b)
}

// Session returns the open session of a token, in one round trip; the same statement
// notes, at most once a minute, that it is in use. The error is ErrNoSession, or the
// database's.
func (s *Service) Session(ctx context.Context, token string) (Session, error) {
	if len(token) != seal.TokenLength {
		return Session{}, ErrNoSession
	}
	now, digest := s.now(), seal.Digest(token)
	done, err := s.db.Turn(ctx, digest)
	if err != nil {
		return Session{}, err
	}
	defer done()
	return s.store.session(ctx, digest, now, now.Add(-s.idle), true)
}

// Peek is Session for what a browser asks by itself, which does not count as use (S-23): nobody may be there.
func (s *Service) Peek(ctx context.Context, token string) (Session, error) {
	if len(token) != seal.TokenLength {
		return Session{}, ErrNoSession
	}
	now := s.now()
	return s.store.session(ctx, seal.Digest(token), now, now.Add(-s.idle), false)
}

// SessionEnd returns when a session ends unless it is used again.
func (s *Service) SessionEnd(n Session) time.Time {
	if idle := n.LastSeenAt.Add(cmp.Or(n.Idle, s.idle)); idle.Before(n.ExpiresAt) {
		return idle
	}
	return n.ExpiresAt
}

// EndSession signs a session out that is open. It is not an error if there is none.
func (s *Service) EndSession(ctx context.Context, sid string) error {
	return s.endSession(ctx, sid, nil, voidsOnline, audit.SessionEnded)
}

// SignOut is EndSession at the member's own request.
func (s *Service) SignOut(ctx context.Context, sid string) error {
	return s.endSession(ctx, sid, nil, voidsOnline, audit.SignedOut)
}

// endSession ends a session of the owner, or of anybody if that is nil.
func (s *Service) endSession(ctx context.Context, sid string, owner *uuid.UUID, what voids, kind audit.Kind) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		account, ended, err := s.store.endSession(ctx, sid, owner, what, now)
		if err != nil || !ended {
			return err
		}
		return s.audit.Record(ctx, audit.Event{
			Kind: kind, At: now, AccountID: account.String(), SessionID: sid, RequestID: web.RequestID(ctx), Success: true,
		})
	})
}

// EndSessions ends every session of an account but the one named, and all that was ever issued in them; "" names none. Second
// steps that wait for their first use go too, but for those that the session named has added.
func (s *Service) EndSessions(ctx context.Context, accountID uuid.UUID, except string) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		var ended []string
		b := &pgx.Batch{}
		s.store.queueEndSessions(b, accountID, except, now, &ended)
		if err := s.dropWaiting(ctx, b, accountID, except); err != nil {
			return err
		}
		events := make([]audit.Event, len(ended))
		for i, sid := range ended {
			events[i] = audit.Event{
				Kind: audit.SessionEnded, At: now, AccountID: accountID.String(), SessionID: sid, RequestID: web.RequestID(ctx), Success: true,
			}
		}
		return s.audit.Record(ctx, events...)
	})
}

// Lock locks an account in the transaction of ctx. Whatever changes more than one row of an account begins with it: two that did so in
// another order would wait for each other in a circle.
func (s *Service) Lock(ctx context.Context, id uuid.UUID) error {
	b := &pgx.Batch{}
	queueLock(b, id)
	return s.store.run(ctx, b)
}

func queueLock(b *pgx.Batch, id uuid.UUID) {
	b.Queue(`select from accounts where id = $1 for no key update`, id)
}

// StillOpen locks the account in the transaction of ctx. The error is ErrNoSession if the session that asks for a change has ended since
// it was read: another password, a recovery or the member on another device may have been faster. EndSessions waits for the same lock.
func (s *Service) StillOpen(ctx context.Context, accountID uuid.UUID, sid string) error {
	b, ended := &pgx.Batch{}, false
	queueLock(b, accountID)
	b.Queue(`select exists (select from sessions where sid = $1 and ended_at is not null)`, sid).QueryRow(func(row pgx.Row) error { return row.Scan(&ended) })
	if err := s.store.run(ctx, b); err != nil {
		return fmt.Errorf("reading the session of a change: %w", err)
	}
	if ended {
		return ErrNoSession
	}
	return nil
}

// InSession runs what a session asks for in a transaction, unless it has ended: see StillOpen.
func (s *Service) InSession(ctx context.Context, session Session, do func(ctx context.Context) error) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.StillOpen(ctx, session.AccountID, session.SID); err != nil {
			return err
		}
		return do(ctx)
	})
}

// Sweep deletes what expired: sessions 30 days after their end, failures after 30 days
// without another, unless they have used up the password of an account (S-73); usernames of
// closed accounts after 30 days; and hashes of other systems after a year without use.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	return errors.Join(s.store.sweep(ctx, now.AddDate(0, 0, -30)), s.store.eraseNames(ctx, now.AddDate(0, 0, -30)), s.forgetForeign(ctx, now))
}

// Ending is why a session is not open any more. It is the note of the page that tells of it.
type Ending string

const (
	endedUnused    Ending = "ended"  // it was not used for a while
	endedFull      Ending = "full"   // it was as old as one may be
	endedElsewhere Ending = "closed" // somebody or something ended it: another device, another password, support
	endedSomehow   Ending = "over"   // nobody knows any more

	// EndedRenewed is of a token whose session was renewed a moment ago, and is open.
	EndedRenewed Ending = "renewed"
)

// SessionOf returns the ID of a token's session and of its account, whether or not it is over. The error is ErrNoSession, or the
// database's.
func (s *Service) SessionOf(ctx context.Context, token string) (sid string, account uuid.UUID, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `select sid, account_id from sessions where digest = $1`, seal.Digest(token)).Scan(&sid, &account)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", uuid.Nil, ErrNoSession
	}
	if err != nil {
		return "", uuid.Nil, fmt.Errorf("reading whose a session was: %w", err)
	}
	return sid, account, nil
}

// WhyEnded tells why the session of a token is over.
func (s *Service) WhyEnded(ctx context.Context, token string) (Ending, error) {
	if _, err := s.RenewedSession(ctx, token); !errors.Is(err, ErrNoSession) {
		return EndedRenewed, err
	}
	var closed, left, full, unused bool
	now := s.now()
	err := s.db.From(ctx).QueryRow(ctx, `
		select s.ended_at is not null or a.status <> 'active', coalesce(s.voids = 'online', false), s.expires_at <= $2 and s.last_seen_at > s.expires_at - least(s.idle, $3::interval), s.last_seen_at <= $2::timestamptz - least(s.idle, $3::interval)
		from sessions s join accounts a on a.id = s.account_id where s.digest = $1`, seal.Digest(token), now, s.idle).Scan(&closed, &left, &full, &unused)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return endedSomehow, nil
	case err != nil:
		return "", fmt.Errorf("reading the end of a session: %w", err)
	case left: // the member has signed out, here as far as this browser knows; the answer may have been lost
		return endedSomehow, nil
	case closed:
		return endedElsewhere, nil
	case full:
		return endedFull, nil
	case unused:
		return endedUnused, nil
	}
	return endedSomehow, nil
}
