package recovery

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/jobs"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/members"
	"huskyidp/templates"
)

// queue separates these jobs from those that send mail. Everything that depends on whether somebody has an account happens
// here, outside of the request that asked for it (S-12, S-13).
const queue = "recovery"

// codeArgs request the code of a recovery; Asked distinguishes one request from the next.
type codeArgs struct {
	RecoveryID uuid.UUID `json:"recovery_id"`
	Asked      int64     `json:"asked"`
}

func (codeArgs) Kind() string { return "recovery_code" }

// usernameArgs request a reminder for the member whose card it is.
type usernameArgs struct {
	CardID uuid.UUID `json:"card_id"`
	Asker  string    `json:"asker"` // see asker
}

func (usernameArgs) Kind() string { return "recovery_username" }

// enqueue inserts a job. ctx must have a transaction.
func (s *Service) enqueue(ctx context.Context, args river.JobArgs) error {
	if _, err := s.jobs.InsertTx(ctx, s.db.Tx(ctx), args, &river.InsertOpts{Queue: queue, MaxAttempts: 10}); err != nil {
		return fmt.Errorf("queueing %s: %w", args.Kind(), err)
	}
	return nil
}

// Work returns the workers for jobs.New.
func Work(s *Service) jobs.Work {
	return jobs.Work{Queues: []string{queue}, Workers: 10, Add: func(w *river.Workers) error {
		return errors.Join(river.AddWorkerSafely(w, &codeWorker{service: s}), river.AddWorkerSafely(w, &usernameWorker{service: s}))
	}}
}

type codeWorker struct {
	river.WorkerDefaults[codeArgs]
	service *Service
}

func (w *codeWorker) Work(ctx context.Context, job *river.Job[codeArgs]) error {
	return w.service.sendCode(ctx, job.Args)
}

type usernameWorker struct {
	river.WorkerDefaults[usernameArgs]
	service *Service
}

func (w *usernameWorker) Work(ctx context.Context, job *river.Job[usernameArgs]) error {
	return w.service.sendUsername(ctx, job.Args)
}

// sendCode makes the code of a recovery and queues its mail, if the recovery is still waiting for one. If a mail for
// the same asker was sent within the last minute, it is sent a little later; beyond the limits of an hour or a day it
// is not sent.
func (s *Service) sendCode(ctx context.Context, args codeArgs) error {
	var wait time.Duration
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		now := s.now()
		r, err := s.store.lockID(ctx, args.RecoveryID)
		if err != nil || r == nil {
			return err
		}
		if r.Step != stepCode || r.CodeMAC != nil || !now.Before(r.CodeAskedAt.Add(codeLife)) {
			return nil
		}
		account, err := s.owner(ctx, r)
		if errors.Is(err, accounts.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		var limited bool
		if wait, limited, err = s.takeMail(ctx, "reset", account, r.Asker, now); err != nil || wait > 0 {
			return err
		}
		event := audit.Event{Kind: audit.RecoveryCodeSent, At: now, AccountID: account.ID.String(), Subject: r.ID.String(), Success: !limited}
		if limited {
			event.Reason = "mail_limit"
			return s.audit.Record(ctx, event)
		}
		code, err := accounts.NewCode()
		if err != nil {
			return err
		}
		r.CodeMAC = s.codeMAC(r.ID, code)
		b := &pgx.Batch{}
		s.store.queueUpdate(b, r)
		s.audit.Queue(ctx, b, event)
		if err := s.accounts.QueueNotice(ctx, b, account, "reset", templates.Args{"code": code}); err != nil {
			return err
		}
		return s.db.Finish(ctx, b)
	})
	if err == nil && wait > 0 {
		return river.JobSnooze(wait)
	}
	return err
}

// owner reads the account of a recovery; the first time it looks up the name that was typed. The error is
// accounts.ErrNotFound if nobody has it.
func (s *Service) owner(ctx context.Context, r *Recovery) (accounts.Account, error) {
	if r.Name == "" {
		return s.accounts.Get(ctx, r.AccountID)
	}
	account, err := s.accounts.ByUsername(ctx, r.Name)
	if err != nil && !errors.Is(err, accounts.ErrNotFound) {
		return account, err
	}
	r.AccountID = account.ID
	b := &pgx.Batch{}
	s.store.queueFound(b, r)
	return account, errors.Join(err, s.db.From(ctx).SendBatch(ctx, b).Close())
}

// asker is a digest of who requests mails in the name of an account (S-14): behind knownAsker if the account knows the browser,
// else before a dot and the digest of the network.
func (s *Service) asker(ctx context.Context, v Visit, username string) (string, error) {
	who, err := s.accounts.Asker(ctx, username, v.Device, v.Source)
	digest := func(text string) string {
		return base64.RawURLEncoding.EncodeToString(s.keyring.MAC(seal.Index, []byte("recovery.asker"), []byte(text)))
	}
	if accounts.IsKnown(who) {
		return knownAsker + digest(who), err
	}
	return digest(who) + "." + digest("network "+accounts.Network(v.Source)), err
}

const knownAsker = "known."

// takeMail takes one mail of a kind from the limits of an account. wait is how long it has to wait; limited reports
// that it cannot be sent today.
func (s *Service) takeMail(ctx context.Context, kind string, to accounts.Account, asker string, now time.Time) (wait time.Duration, limited bool, err error) {
	asks := accounts.MailAsks(kind, to.ID, asker, to.Email)
	if strings.HasPrefix(asker, knownAsker) {
		err = s.limiter.TakeAll(ctx, now, asks...)
	} else {
		_, network, _ := strings.Cut(asker, ".")
		err = accounts.TakeStrangers(ctx, s.db, s.limiter, now, network, strings.ToLower(to.Email), asks...)
	}
	exceeded, ok := errors.AsType[*ratelimit.Exceeded](err)
	switch {
	case !ok:
		return 0, false, err
	case exceeded.Limit == accounts.MailGap.Name:
		return exceeded.RetryAfter(), false, nil
	}
	return 0, true, nil
}

// sendUsername reminds the member whose card it is, if they have an account.
func (s *Service) sendUsername(ctx context.Context, args usernameArgs) error {
	var wait time.Duration
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		claim, err := s.store.card(ctx, args.CardID)
		if err != nil || claim == nil {
			return err
		}
		account, err := s.holder(ctx, *claim)
		if errors.Is(err, accounts.ErrNotFound) {
			return s.store.dropCard(ctx, args.CardID)
		}
		if err != nil {
			return err
		}
		var limited bool
		if wait, limited, err = s.takeMail(ctx, "username", account, args.Asker, s.now()); err != nil || wait > 0 {
			return err
		}
		if !limited {
			if err := s.SendUsername(ctx, account.ID); err != nil {
				return err
			}
		}
		return s.store.dropCard(ctx, args.CardID)
	})
	if err == nil && wait > 0 {
		return river.JobSnooze(wait)
	}
	return err
}

// holder is the account of the member whose card it is. The error is accounts.ErrNotFound if there is none.
func (s *Service) holder(ctx context.Context, claim members.Claim) (accounts.Account, error) {
	member, err := s.roster.Match(ctx, claim)
	if errors.Is(err, members.ErrNoMatch) {
		return accounts.Account{}, accounts.ErrNotFound
	}
	if err != nil {
		return accounts.Account{}, err
	}
	return s.accounts.ByMember(ctx, member.ID)
}
