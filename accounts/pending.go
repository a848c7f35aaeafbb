package accounts

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
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
	PendingLife  = 10 * time.Minute // S-18
	pendingTries = 5                // S-16
	provedTwice  = 10 * time.Second // how long the same proof, sent again, gets the same answer
)

// Proved is the result of a second step.
type Proved struct {
	Session Session
	StepUp  bool   // else a sign-in
	Return  string // the page of ours that it was for, "" for none
	Left    int    // saved codes, after one was used
}

// Pending is a sign-in, or the step-up of a session, that awaits its second step. It opens nothing else (S-18).
type Pending struct {
	Account Account // with its Factors
	AMR     []string
	SID     string // of the session to step up, "" for a sign-in
	Return  string // where it leads afterwards, "" for nowhere in particular
	Tries   int
	again   bool // the proof is the one that was just refused
}

// PendingStart says for whom, in which browser, and what was already proven.
type PendingStart struct {
	Account     Account // without its Username if no password was given: no count of failures ends then
	AMR         []string
	Browser     []byte
	Device      string // device cookie, whose count of failures ends
	SID, Return string // see Pending
}

// StartPending holds a sign-in until its second step, in one round trip, replacing another one in the same browser. The
// right password clears the count of wrong ones; the counts of the factors stay. Nothing is held if the credentials have
// changed since the account was read: the password that was right is not any more.
func (s *Service) StartPending(ctx context.Context, start PendingStart) (token string, err error) {
	now := s.now()
	seen := start.Account.CredentialsChangedAt
	if seen.IsZero() { // a step-up, whose session would have ended
		seen = now
	}
	token = seal.NewToken()
	b := &pgx.Batch{}
	b.Queue(`delete from pending_sign_ins where browser = $1`, start.Browser)
	b.Queue(`
		insert into pending_sign_ins (digest, browser, account_id, amr, sid, return_to, created_at, expires_at)
		select @digest, @browser, id, @amr, @sid, @return_to, @now, @expires_at
		from accounts where id = @account_id and credentials_changed_at <= @seen for share`, // waits for another password that is being set
		pgx.NamedArgs{"digest": seal.Digest(token), "browser": start.Browser, "account_id": start.Account.ID, "amr": start.AMR, "sid": start.SID,
			"return_to": start.Return, "now": now, "expires_at": now.Add(PendingLife), "seen": seen})
	if name := start.Account.Username; name != "" {
		s.store.clearThrottles(b, s.throttleKeys(name, s.readDeviceCookie(start.Device, name, now)))
	}
	if err := s.store.run(ctx, b); err != nil {
		return "", fmt.Errorf("keeping a sign-in back: %w", err)
	}
	return token, nil
}

// Pending reads the pending sign-in of a token in this browser. The error is ErrNoPending, also once the credentials
// have changed, or the database's.
func (s *Service) Pending(ctx context.Context, token string, browser []byte) (Pending, error) {
	return s.readPending(ctx, token, browser, 0, nil)
}

// readPending counts tries more, unless typed, the digest of a proof, was sent just before.
func (s *Service) readPending(ctx context.Context, token string, browser []byte, more int, typed []byte) (p Pending, err error) {
	var owner []byte
	var row accountRow
	var factors factorsRow
	err = s.db.From(ctx).QueryRow(ctx, `
		with was as (
			select digest, coalesce(refused = @typed, false) as again from pending_sign_ins where digest = @digest for update
		), p as (
			update pending_sign_ins w set tries = tries + case when was.again then 0 else @more::int end, refused = coalesce(@typed, refused)
			from was where w.digest = was.digest and expires_at > @now and tries < @most and proved_at is null returning w.*, was.again
		)
		select p.browser, p.amr, p.sid, p.return_to, p.tries, p.again, `+accountColumns+`, `+factorColumns+`
		from p join accounts a on a.id = p.account_id
		where a.status = 'active' and p.created_at >= a.credentials_changed_at`,
		pgx.NamedArgs{"digest": seal.Digest(token), "more": more, "typed": typed, "now": s.now(), "most": pendingTries}).
		Scan(append(append([]any{&owner, &p.AMR, &p.SID, &p.Return, &p.Tries, &p.again}, row.targets()...), factors.targets()...)...)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && subtle.ConstantTimeCompare(owner, browser) != 1 {
		return Pending{}, ErrNoPending
	}
	if err != nil {
		return Pending{}, fmt.Errorf("reading a sign-in: %w", err)
	}
	p.Account, err = s.store.open(row)
	p.Account.Factors = factors.factors()
	return p, err
}

// ProvePending checks the second step of a pending sign-in; left is the number of remaining saved codes. The error is
// ErrNoPending, ErrEnded with the fifth wrong proof, which ends it, or that of the check: ErrCodeFormat, ErrNoFactor,
// ErrWrongCode, ErrCodeUsed, ErrPasskey, *FactorLockedError, ErrBusy.
func (s *Service) ProvePending(ctx context.Context, token string, browser []byte, f Factor, proof string) (p Pending, left int, err error) {
	if err := misshapen(f, proof); err != nil {
		return Pending{}, 0, err
	}
	if p, err = s.readPending(ctx, token, browser, 1, s.FactorMAC(seal.Digest(token), f, proof)); err != nil {
		return Pending{}, 0, err
	}
	switch f {
	case TOTP:
		err = s.CheckTOTP(ctx, p.Account.ID, proof, p.again)
	case SavedCodes:
		left, err = s.UseSavedCode(ctx, p.Account.ID, proof, p.again)
	case Passkey:
		_, err = s.FinishPasskey(ctx, browser, p.Account.ID, proof)
	}
	_, locked := errors.AsType[*FactorLockedError](err)
	wrong := errors.Is(err, ErrWrongCode) || errors.Is(err, ErrCodeUsed) || errors.Is(err, ErrPasskey)
	switch {
	case locked:
		if err := s.EndPending(ctx, token); err != nil {
			return Pending{}, 0, err
		}
	case wrong && p.Tries >= pendingTries: // nothing reads it any more, except a right proof that is on its way
		err = ErrEnded
	}
	p.AMR = WithFactor(p.AMR, f)
	return p, left, err
}

// EndPending abandons a pending sign-in, if any.
func (s *Service) EndPending(ctx context.Context, token string) error {
	_, err := s.db.From(ctx).Exec(ctx, `delete from pending_sign_ins where digest = $1`, seal.Digest(token))
	return err
}

// queueTakePending ends a pending sign-in, once: the batch fails with ErrNoPending if there is none. The proof's digest
// remains for a moment, for the second of two presses.
func (s *store) queueTakePending(b *pgx.Batch, token, proof string, now time.Time) {
	b.Queue(`update pending_sign_ins set proved_at = $2, proof_mac = $3 where digest = $1 and proved_at is null returning 1`,
		seal.Digest(token), now, s.proofMAC(token, proof)).QueryRow(func(row pgx.Row) error {
		var one int
		err := row.Scan(&one)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoPending
		}
		return err
	})
}

func (s *store) proofMAC(token, proof string) []byte {
	return s.keyring.MAC(seal.TokenMAC, []byte("second step"), []byte(token), []byte(proof))
}

// ProvedBefore returns the sign-in that was pending under a token and was proved a moment ago with the very same proof,
// for a second press whose browser dropped the answer to the first. It waits for one that is being proved right now.
// The error is ErrNoPending, or the database's.
func (s *Service) ProvedBefore(ctx context.Context, token string, browser []byte, f Factor, proof string) (p Pending, err error) {
	for range 6 {
		var owner, mac []byte
		var at *time.Time
		err = s.db.From(ctx).QueryRow(ctx, `
			select p.browser, p.account_id, p.amr, p.sid, p.return_to, p.proved_at, p.proof_mac
			from pending_sign_ins p join accounts a on a.id = p.account_id
			where p.digest = $1 and p.created_at >= a.credentials_changed_at`, seal.Digest(token)).
			Scan(&owner, &p.Account.ID, &p.AMR, &p.SID, &p.Return, &at, &mac)
		switch {
		case errors.Is(err, pgx.ErrNoRows) || err == nil && subtle.ConstantTimeCompare(owner, browser) != 1:
			return Pending{}, ErrNoPending
		case err != nil:
			return Pending{}, fmt.Errorf("reading a sign-in: %w", err)
		case at == nil:
			time.Sleep(50 * time.Millisecond)
			continue
		case s.now().Sub(*at) > provedTwice || subtle.ConstantTimeCompare(mac, s.store.proofMAC(token, proof)) != 1:
			return Pending{}, ErrNoPending
		}
		p.AMR = WithFactor(p.AMR, f)
		p.Account, err = s.Get(ctx, p.Account.ID)
		return p, err
	}
	return Pending{}, ErrNoPending
}

// FinishPending opens the pending session, after ProvePending. The error is ErrNoPending, also if the account was closed or its
// credentials have changed since then, or the database's.
func (s *Service) FinishPending(ctx context.Context, token, proof string, start SessionStart) (started Started, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		if !start.Account.ClosesAt.IsZero() {
			if err := s.queueTakeBack(ctx, b, start.Account); err != nil {
				return err
			}
		}
		s.store.queueTakePending(b, token, proof, s.now())
		started = s.QueueSession(ctx, b, start)
		return s.store.run(ctx, b)
	})
	if err != nil {
		if errors.Is(err, ErrDisabled) {
			err = ErrNoPending
		}
		return Started{}, fmt.Errorf("starting a session: %w", err)
	}
	return started, nil
}

// Renewal is what a step-up changes in a session.
type Renewal struct {
	SID       string
	AccountID uuid.UUID
	AMR       []string
	AuthTime  time.Time // of the proof
	Pending   string    // token of the pending step-up, "" if there was none
	Proof     string    // the proof that it was given
	Token     string    // that the request had
	Username  string    // whose count of wrong passwords ends; "" for none
	Device    string    // device cookie, likewise
}

// RenewSession gives the session another token; the former one becomes void (S-22), but for a proof sent again, see
// RenewedSession, which gets the same token: of two answers the browser may keep either. Its sid and its end stay. The
// error is ErrNoSession, ErrNoPending, or the database's.
func (s *Service) RenewSession(ctx context.Context, r Renewal) (session Session, token string, err error) {
	now := s.now()
	token = s.store.successor(r.Token)
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		if r.Pending != "" {
			s.store.queueTakePending(b, r.Pending, r.Proof, now)
		}
		if r.Username != "" {
			s.store.clearThrottles(b, s.throttleKeys(r.Username, s.readDeviceCookie(r.Device, r.Username, now)))
		}
		b.Queue(`
			update sessions s set digest = @digest, amr = @amr, acr = case when a.member_id is null then @unmatched else @matched end,
				auth_time = @auth_time, last_seen_at = @now, former_digest = @former, renewed_at = case when s.digest = @former then @now else s.renewed_at end
			from accounts a
			where s.sid = @sid and s.account_id = @account_id and (s.digest = @former or s.former_digest = @former and s.digest = @digest and s.renewed_at > @former_since) and s.ended_at is null and s.expires_at > @now and s.last_seen_at > greatest(@idle_since, @now::timestamptz - s.idle)
				and a.id = s.account_id and a.status = 'active'
			returning s.account_id`,
			pgx.NamedArgs{
				"digest": seal.Digest(token), "amr": r.AMR, "matched": acrOf(r.AMR, true), "unmatched": acrOf(r.AMR, false), "auth_time": r.AuthTime, "now": now,
				"sid": r.SID, "account_id": r.AccountID, "idle_since": now.Add(-s.idle), "former": seal.Digest(r.Token), "former_since": now.Add(-formerLife),
			}).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&r.AccountID)
			if errors.Is(err, pgx.ErrNoRows) {
				return ErrNoSession
			}
			return err
		})
		s.audit.Queue(ctx, b, audit.Event{
			Kind: audit.SteppedUp, At: now, AccountID: r.AccountID.String(), SessionID: r.SID, RequestID: web.RequestID(ctx), Success: true,
			Data: map[string]string{"methods": strings.Join(r.AMR, " ")},
		})
		if err := s.store.run(ctx, b); err != nil {
			return err
		}
		session, err = s.store.session(ctx, seal.Digest(token), now, now.Add(-s.idle), true)
		return err
	})
	return session, token, err
}

// formerLife is how long the former token of a renewed session may be sent with a proof.
const formerLife = 15 * time.Second

// successor is the next token of a session. It is as random as the former one, and only the service can derive it.
func (s *store) successor(former string) string {
	return base64.RawURLEncoding.EncodeToString(s.keyring.MAC(seal.TokenMAC, []byte("renewed session"), []byte(former)))
}

// RenewedSession returns the open session that had this token until a moment ago. A browser that sends a form twice, or
// whose answer was lost, still has that token; it is good for nothing but a proof that the caller checks, and for
// RenewSession. The error is ErrNoSession, or the database's.
func (s *Service) RenewedSession(ctx context.Context, token string) (Session, error) {
	if len(token) != seal.TokenLength {
		return Session{}, ErrNoSession
	}
	now := s.now()
	var digest []byte
	err := s.db.From(ctx).QueryRow(ctx, `select digest from sessions where former_digest = $1 and renewed_at > $2`, seal.Digest(token), now.Add(-formerLife)).Scan(&digest)
	if errors.Is(err, pgx.ErrNoRows) {
		return Session{}, ErrNoSession
	}
	if err != nil {
		return Session{}, fmt.Errorf("reading a renewed session: %w", err)
	}
	return s.store.session(ctx, digest, now, now.Add(-s.idle), false)
}
