package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
)

const (
	codeLife  = 15 * time.Minute
	codeTries = 5 // wrong ones end the recovery (S-14)
	resendGap = time.Minute
)

// Errors of the code page.
var (
	ErrCode        = errors.New("recovery: not the code")
	ErrCodeExpired = errors.New("recovery: the code is too old")
)

// resendError reports how long until another code can be requested.
type resendError struct{ wait time.Duration }

func (e *resendError) Error() string             { return "recovery: a code was sent just now" }
func (e *resendError) RetryAfter() time.Duration { return e.wait }

func (s *Service) codeMAC(id uuid.UUID, code string) []byte {
	return s.keyring.MAC(seal.PepperCode, []byte("recovery"), id[:], []byte(code))
}

func (s *Service) staffMAC(account uuid.UUID, code string) []byte {
	return s.keyring.MAC(seal.PepperCode, []byte("recovery.staff"), account[:], []byte(code))
}

// refusedMAC recognizes the same value again within one recovery and field.
func (s *Service) refusedMAC(id uuid.UUID, field, value string) []byte {
	return s.keyring.MAC(seal.PepperCode, []byte("recovery.refused"), id[:], []byte(field), []byte(value))
}

// SubmitCode compares a code of six digits. The try is counted on the locked row, whether or not a code was ever sent,
// and on support's code, which several recoveries share (S-10, S-12); the same wrong code again is counted once. The
// error is ErrCode, ErrCodeExpired, ErrEnded, ErrNewAddress, ErrQuestionClosed, accounts.ErrDisabled, a *movedError, or the database's.
func (s *Service) SubmitCode(ctx context.Context, v Visit, code string) (*Recovery, error) {
	return s.change(ctx, v, stepCode, func(ctx context.Context, t *turn) (outcome, error) {
		if t.Name != "" { // the job that looks it up comes later than support's own code
			var err error
			if t.AccountID, err = s.accounts.IDByUsername(ctx, t.Name); err != nil {
				return nil, err
			}
		}
		own := s.keyring.VerifyMAC(seal.PepperCode, t.CodeMAC, []byte("recovery"), t.ID[:], []byte(code))
		again := t.again(s.refusedMAC(t.ID, "code", code))
		staff, err := s.store.tryStaffCode(ctx, t.AccountID, again, t.now)
		if err != nil {
			return nil, err
		}
		ofStaff := s.keyring.VerifyMAC(seal.PepperCode, staff, []byte("recovery.staff"), t.AccountID[:], []byte(code))
		switch late := !t.now.Before(t.CodeAskedAt.Add(codeLife)); {
		case ofStaff, own && !late:
			return s.proven(ctx, t)
		case late && staff == nil:
			t.record(audit.RecoveryRefused, "code_expired")
			return ErrCodeExpired, nil
		}
		if again {
			return ErrCode, nil
		}
		t.CodeTries++
		t.record(audit.RecoveryRefused, "wrong_code")
		if t.CodeTries >= codeTries {
			t.end("wrong_codes")
			return ErrEnded, nil
		}
		return ErrCode, nil
	})
}

// proven continues once the mailbox is known to be the member's. No code works twice.
func (s *Service) proven(ctx context.Context, t *turn) (outcome, error) {
	n, err := s.proofs(ctx, t.AccountID)
	if err != nil {
		return nil, err
	}
	t.CodeMAC = nil
	s.limiter.QueueReturn(t.batch, mailSource.Name, t.visit.Source)
	queueDropStaffCode(t.batch, t.AccountID)
	s.store.queueFound(t.batch, t.Recovery)
	t.record(audit.RecoveryProven, "")
	account, err := s.accounts.Get(ctx, t.AccountID)
	if err != nil {
		return nil, err
	}
	if account.Status == accounts.Disabled {
		t.end("disabled")
		return accounts.ErrDisabled, nil
	}
	if n.closed {
		t.end("question_closed")
		return ErrQuestionClosed, nil
	}
	if !n.question && !n.factor { // a new address alone proves nothing while the change can be undone (S-53)
		undoing, err := s.store.undoing(ctx, t.AccountID, t.now)
		if err != nil {
			return nil, err
		}
		if undoing || !account.EmailProven {
			t.end("address_changed")
			return ErrNewAddress, nil
		}
	}
	t.to(after(stepCode, n))
	return nil, nil
}

// ResendCode requests another code, which voids the previous one. The error is a *resendError, a *ratelimit.Exceeded of
// the source, a *movedError, or the database's.
func (s *Service) ResendCode(ctx context.Context, v Visit) (*Recovery, error) {
	return s.change(ctx, v, stepCode, func(ctx context.Context, t *turn) (outcome, error) {
		return s.mailAgain(ctx, t)
	})
}

// mailAgain requests another code, unless one was requested within the last minute: the refusal is a *resendError then.
func (s *Service) mailAgain(ctx context.Context, t *turn) (refused outcome, err error) {
	if wait := t.CodeAskedAt.Add(resendGap).Sub(t.now); wait > 0 {
		return &resendError{wait}, nil
	}
	if err := s.takeSource(ctx, t.visit.Source, t.now); err != nil {
		return nil, err
	}
	t.CodeMAC, t.Refused, t.CodeAskedAt, t.ExpiresAt = nil, nil, t.now, t.now.Add(life)
	return nil, s.enqueue(ctx, codeArgs{t.ID, t.now.Unix()})
}

// StartReset mails a code to the address on file at the request of support, who never see it. The member types it into
// the recovery that is open on their own screen, or into the next one. It takes part in the transaction of ctx.
func (s *Service) StartReset(ctx context.Context, accountID uuid.UUID) error {
	code, err := accounts.NewCode()
	if err != nil {
		return err
	}
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		account, err := s.accounts.Get(ctx, accountID)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		s.store.queueStaffCode(b, accountID, s.staffMAC(accountID, code), now.Add(codeLife))
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.RecoveryCodeSent, At: now, AccountID: accountID.String(), Success: true, Reason: "support"})
		if err := s.accounts.QueueNotice(ctx, b, account, "reset_desk", map[string]any{"code": code}); err != nil {
			return err
		}
		return s.db.Finish(ctx, b)
	})
}
