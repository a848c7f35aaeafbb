package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

const (
	freeFailures = 5           // before the first wait (S-07)
	firstWait    = time.Minute // doubles with each failure
	longestWait  = time.Hour
	allFailures  = 100 // consecutive: the password counts no longer
)

// throttleKey is the digest under which attempts for a name are counted, existing or
// not; attempts from a known device count by themselves (S-08, S-11).
func (s *Service) throttleKey(name string, device knownDevice) []byte {
	if device.valid {
		return s.keyring.MAC(seal.Index, []byte("accounts.throttle.device"), []byte(name), device.id)
	}
	return s.keyring.MAC(seal.Index, []byte("accounts.throttle"), []byte(name))
}

// throttleKeys are all the keys that a success clears: in every key version, of the
// name and of the device.
func (s *Service) throttleKeys(name string, device knownDevice) [][]byte {
	keys := s.keyring.MACs(seal.Index, []byte("accounts.throttle"), []byte(name))
	if device.valid {
		keys = append(keys, s.keyring.MACs(seal.Index, []byte("accounts.throttle.device"), []byte(name), device.id)...)
	}
	return keys
}

// reservation is a failure counted in advance. The account is empty for a name that
// nobody has.
type reservation struct {
	granted      bool
	failures     int // counted with this one; those before it when refused
	blockedUntil *time.Time
	account      accountRow
}

// reserve counts a failure before the password is looked at, so that parallel attempts
// buy nothing (S-10), and reads the account: one statement, whether or not there is
// one. Only the row of the name, not of a device, knows the account: its owner is
// told.
func (s *store) reserve(ctx context.Context, key []byte, name string, fromDevice bool, now time.Time) (reservation, error) {
	var r reservation
	var failures, before *int
	err := s.db.From(ctx).QueryRow(ctx, `
		with found as (
			select * from accounts where username = @name
		), attempt as (
			insert into sign_in_throttles as t (key, account_id, failures, last_failed_at)
			values (@key, case when @from_device::boolean then null else (select id from found) end, 1, @now)
			on conflict (key) do update set
				account_id     = excluded.account_id,
				failures       = t.failures + 1,
				last_failed_at = @now,
				blocked_until  = case when t.failures + 1 >= @free::int then
					@now::timestamptz + least(@longest::float8, @first::float8 * power(2, t.failures + 1 - @free::int)) * interval '1 second' end
			where t.failures < @all and (t.blocked_until is null or t.blocked_until <= @now)
			returning failures, blocked_until
		)
		select attempt.failures, t.failures, t.blocked_until, `+accountColumns+`
		from (values (1)) one
		left join attempt on true
		left join sign_in_throttles t on t.key = @key
		left join found a on true`,
		pgx.NamedArgs{
			"name": name, "key": key, "from_device": fromDevice, "now": now, "free": freeFailures, "all": allFailures,
			"first": firstWait.Seconds(), "longest": longestWait.Seconds(),
		}).Scan(append([]any{&failures, &before, &r.blockedUntil}, r.account.targets()...)...)
	if err != nil {
		return r, fmt.Errorf("counting a sign-in: %w", err)
	}
	switch {
	case failures != nil:
		r.granted, r.failures = true, *failures
	case before != nil:
		r.failures = *before
	}
	return r, nil
}

// wait is how long a refused attempt is told to wait. A wait that another request has
// begun in this moment is not in the statement's view; it is at least the first.
func (r reservation) wait(now time.Time) time.Duration {
	switch {
	case r.failures >= allFailures:
		return longestWait
	case r.blockedUntil == nil || !r.blockedUntil.After(now):
		return firstWait
	}
	return r.blockedUntil.Sub(now)
}

func (s *store) clearThrottles(b *pgx.Batch, keys [][]byte) {
	b.Queue(`delete from sign_in_throttles where key = any($1)`, keys)
}

// locked is a wait of which the account's owner has not been told.
type locked struct {
	Key          []byte
	AccountID    uuid.UUID
	Failures     int
	BlockedUntil time.Time
}

func (s *store) takeNotices(ctx context.Context, now time.Time) ([]locked, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		update sign_in_throttles set noticed_at = $1 where key in (
			select key from sign_in_throttles
			where blocked_until is not null and account_id is not null and noticed_at is null
			order by last_failed_at limit 100 for update skip locked)
		returning key, account_id, failures, blocked_until`, now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[locked])
}

// SendNotices mails, once per run of failures, the owners of accounts that were locked
// since the last call; cmd/idp calls it every half minute. It stands outside the
// sign-in so that an account's attempt costs no more than anybody's (S-13).
func (s *Service) SendNotices(ctx context.Context) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		all, err := s.store.takeNotices(ctx, now)
		if err != nil {
			return fmt.Errorf("finding locked accounts: %w", err)
		}
		for _, l := range all {
			account, err := s.Get(ctx, l.AccountID)
			if err != nil {
				return err
			}
			if err := s.notify(ctx, account, "locked", templates.Args{"at": now, "datetime": l.BlockedUntil}); err != nil {
				return err
			}
			err = s.audit.Record(ctx, audit.Event{Kind: audit.AccountLocked, At: now, AccountID: account.ID.String(), Success: true, Reason: "failed_sign_ins"})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// notify queues a mail in the language of the account.
func (s *Service) notify(ctx context.Context, account Account, kind string, args templates.Args) error {
	args["username"] = account.Username
	content, err := s.mails.Mail(account.Language, kind, args)
	if err != nil {
		return err
	}
	return s.outbox.Enqueue(ctx, mail.Message{Kind: kind, To: account.Email, Lang: account.Language, AccountID: account.ID, Content: content})
}
