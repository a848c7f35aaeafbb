package accounts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
	"huskyidp/templates"
)

// repeated are how many mails an owner gets in an hour about each thing that can be done again and again without another proof, or with the
// same one: the history shows all of it.
var repeated = ratelimit.Limit{Name: "repeated_notices", Count: 6, Per: time.Hour}

// enough counts such a mail, and reports whether the owner has had them all.
func (s *Service) enough(ctx context.Context, what string, id uuid.UUID) (bool, error) {
	err := s.limiter.Take(ctx, repeated, what+" "+id.String(), s.now())
	if _, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
		return true, nil
	}
	return false, err
}

// NoticeLeft returns when the last notice of these kinds to an account, enqueued since an instant, was given to the mail server, zero if
// none was. waits reports that one has not left yet; one that was given up counts for nothing.
func (s *Service) NoticeLeft(ctx context.Context, id uuid.UUID, since time.Time, kinds []string) (left time.Time, waits bool, err error) {
	return s.outbox.Left(ctx, id, since, kinds)
}

// noticeBatch is the number of notices of each kind per call.
const noticeBatch = 100

// locked is a wait about which the account's owner was not notified yet.
type locked struct {
	AccountID    uuid.UUID
	BlockedUntil time.Time
}

func (s *store) takeLocked(ctx context.Context, now time.Time) ([]locked, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		update sign_in_throttles set noticed_at = $1 where key in (
			select key from sign_in_throttles
			where blocked_until is not null and account_id is not null and noticed_at is null
			order by last_failed_at limit $2 for update skip locked)
		returning account_id, blocked_until`, now, noticeBatch)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[locked])
}

// newDevice is a sign-in from an unknown device.
type newDevice struct {
	AccountID       uuid.UUID
	AuthTime        time.Time
	Browser, System string
}

func (s *store) takeNewDevices(ctx context.Context) ([]newDevice, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		update sessions set announce = false where sid in (
			select sid from sessions where announce order by auth_time limit $1 for update skip locked)
		returning account_id, auth_time, browser, system`, noticeBatch)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[newDevice])
}

// SendNotices notifies those whose account was locked, once per run of failures, or was signed in to from a new device,
// since the last call. cmd/idp calls it every minute, on any number of instances. Mails are queued here and not at the
// sign-in, so that an attempt on an existing account costs no more than one on a nonexistent account (S-13).
func (s *Service) SendNotices(ctx context.Context) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		waits, err := s.store.takeLocked(ctx, now)
		if err != nil {
			return fmt.Errorf("finding locked accounts: %w", err)
		}
		for _, l := range waits {
			if err := s.Notify(ctx, l.AccountID, "locked", templates.Args{"at": now, "datetime": l.BlockedUntil}); err != nil {
				return err
			}
			err := s.audit.Record(ctx, audit.Event{
				Kind: audit.AccountLocked, At: now, AccountID: l.AccountID.String(), Success: true, Reason: "failed_sign_ins",
			})
			if err != nil {
				return err
			}
		}
		devices, err := s.store.takeNewDevices(ctx)
		if err != nil {
			return fmt.Errorf("finding new devices: %w", err)
		}
		slices.SortFunc(devices, func(a, b newDevice) int { return bytes.Compare(a.AccountID[:], b.AccountID[:]) }) // one order of locks
		for _, d := range devices {
			enough, err := s.enough(ctx, "new_device", d.AccountID)
			if err != nil {
				return err
			}
			if enough {
				continue
			}
			if err := s.Notify(ctx, d.AccountID, "new_device", templates.Args{"at": d.AuthTime, "browser": d.Browser, "system": d.System}); err != nil {
				return err
			}
		}
		return nil
	})
}
