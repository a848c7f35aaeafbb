package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/audit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// Factor is a kind of second step. Its text is the suffix of accounts.factor_name.* and is stored in factor_throttles.
type Factor string

const (
	TOTP       Factor = "totp"
	Passkey    Factor = "passkey"
	SavedCodes Factor = "saved_codes"
)

const (
	// newFactorWait is how long a factor cannot be used if it was enrolled within the same time after a recovery (S-55), or
	// by nothing but the password within newDeviceWatch after a sign-in on a new device.
	newFactorWait = 24 * time.Hour
	// newDeviceWatch is as long as the owner can deny that sign-in.
	newDeviceWatch = DisownLife
)

// Factors are the second steps that an account may use now. Saved codes substitute for another factor and never exist
// alone.
type Factors struct {
	TOTP       bool
	Passkeys   int
	SavedCodes int       // remaining
	Waiting    time.Time // when the first of those that are on hold may be used; zero if none is (S-55)
}

// Any reports whether a sign-in requires a second step.
func (f Factors) Any() bool { return f.TOTP || f.Passkeys > 0 }

// Best returns the rank of the strongest proof that the account can give.
func (f Factors) Best() int {
	switch {
	case f.Passkeys > 0:
		return Rank(ACRPhishingResistant)
	case f.TOTP:
		return Rank(ACRFactor)
	}
	return Rank(ACRPassword)
}

// factorColumns are the columns of a row of Factors, for the account in a.id at @now.
const factorColumns = `
	exists (select from account_totp f where f.account_id = a.id and f.usable_from <= @now),
	(select count(*) from account_passkeys f where f.account_id = a.id and f.usable_from <= @now),
	(select count(*) from account_saved_codes f where f.account_id = a.id and f.used_at is null),
	least((select min(usable_from) from account_totp f where f.account_id = a.id and f.usable_from > @now),
		(select min(usable_from) from account_passkeys f where f.account_id = a.id and f.usable_from > @now))`

// factorsRow holds factorColumns.
type factorsRow struct {
	totp            *bool
	passkeys, saved *int
	waiting         *time.Time
}

func (r *factorsRow) targets() []any { return []any{&r.totp, &r.passkeys, &r.saved, &r.waiting} }

func (r *factorsRow) factors() (f Factors) {
	if r.totp == nil {
		return f
	}
	f = Factors{TOTP: *r.totp, Passkeys: *r.passkeys}
	if f.Any() {
		f.SavedCodes = *r.saved
	}
	if r.waiting != nil {
		f.Waiting = r.waiting.UTC()
	}
	return f
}

// Factors reads the second steps that the account may use.
func (s *Service) Factors(ctx context.Context, accountID uuid.UUID) (f Factors, err error) {
	b := &pgx.Batch{}
	s.QueueFactors(b, accountID, &f)
	err = s.store.run(ctx, b)
	return f, err
}

// QueueFactors is Factors for a batch that is sent later.
func (s *Service) QueueFactors(b *pgx.Batch, id uuid.UUID, f *Factors) {
	b.Queue(`select `+factorColumns+` from (select @id::uuid as id) a`, pgx.NamedArgs{"id": id, "now": s.now()}).
		QueryRow(func(row pgx.Row) error {
			var r factorsRow
			if err := row.Scan(r.targets()...); err != nil {
				return err
			}
			*f = r.factors()
			return nil
		})
}

// RemoveFactors removes every second step from an account at the support desk's request, in the transaction of ctx, and
// ends every session and grant: whoever has the lost phone may have those too (S-39). The member is notified of each
// kind.
func (s *Service) RemoveFactors(ctx context.Context, accountID uuid.UUID) error {
	return s.removeFactors(ctx, accountID, "factor_removed_desk")
}

// removeFactors is RemoveFactors with the kind of its mails.
func (s *Service) removeFactors(ctx context.Context, accountID uuid.UUID, mail string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.EndSessions(ctx, accountID, ""); err != nil {
			return err
		}
		if err := s.dropFactors(ctx, &pgx.Batch{}, accountID, `true`, "", mail); err != nil {
			return err
		}
		b := &pgx.Batch{}
		s.queueSuperseded(b, accountID)
		b.Queue(`delete from factor_throttles where account_id = $1`, accountID)
		s.store.queueEndBegun(b, accountID)
		b.Queue(`update accounts set credentials_changed_at = $2, updated_at = $2 where id = $1`, accountID, s.now())
		return s.store.run(ctx, b)
	})
}

// dropWaiting removes the second steps that nobody has been asked for yet, but for those that the session named has added:
// whoever knew the password may have added them. Those that count stay (S-55).
func (s *Service) dropWaiting(ctx context.Context, b *pgx.Batch, accountID uuid.UUID, except string) error {
	return s.dropFactors(ctx, b, accountID, `usable_from > @now and (@sid = '' or sid <> @sid)`, except, "factor_removed")
}

// dropFactors removes the second steps for which a condition holds, which may name @now and @sid, and the saved codes unless
// another stays, in one trip with what the batch holds already. The member is notified of each kind by a mail.
func (s *Service) dropFactors(ctx context.Context, b *pgx.Batch, accountID uuid.UUID, which, sid, mail string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		var removed []Factor
		args := pgx.NamedArgs{"id": accountID, "now": s.now(), "sid": sid}
		for _, f := range []struct {
			Factor
			statement string
		}{
			{TOTP, `delete from account_totp where account_id = @id and confirmed_at is not null and ` + which},
			{Passkey, `delete from account_passkeys where account_id = @id and ` + which},
		} {
			b.Queue(f.statement, args).Exec(func(tag pgconn.CommandTag) error {
				if tag.RowsAffected() > 0 {
					removed = append(removed, f.Factor)
				}
				return nil
			})
		}
		queueDropAlone(b, accountID)
		if err := s.store.run(ctx, b); err != nil {
			return err
		}
		for _, f := range removed {
			if err := s.factorTold(ctx, accountID, f, time.Time{}, audit.FactorRemoved, mail, map[string]string{"factor": string(f)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// queueDropAlone voids saved codes that have lost the last second step beside them.
func queueDropAlone(b *pgx.Batch, accountID uuid.UUID) {
	b.Queue(`
		delete from account_saved_codes where account_id = $1
			and not exists (select from account_totp where account_id = $1 and confirmed_at is not null)
			and not exists (select from account_passkeys where account_id = $1)`, accountID)
}

// factorNotice ends what earlier proofs opened, records the change and notifies the member by mail (S-21). usable is from when a
// factor that was added counts; zero for one that was removed.
func (s *Service) factorNotice(ctx context.Context, accountID uuid.UUID, f Factor, usable time.Time, secrets ...secret) error {
	b := &pgx.Batch{}
	s.queueSuperseded(b, accountID)
	if err := s.store.run(ctx, b); err != nil {
		return err
	}
	return s.factorChanged(ctx, accountID, f, usable, secrets...)
}

// factorChanged is factorNotice for callers who end themselves what is open.
func (s *Service) factorChanged(ctx context.Context, accountID uuid.UUID, f Factor, usable time.Time, secrets ...secret) error {
	kind, mail, added := audit.FactorRemoved, "factor_removed", !usable.IsZero()
	data, err := s.markOf(map[string]string{"factor": string(f)}, secrets...)
	if err != nil {
		return err
	}
	switch {
	case usable.After(s.now()):
		kind, mail = audit.FactorAdded, "factor_added_waits"
	case added:
		kind, mail = audit.FactorAdded, "factor_added"
	}
	return s.factorTold(ctx, accountID, f, usable, kind, mail, data)
}

// factorRemoved is factorChanged for a factor that its member removes, which signs nobody out: the mail says so if the account is open
// elsewhere, since the device that had the factor may be lost.
func (s *Service) factorRemoved(ctx context.Context, accountID uuid.UUID, f Factor) error {
	open, err := s.OpenSessions(ctx, accountID, "")
	if err != nil {
		return err
	}
	if len(open) < 2 { // the member's own
		return s.factorChanged(ctx, accountID, f, time.Time{})
	}
	return s.factorTold(ctx, accountID, f, time.Time{}, audit.FactorRemoved, "factor_removed_open", map[string]string{"factor": string(f)})
}

func (s *Service) factorTold(ctx context.Context, accountID uuid.UUID, f Factor, usable time.Time, kind audit.Kind, mail string, data map[string]string) error {
	b := &pgx.Batch{}
	if kind == audit.FactorRemoved {
		queueForget(b, accountID)
		if f == TOTP {
			data[string(markTOTP)] = gone
		}
	}
	s.audit.Queue(ctx, b, audit.Event{
		Kind: kind, At: s.now(), AccountID: accountID.String(), RequestID: web.RequestID(ctx), Success: true, Data: data,
	})
	if err := s.store.run(ctx, b); err != nil {
		return err
	}
	return s.tellFactor(ctx, accountID, f, mail, usable)
}

// FactorRemoved returns when a second step of an account was last removed, or now.
func (s *Service) FactorRemoved(ctx context.Context, accountID uuid.UUID) (time.Time, error) {
	newest, err := s.audit.MemberHistory(ctx, accountID, 0, historyPage)
	for _, e := range newest {
		if e.Kind == audit.FactorRemoved {
			return e.At, err
		}
	}
	return s.now(), err
}

// tellFactor mails a notice about a factor.
func (s *Service) tellFactor(ctx context.Context, accountID uuid.UUID, f Factor, mail string, usable time.Time) error {
	return s.Notify(ctx, accountID, mail, templates.Args{"at": s.now(), "factor": templates.Key("accounts.factor_name." + string(f)), "datetime": usable})
}

// usableFrom returns when a factor enrolled now may be used (S-55). Where another one counts, the page has asked for it
// (S-20), so a new device does not delay it.
func (s *Service) usableFrom(ctx context.Context, accountID uuid.UUID) (usable time.Time, err error) {
	now, waits := s.now(), false
	err = s.db.From(ctx).QueryRow(ctx, `
		select coalesce(recovered_at > @recovered, false) or coalesce(new_device_at > @watched, false)
			and not exists (select from account_totp f where f.account_id = a.id and f.usable_from <= @now)
			and not exists (select from account_passkeys f where f.account_id = a.id and f.usable_from <= @now)
		from accounts a where id = @id`,
		pgx.NamedArgs{"id": accountID, "now": now, "recovered": now.Add(-newFactorWait), "watched": now.Add(-newDeviceWatch)}).Scan(&waits)
	if waits {
		return now.Add(newFactorWait), err
	}
	return now, err
}

// WatchedSince returns since when a stranger who knew the password may have acted in the account: newDeviceWatch ago if somebody
// has signed in since then on a browser that it did not know, else zero.
func (s *Service) WatchedSince(ctx context.Context, accountID uuid.UUID) (since time.Time, err error) {
	from, isWatched := s.now().Add(-newDeviceWatch), false
	err = s.db.From(ctx).QueryRow(ctx, `select coalesce(new_device_at > $2, false) from accounts where id = $1`, accountID, from).Scan(&isWatched)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when a new device came: %w", err)
	}
	if isWatched {
		since = from
	}
	return since, nil
}
