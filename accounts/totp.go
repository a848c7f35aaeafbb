package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/hotp"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

const (
	TOTPSecretSize = 20 // bytes, RFC 4226 4
	totpStep       = 30 * time.Second
	totpDigits     = 6
	totpPending    = time.Hour // a key that was shown and never proven is replaced after this
)

func totpPlace(account uuid.UUID) seal.Place {
	return seal.Place{Table: "account_totp", Column: "secret_sealed", Row: account.String()}
}

// TOTPSecret is the key in the form that apps accept: base32 without padding.
type TOTPSecret string

func newTOTPSecret() TOTPSecret {
	raw := make([]byte, TOTPSecretSize)
	rand.Read(raw)
	return TOTPSecret(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
}

func (s *Service) openTOTP(account uuid.UUID, sealed []byte) (TOTPSecret, error) {
	secret, err := s.keyring.Open(seal.TOTP, totpPlace(account), sealed)
	if err != nil {
		return "", fmt.Errorf("opening a TOTP secret: %w", err)
	}
	return TOTPSecret(secret), nil
}

// URI returns the address that the QR code encodes. The issuer is named in both places, as
// apps expect.
func (t TOTPSecret) URI(issuer, username string) string {
	query := url.Values{"secret": {string(t)}, "issuer": {issuer}}
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(username) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// step returns the time step of a code: the current one or a neighbour, 0 for none. The library neither remembers steps
// nor returns them (S-77), so they are computed here.
func (t TOTPSecret) step(code string, now time.Time) (int64, error) {
	current := now.Unix() / int64(totpStep/time.Second)
	found := int64(0)
	for _, step := range []int64{current - 1, current, current + 1} {
		want, err := hotp.GenerateCode(string(t), uint64(step))
		if err != nil {
			return 0, fmt.Errorf("computing a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = step
		}
	}
	return found, nil
}

// typedCode drops what people type between digits. The error is ErrCodeFormat unless six ASCII digits remain (S-15).
func typedCode(typed string) (string, error) {
	if len(typed) > 64 {
		return "", ErrCodeFormat
	}
	code := BareCode(typed)
	if len(code) != totpDigits || strings.Trim(code, "0123456789") != "" {
		return "", ErrCodeFormat
	}
	return code, nil
}

// CheckTOTP checks a code of the account's app and uses it up. The error is ErrCodeFormat (not counted), ErrNoFactor,
// *FactorLockedError, ErrWrongCode, ErrCodeUsed, or the database's. The failure is counted and committed before the
// code is compared, so this must not be called inside a transaction (S-10, S-16). again marks a code that this page has
// just refused.
func (s *Service) CheckTOTP(ctx context.Context, accountID uuid.UUID, typed string, again bool) error {
	code, err := typedCode(typed)
	if err != nil {
		return err
	}
	now := s.now()
	var sealed []byte
	var newest string
	lock, err := s.reserveFactor(ctx, accountID, TOTP, again, func(b *pgx.Batch) {
		b.Queue(`select secret_sealed from account_totp where account_id = $1 and usable_from <= $2`, accountID, now).
			QueryRow(func(row pgx.Row) error { return row.Scan(&sealed) })
		markTOTP.queueNewest(b, accountID, &newest)
	})
	if err != nil {
		return err
	}
	secret, err := s.openTOTP(accountID, sealed)
	if err != nil {
		return err
	}
	if former := TOTPSecretOf(accountID, sealed); !s.current(former, newest) {
		if err := s.audit.Record(ctx, s.formerEvent(ctx, accountID, former)); err != nil {
			return err
		}
		return s.wrongFactor(ctx, accountID, TOTP, lock, ErrWrongCode)
	}
	step, err := secret.step(code, now)
	if err != nil {
		return err
	}
	if step == 0 {
		return s.wrongFactor(ctx, accountID, TOTP, lock, ErrWrongCode)
	}
	var used bool
	err = s.db.From(ctx).QueryRow(ctx, `
		with used as (
			update account_totp set last_step = @step, last_used_at = @now
			where account_id = @account_id and last_step < @step and usable_from <= @now
			returning account_id
		), cleared as (
			delete from factor_throttles t using used where t.account_id = used.account_id and t.factor = 'totp'
		)
		select exists (select from used)`, pgx.NamedArgs{"account_id": accountID, "step": step, "now": now}).Scan(&used)
	if err != nil {
		return fmt.Errorf("using a code: %w", err)
	}
	if !used {
		return s.wrongFactor(ctx, accountID, TOTP, lock, ErrCodeUsed)
	}
	return nil
}

// StartTOTP returns the key that the member copies into an app. Within a session it is the same for an hour, so that a
// reload does not void what was scanned. Another session gets another key: somebody who had access for a moment does
// not know what the member enrols next. The error is ErrHasFactor if an app is enrolled.
func (s *Service) StartTOTP(ctx context.Context, accountID uuid.UUID, sid string) (TOTPSecret, error) {
	now, fresh := s.now(), newTOTPSecret()
	var sealed []byte
	var confirmed bool
	b := &pgx.Batch{}
	b.Queue(`
		insert into account_totp as t (account_id, secret_sealed, created_at, sid) values (@account_id, @secret, @now, @sid)
		on conflict on constraint account_totp_pkey do update set
			secret_sealed = excluded.secret_sealed, created_at = excluded.created_at, sid = excluded.sid, last_step = 0
		where t.confirmed_at is null and (t.created_at < @stale or t.sid <> @sid)`,
		pgx.NamedArgs{"account_id": accountID, "secret": s.keyring.Seal(seal.TOTP, totpPlace(accountID), []byte(fresh)), "now": now, "sid": sid, "stale": now.Add(-totpPending)})
	b.Queue(`select secret_sealed, confirmed_at is not null from account_totp where account_id = $1`, accountID).
		QueryRow(func(row pgx.Row) error { return row.Scan(&sealed, &confirmed) })
	if err := s.store.run(ctx, b); err != nil {
		return "", fmt.Errorf("starting an app: %w", err)
	}
	if confirmed {
		return "", ErrHasFactor
	}
	return s.openTOTP(accountID, sealed)
}

// QueueTOTP enrols an app with a known key, at once and without a notice: for the invented members of a sandbox.
func (s *Service) QueueTOTP(ctx context.Context, b *pgx.Batch, accountID uuid.UUID, key TOTPSecret) error {
	now, sealed := s.now(), s.keyring.Seal(seal.TOTP, totpPlace(accountID), []byte(key))
	data, err := s.markOf(map[string]string{"factor": string(TOTP)}, TOTPSecretOf(accountID, sealed))
	if err != nil {
		return err
	}
	b.Queue(`insert into account_totp (account_id, secret_sealed, created_at, confirmed_at, usable_from) values ($1, $2, $3, $3, $3)`, accountID, sealed, now)
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.FactorAdded, At: now, AccountID: accountID.String(), Success: true, Data: data})
	return nil
}

// ConfirmTOTP enrols the app whose key StartTOTP returned in the same session, once its code is right, and notifies the
// member by mail. The code counts as used. The error is ErrCodeFormat, ErrWrongCode, ErrHasFactor (a second click),
// ErrNoFactor, or the database's.
func (s *Service) ConfirmTOTP(ctx context.Context, accountID uuid.UUID, sid, typed string) (usable time.Time, err error) {
	code, err := typedCode(typed)
	if err != nil {
		return usable, err
	}
	now := s.now()
	err = s.InSession(ctx, Session{AccountID: accountID, SID: sid}, func(ctx context.Context) error {
		var sealed []byte
		var confirmed bool
		err := s.db.From(ctx).QueryRow(ctx, `
			select t.secret_sealed, t.confirmed_at is not null
			from account_totp t where t.account_id = $1 and (t.sid = $2 or t.confirmed_at is not null) for update of t`, accountID, sid).
			Scan(&sealed, &confirmed)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNoFactor
		case err != nil:
			return err
		case confirmed:
			return ErrHasFactor
		}
		secret, err := s.openTOTP(accountID, sealed)
		if err != nil {
			return err
		}
		step, err := secret.step(code, now)
		if err != nil {
			return err
		}
		if step == 0 {
			return ErrWrongCode
		}
		if usable, err = s.usableFrom(ctx, accountID); err != nil {
			return err
		}
		_, err = s.db.From(ctx).Exec(ctx, `
			update account_totp set confirmed_at = $2, usable_from = $3, last_step = $4, last_used_at = $2 where account_id = $1`,
			accountID, now, usable, step)
		if err != nil {
			return err
		}
		return s.factorNotice(ctx, accountID, TOTP, usable, TOTPSecretOf(accountID, sealed))
	})
	return usable, err
}

// JustConfirmed returns what ConfirmTOTP did if the session has just enrolled an app by this code, which is then sent again,
// else zero. A wrong one counts, as in CheckTOTP. The error is *FactorLockedError, or the database's.
func (s *Service) JustConfirmed(ctx context.Context, accountID uuid.UUID, sid, typed string) (usable time.Time, err error) {
	now := s.now()
	var sealed []byte
	var last int64
	err = s.db.From(ctx).QueryRow(ctx, `select secret_sealed, last_step, usable_from from account_totp where account_id = $1 and sid = $2 and confirmed_at > $3`, accountID, sid, now.Add(-changedAgain)).
		Scan(&sealed, &last, &usable)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	code, malformed := typedCode(typed)
	if err != nil || malformed != nil {
		return time.Time{}, err
	}
	lock, err := s.reserveFactor(ctx, accountID, TOTP, false, func(*pgx.Batch) {})
	if err != nil {
		return time.Time{}, err
	}
	secret, err := s.openTOTP(accountID, sealed)
	if err != nil {
		return time.Time{}, err
	}
	if want, err := hotp.GenerateCode(string(secret), uint64(last)); err != nil || subtle.ConstantTimeCompare([]byte(want), []byte(code)) != 1 {
		if err = s.wrongFactor(ctx, accountID, TOTP, lock, ErrWrongCode); errors.Is(err, ErrWrongCode) {
			err = nil
		}
		return time.Time{}, err
	}
	_, err = s.db.From(ctx).Exec(ctx, `delete from factor_throttles where account_id = $1 and factor = $2`, accountID, TOTP)
	return usable, err
}

// RemoveTOTP removes the app from the account and, with the last factor, the saved codes. It is idempotent.
func (s *Service) RemoveTOTP(ctx context.Context, accountID uuid.UUID) error {
	return s.removeFactor(ctx, accountID, TOTP, `delete from account_totp where account_id = $1 and confirmed_at is not null`, accountID)
}

// removeFactor runs a deletion and its consequences.
func (s *Service) removeFactor(ctx context.Context, accountID uuid.UUID, f Factor, statement string, args ...any) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.db.From(ctx).Exec(ctx, statement, args...)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`delete from factor_throttles where account_id = $1 and factor = $2`, accountID, f) // a new one starts at zero
		queueDropAlone(b, accountID)
		s.queueSuperseded(b, accountID)
		if err := s.store.run(ctx, b); err != nil {
			return err
		}
		return s.factorRemoved(ctx, accountID, f)
	})
}

// refusedFactor records a wrong proof and, once it is recorded, returns the outcome.
func (s *Service) refusedFactor(ctx context.Context, accountID uuid.UUID, f Factor, outcome error) error {
	event := audit.Event{
		Kind: audit.FactorRefused, At: s.now(), AccountID: accountID.String(), RequestID: web.RequestID(ctx), Reason: "wrong",
		Data: map[string]string{"factor": string(f)},
	}
	switch {
	case errors.Is(outcome, ErrCodeUsed):
		event.Reason = "used"
	case errors.Is(outcome, ErrCloned):
		event.Reason = "sign_count"
	}
	if _, locked := errors.AsType[*FactorLockedError](outcome); locked {
		event.Reason = "locked"
	}
	return s.refused(ctx, event, outcome)
}
