package accounts

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// Attempt is a username and password as typed, and the device cookie of the browser.
type Attempt struct {
	Username, Password string
	Source             string // as returned by web.Source
	Device             string
	Browser            []byte // digest of its cookie, so that the same wrong password sent again is counted once; nil: it always counts

	// Arrived is when this was first sent by a person who can come back for a turn; zero for all other callers.
	Arrived time.Time

	// overtaken reports whether another password was set since the attempt began: then a wrong one does not count, and the
	// error is errChangedMeanwhile. It may be nil.
	overtaken func(context.Context) (bool, error)
}

// Authenticate checks a password. The error is ErrWrongCredentials, *WaitError, ErrDisabled (only after the right
// password), *ratelimit.Exceeded of the source, ErrBusy (a *TurnError if Arrived is set and a turn comes soon), or the
// database's.
//
// Every attempt costs one hash, one transaction before it and one after it, whatever the username (S-12, S-13).
// StartSession removes the failure that was counted in advance, in the transaction of the new session.
func (s *Service) Authenticate(ctx context.Context, a Attempt) (Account, error) {
	leave, err := s.hasher.enterSince(ctx, a.Arrived, a.Source) // first, so that being busy costs nobody a try
	if err != nil {
		return Account{}, err
	}
	defer leave()
	return s.authenticate(ctx, a)
}

// authenticate is Authenticate for a caller that has a slot.
func (s *Service) authenticate(ctx context.Context, a Attempt) (Account, error) {
	now := s.now()
	name := signInName(a.Username)
	device := s.readDeviceCookie(a.Device, name, now)
	r, err := s.reserve(ctx, a, name, device, now)
	if err != nil {
		return Account{}, err
	}
	event := audit.Event{Kind: audit.SignInFailed, At: now, RequestID: web.RequestID(ctx), Subject: base64.RawURLEncoding.EncodeToString(r.key)}
	if r.account.ID != nil {
		event.AccountID = r.account.ID.String()
	}
	if !r.granted {
		event.Reason = "waiting"
		return Account{}, s.refused(ctx, event, &WaitError{r.wait(now)})
	}
	ok, stale, err := s.verify(r.account, a.Password)
	if err != nil {
		return Account{}, err
	}
	if !ok && a.overtaken != nil {
		overtaken, err := a.overtaken(ctx)
		if overtaken && err == nil {
			b := &pgx.Batch{}
			s.store.clearThrottles(b, s.throttleKeys(name, device))
			err = cmp.Or(s.store.run(ctx, b), errChangedMeanwhile)
		}
		if err != nil {
			return Account{}, err
		}
	}
	if !ok {
		event.Reason = "wrong_credentials"
		if r.again {
			event.Reason = audit.Again
		}
		if r.failures == allFailures {
			event.Kind = audit.PasswordDisabled
		}
		return Account{}, s.refused(ctx, event, ErrWrongCredentials)
	}
	if password := passwordSecret(*r.account.ID, r.account.PasswordSealed); !s.current(password, r.mark) {
		event.Reason = "former_value"
		if err := s.audit.Record(ctx, s.formerEvent(ctx, *r.account.ID, password)); err != nil {
			return Account{}, err
		}
		return Account{}, s.refused(ctx, event, ErrWrongCredentials)
	}
	account, err := s.store.open(r.account)
	if err != nil {
		return Account{}, err
	}
	account.Factors = r.factors.factors()
	if account.Status == Protected { // the old password is void, so nothing is revealed about the account
		event.Reason = "account_protected"
		return Account{}, s.refused(ctx, event, ErrWrongCredentials)
	}
	if account.Status != Active {
		event.Reason = "account_disabled"
		return Account{}, s.refusedDisabled(ctx, event, s.throttleKeys(name, device))
	}
	if stale {
		if err := s.rehash(ctx, account, r.account.PasswordSealed, a.Password, now); err != nil {
			return Account{}, err
		}
	}
	return account, nil
}

// verify does the same work for an unknown username, for an account without a password, and for a password that is too
// long to be anybody's.
func (s *Service) verify(row accountRow, password string) (ok, stale bool, err error) {
	id, sealed := uuid.Nil, s.hasher.dummy
	has := row.ID != nil && len(row.PasswordSealed) > 0
	if has {
		id, sealed = *row.ID, row.PasswordSealed
	}
	tooLong := len(password) > 16*PasswordMax
	if tooLong {
		password = ""
	}
	if utf8.RuneCountInString(normalize(password)) > PasswordMax {
		password, tooLong = "", true
	}
	ok, stale, err = s.hasher.judge(id, sealed, password)
	return ok && has && !tooLong, stale, err
}

// refused records the outcome and, once it is recorded, returns it.
func (s *Service) refused(ctx context.Context, e audit.Event, outcome error) error {
	if err := s.audit.Record(ctx, e); err != nil {
		return err
	}
	return outcome
}

// refusedDisabled is refused for the right password of a disabled account: as after any right password, the failure that was counted
// in advance and those before it end, in the round trip that records the event.
func (s *Service) refusedDisabled(ctx context.Context, e audit.Event, throttles [][]byte) error {
	b := &pgx.Batch{}
	s.store.clearThrottles(b, throttles)
	s.audit.Queue(ctx, b, e)
	if err := s.store.run(ctx, b); err != nil {
		return err
	}
	return ErrDisabled
}

// rehash replaces a hash with older parameters or from another system, unless the password was changed meanwhile. It
// records whether a password from another system would be rejected here. The caller has a slot.
func (s *Service) rehash(ctx context.Context, account Account, old []byte, password string, now time.Time) error {
	id, known := account.ID, []string{account.Username, account.Email}
	fresh := s.hasher.seal(seal.PepperPassword, passwordPlace(id), normalize(password))
	marked, err := s.markOf(nil, passwordSecret(id, fresh))
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.db.From(ctx).Exec(ctx, `
			update accounts set password_sealed = $3, password_due = password_scheme is not null and $4, password_scheme = null
			where id = $1 and password_sealed = $2`, id, old, fresh, len(CheckPassword(password, known...)) > 0)
		if err != nil || tag.RowsAffected() == 0 {
			return err // changed meanwhile; the newer mark applies
		}
		return s.audit.Record(ctx, audit.Event{Kind: audit.PasswordRehashed, At: now, AccountID: id.String(), Success: true, Data: marked})
	})
	if err != nil {
		return fmt.Errorf("renewing a hash: %w", err)
	}
	return nil
}
