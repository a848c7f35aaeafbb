package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

const (
	freeFailures = 5           // before the first wait (S-07)
	firstWait    = time.Minute // doubles with each failure
	longestWait  = time.Hour
	allFailures  = 100 // consecutive: the password is disabled
)

// throttleKey is the digest under which attempts for a username are counted, whether or not it exists; attempts from a
// known device are counted separately (S-08, S-11).
func (s *Service) throttleKey(name string, device knownDevice) []byte {
	if device.valid {
		return s.keyring.MAC(seal.Index, []byte("accounts.throttle.device"), []byte(name), device.id)
	}
	return s.keyring.MAC(seal.Index, []byte("accounts.throttle"), []byte(name))
}

// throttleKeys returns all keys that a success clears: in every key version, for the username and for the device.
func (s *Service) throttleKeys(name string, device knownDevice) [][]byte {
	keys := s.keyring.MACs(seal.Index, []byte("accounts.throttle"), []byte(name))
	if device.valid {
		keys = append(keys, s.keyring.MACs(seal.Index, []byte("accounts.throttle.device"), []byte(name), device.id)...)
	}
	return keys
}

// reservation is a failure counted in advance. The account is empty for an unknown username.
type reservation struct {
	key          []byte // what it was counted under
	granted      bool
	failures     int  // including this one; those before it if it was refused
	again        bool // the browser's last one, sent again
	blockedUntil *time.Time
	account      accountRow
	factors      factorsRow
	mark         string // the newest mark of the password
}

// reserve takes the attempt from the source's limit (S-09), counts a failure before the password is compared, so that
// parallel attempts gain nothing (S-10), and reads the account: one round trip and the commit, whether or not the
// account exists. A source over its limit is not counted against anybody. An attempt that repeats the browser's last
// one costs no second try: a double click or a reload is not a guess.
func (s *Service) reserve(ctx context.Context, a Attempt, name string, device knownDevice, now time.Time) (r reservation, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		var limited error
		r = reservation{}
		b := &pgx.Batch{}
		s.limiter.Queue(b, &limited, now, ratelimit.Ask{Limit: s.sourceLimit.Times(web.SourceFactor(ctx)), Key: a.Source})
		s.store.reserve(b, &r, s.throttleKey(name, knownDevice{}), s.throttleKey(name, device), device, s.passwordMAC(a.Browser, name, a.Password), name, now)
		if err := s.db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("counting a sign-in: %w", err)
		}
		return limited
	})
	return r, err
}

// passwordMAC identifies the same password sent again from one browser for one username; nil without a browser.
func (s *Service) passwordMAC(browser []byte, name, password string) []byte {
	if browser == nil {
		return nil
	}
	return s.keyring.MAC(seal.PepperPassword, []byte("accounts.refused"), browser, []byte(name), []byte(normalize(password)))
}

// reserve queues the count: of the device if the account still knows it, else of the username. Only the row of the
// username, not that of a device, refers to the account, whose owner is notified.
func (s *store) reserve(b *pgx.Batch, r *reservation, nameKey, deviceKey []byte, device knownDevice, typed []byte, name string, now time.Time) {
	b.Queue(`
		with found as (
			select * from accounts where username = @name
		), counted as (
			select known, case when known then @device_key::bytea else @name_key::bytea end as key
			from (select @device::boolean and coalesce(date_trunc('second', (select credentials_changed_at from found)) <= @issued, true) as known) d
		), attempt as (
			insert into sign_in_throttles as t (key, account_id, failures, last_failed_at, refused)
			select key, case when known then null else (select id from found) end, 1, @now, @typed from counted
			on conflict (key) do update set
				account_id     = excluded.account_id,
				failures       = case when t.refused = @typed then t.failures else t.failures + 1 end,
				last_failed_at = @now,
				refused        = @typed,
				blocked_until  = case when t.refused = @typed then t.blocked_until when t.failures + 1 >= @free::int then
					@now::timestamptz + least(@longest::float8, @first::float8 * power(2, t.failures + 1 - @free::int)) * interval '1 second' end
			where t.failures < @all and (t.blocked_until is null or t.blocked_until <= @now)
			returning failures, blocked_until
		)
		select counted.key, attempt.failures, t.failures, t.blocked_until, coalesce(t.refused = @typed, false), `+accountColumns+`, `+factorColumns+`, `+markPassword.newest("a.id")+`
		from counted
		left join attempt on true
		left join sign_in_throttles t on t.key = counted.key
		left join found a on true`,
		pgx.NamedArgs{
			"name": name, "name_key": nameKey, "device_key": deviceKey, "device": device.valid, "issued": device.issued, "typed": typed, "now": now, "free": freeFailures, "all": allFailures,
			"first": firstWait.Seconds(), "longest": longestWait.Seconds(),
		}).QueryRow(func(row pgx.Row) error {
		var failures, before *int
		targets := append([]any{&r.key, &failures, &before, &r.blockedUntil, &r.again}, r.account.targets()...)
		if err := row.Scan(append(append(targets, r.factors.targets()...), &r.mark)...); err != nil {
			return err
		}
		switch {
		case failures != nil:
			r.granted, r.failures = true, *failures
		case before != nil:
			r.failures = *before
		}
		return nil
	})
}

// wait returns how long a refused attempt must wait. A wait that another request has just begun is not visible to the
// statement; it is at least the first one.
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
