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
// same one: the history shows all of it. repeatedAll are those of a kind, about whatever apps.
var (
	repeated    = ratelimit.Limit{Name: "repeated_notices", Count: 6, Per: time.Hour}
	repeatedAll = ratelimit.Limit{Name: "repeated_notices_all", Count: 24, Per: time.Hour}
	denials     = ratelimit.Limit{Name: "denials", Count: 1000, Per: 24 * time.Hour} // each begins the counts anew: what comes next was not denied
)

// repeatable are the kinds of such mails, and what they are counted as. Not those whose own link alone stops what they tell of:
// there the act is limited.
var repeatable = map[string]string{
	"app_allowed": "app_allowed", "app_allowed_no_end": "app_allowed", "app_allowed_once": "app_allowed", "app_stopped": "app_stopped", "device_allowed": "device_allowed",
	"factor_added": "factor_added", "factor_added_waits": "factor_added", "factor_removed": "factor_removed", "factor_removed_open": "factor_removed", "password_changed": "password_changed",
	"question_changed": "question_changed", "language_changed": "language_changed", "new_device": "new_device", "data_taken": "data_taken", "close_stopped": "close_stopped",
}

// enough counts such a mail, by what it is about, and reports whether the owner has had them all, and whether this is the last one. A
// mail with the link "this wasn't me" is held back only as long as that of an earlier one works, which denies everything since.
func (s *Service) enough(ctx context.Context, kind string, id uuid.UUID, args templates.Args) (enough, last bool, err error) {
	now := s.now()
	all, err := s.countedAs(ctx, kind, id, now)
	if err != nil {
		return false, false, err
	}
	one := all
	for _, about := range []string{"app", "factor"} {
		if args[about] != nil {
			one += fmt.Sprintf(" %v", args[about])
		}
	}
	left, _, err := s.limiter.Left(ctx, repeated, one, now)
	if err != nil {
		return false, false, err
	}
	err = s.limiter.TakeAll(ctx, now, ratelimit.Ask{Limit: repeated, Key: one}, ratelimit.Ask{Limit: repeatedAll, Key: all})
	if _, over := errors.AsType[*ratelimit.Exceeded](err); !over {
		return false, left == 1, err
	}
	if !templates.CanDisown(kind) {
		return true, false, nil
	}
	err = s.db.From(ctx).QueryRow(ctx, `
		select exists (select from disown_links where account_id = $1 and sid is null and event_at > $2 and expires_at > $3)`,
		id, now.Add(-repeated.Per), now).Scan(&enough)
	return enough, false, err
}

// countedAs is the key of what such mails are counted by.
func (s *Service) countedAs(ctx context.Context, kind string, id uuid.UUID, now time.Time) (string, error) {
	notDenied, _, err := s.limiter.Left(ctx, denials, id.String(), now)
	return fmt.Sprintf("%s %s %d", repeatable[kind], id, notDenied), err
}

// Told reports whether a notice of these kinds was queued for an account's owner since an instant, and not given up: one that was held back
// was not.
func (s *Service) Told(ctx context.Context, id uuid.UUID, since time.Time, kinds ...string) (bool, error) {
	left, waits, err := s.NoticeLeft(ctx, id, since, kinds)
	return waits || !left.IsZero(), err
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
			closed, err := s.RecoveryClosed(ctx, l.AccountID)
			if err != nil {
				return err
			}
			kind := "locked"
			if closed.Kind != "" {
				kind = "locked_waits"
			}
			if err := s.Notify(ctx, l.AccountID, kind, templates.Args{"at": now, "datetime": l.BlockedUntil}); err != nil {
				return err
			}
			err = s.audit.Record(ctx, audit.Event{
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
			if err := s.Notify(ctx, d.AccountID, "new_device", templates.Args{"at": d.AuthTime, "browser": d.Browser, "system": d.System}); err != nil {
				return err
			}
		}
		return nil
	})
}
