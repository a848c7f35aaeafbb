package recovery

import (
	"bytes"
	"context"
	"encoding/base64"
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

// mailSource is how many mails one source may cause in an hour, here and in registration (S-09); whoever enters the
// code returns theirs.
var mailSource = ratelimit.Limit{Name: "mail_source", Count: 20, Per: time.Hour}

func (s *Service) takeSource(ctx context.Context, source string, now time.Time) error {
	return s.limiter.Take(ctx, mailSource.Times(web.SourceFactor(ctx)), source, now)
}

// Begin starts a recovery for a username as typed, ends an open one in the browser, and returns the token of its
// cookie. A second press continues the recovery that is there: the mail of another one would come a minute later, and
// the first code would be wrong for it. A job looks up whose name it is, if anybody's, so that this request is the same
// for all (S-12, S-13). The error is a *ratelimit.Exceeded of the source, or the database's.
func (s *Service) Begin(ctx context.Context, v Visit, username string) (token string, err error) {
	asker, err := s.asker(ctx, v, username)
	if err != nil {
		return "", err
	}
	now, id := s.now(), uuid.Must(uuid.NewV7())
	token = s.token(id, username)
	r := &Recovery{
		ID: id, Browser: v.Browser, Flow: v.Flow, Language: v.Language, Name: username, Typed: username, Asker: asker, Step: stepCode,
		CreatedAt: now, ExpiresAt: now.Add(life),
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		begun, digest, err := s.store.justBegun(ctx, r, now.Add(-accounts.MailGap.Per))
		if err != nil {
			return err
		}
		if former := s.token(begun, username); bytes.Equal(seal.Digest(former), digest) {
			token = former
			return nil
		}
		if err := s.Leave(ctx, v); err != nil {
			return err
		}
		if err := s.takeSource(ctx, v.Source, now); err != nil {
			return err
		}
		if err := s.enqueue(ctx, codeArgs{r.ID, now.Unix()}); err != nil {
			return err
		}
		t := &turn{Recovery: r, visit: v, now: now, batch: &pgx.Batch{}}
		t.record(audit.RecoveryStarted, "")
		ForgetReferences(t.batch, v.Browser)
		s.store.queueCreate(t.batch, seal.Digest(token), r)
		s.audit.Queue(ctx, t.batch, t.events...)
		return s.db.Finish(ctx, t.batch)
	})
	return token, err
}

// token is the value of the cookie. It can be derived again for the answer to a second press, but only with the right
// name, which is not stored.
func (s *Service) token(id uuid.UUID, username string) string {
	return base64.RawURLEncoding.EncodeToString(s.keyring.MAC(seal.TokenMAC, []byte("recovery"), id[:], []byte(username)))
}

// SetPassword completes a recovery: the new password is set, all sessions end and the owner is notified (S-54). No
// device stays known but that of the visit, whose new cookie is returned; "" if it was not known. problem is what is
// wrong with the password. The error is a *movedError, accounts.ErrBusy, or the database's.
func (s *Service) SetPassword(ctx context.Context, v Visit, password string) (device string, problem *templates.Problem, err error) {
	r, err := s.at(ctx, v, stepPassword)
	if err != nil {
		return "", nil, err
	}
	account, err := s.accounts.Get(ctx, r.AccountID)
	if err != nil {
		return "", nil, err
	}
	if flaws := accounts.CheckPassword(password, account.Username, account.Email); len(flaws) > 0 {
		p := accounts.PasswordProblem(flaws)
		return "", &p, nil
	}
	hash, err := s.accounts.HashNewPassword(ctx, account.ID, password)
	if errors.Is(err, accounts.ErrSamePassword) {
		return "", &templates.Problem{Field: "new_password", Key: "recovery.new_password.same"}, nil
	}
	if err != nil {
		return "", nil, err
	}
	_, err = s.change(ctx, v, stepPassword, func(ctx context.Context, t *turn) (outcome, error) {
		if err := s.accounts.ResetPassword(ctx, t.AccountID, hash); err != nil {
			return nil, err
		}
		if err := s.StopOwn(ctx, t.AccountID); err != nil {
			return nil, err
		}
		if s.apps != nil {
			if err := s.apps.StopWatched(ctx, account); err != nil {
				return nil, err
			}
		}
		queueEndOthers(t.batch, t.AccountID, t.ID)
		queueDropStaffCode(t.batch, t.AccountID)
		s.accounts.QueueProveEmail(ctx, t.batch, t.AccountID) // by the code that it began with
		t.to(after(stepPassword, proofs{}))
		return nil, nil
	})
	if err != nil {
		return "", nil, err
	}
	return s.accounts.RenewDevice(account, v.Device), nil, nil
}

// owned reads the account of a recovery at a step after its proofs.
func (s *Service) owned(ctx context.Context, v Visit, step Step) (accounts.Account, error) {
	r, err := s.at(ctx, v, step)
	if err != nil {
		return accounts.Account{}, err
	}
	return s.accounts.Get(ctx, r.AccountID)
}
