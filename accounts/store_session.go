package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// startSession begins with an update of the account's row, so that parallel sign-ins of one member wait for each other
// and the limit of ten sessions holds. The session of an account that is inactive, or whose credentials have changed since it was read,
// names no account, which violates sessions_account and rolls the batch back: a password that was right is void once another is set.
// So does that of a browser that is no longer remembered, if that spared it the second step.
func (s *store) startSession(b *pgx.Batch, n Session, read time.Time, remembered, digest, openedIn []byte, replaces, browser, system string, announce bool) {
	now := n.AuthTime
	b.Queue(`update accounts set last_sign_in_at = $2 where id = $1`, n.AccountID, now)
	b.Queue(`
		insert into sessions (sid, digest, account_id, amr, acr, auth_time, last_seen_at, expires_at, browser, system, announce, idle, opened_in)
		values (@sid, @digest, coalesce((select id from accounts where id = @account_id and status = 'active' and credentials_changed_at <= @read
				and (@remembered::bytea is null or exists (select from remembered_devices where account_id = @account_id and digest = @remembered))), @nobody),
			@amr, @acr, @now, @now, @expires_at, @browser, @system, @announce and not exists (
				select from sessions where account_id = @account_id and opened_in = @opened_in and ended_at is null and auth_time > @again_since),
			@idle, @opened_in)`,
		pgx.NamedArgs{
			"read": read, "remembered": remembered, "opened_in": openedIn, "again_since": now.Add(-againWithin),
			"sid": n.SID, "digest": digest, "account_id": n.AccountID, "nobody": uuid.Nil, "amr": n.AMR, "acr": n.ACR, "now": now, "expires_at": n.ExpiresAt,
			"browser": browser, "system": system, "announce": announce, "idle": postgres.Nullable(n.Idle),
		})
	if announce && Rank(n.ACR) < Rank(ACRFactor) {
		b.Queue(`update accounts set new_device_at = $2 where id = $1 and exists (select from sessions where sid = $3 and announce)`, n.AccountID, now, n.SID)
	}
	b.Queue(`
		update sessions set ended_at = @now
		where account_id = @account_id and ended_at is null and sid not in (
			select sid from sessions where account_id = @account_id and ended_at is null and expires_at > @now
			order by sid = @sid desc, auth_time desc, sid limit @max)`,
		pgx.NamedArgs{"now": now, "account_id": n.AccountID, "sid": n.SID, "max": maxSessions})
	if replaces != "" { // whoever's it was: this browser has one session. Another person's is signed out.
		b.Queue(`
			update sessions set ended_at = $2, voids = case when account_id <> $3 then 'online' end, tell_apps = account_id <> $3
			where (digest = $1 or former_digest = $1) and ended_at is null`, seal.Digest(replaces), now, n.AccountID)
	}
}

// session reads an open session, and notes that it is in use: this is the one whose cookie the browser has kept, so that the
// others that the same form opened end.
func (s *store) session(ctx context.Context, digest []byte, now, idleSince time.Time, use bool) (Session, error) {
	var n Session
	err := s.db.From(ctx).QueryRow(ctx, `
		with seen as (
			update sessions set last_seen_at = $2
			where $4 and digest = $1 and ended_at is null and expires_at > $2
				and last_seen_at > greatest($3, $2::timestamptz - idle) and last_seen_at <= $2::timestamptz - interval '1 minute'
			returning sid, account_id, opened_in, auth_time
		), again as (
			update sessions set ended_at = $2 where sid in (
				select s.sid from seen n join sessions s on `+sameForm+` and `+neverUsed+`
				where s.auth_time <= $2::timestamptz - interval '1 minute' for update of s skip locked)
		)
		select s.sid, s.account_id, a.subject, a.username, a.language, coalesce(a.member_id, $5), s.amr, s.acr, s.auth_time, s.last_seen_at, s.expires_at,
			a.imported_at is not null and a.settled_at is null, coalesce(s.idle, '0')
		from sessions s join accounts a on a.id = s.account_id
		where s.digest = $1 and s.ended_at is null and s.expires_at > $2 and s.last_seen_at > greatest($3, $2::timestamptz - s.idle) and a.status = 'active'`,
		digest, now, idleSince, use, uuid.Nil).
		Scan(&n.SID, &n.AccountID, &n.Subject, &n.Username, &n.Language, &n.MemberID, &n.AMR, &n.ACR, &n.AuthTime, &n.LastSeenAt, &n.ExpiresAt, &n.Unsettled, &n.Idle)
	if errors.Is(err, pgx.ErrNoRows) {
		return Session{}, ErrNoSession
	}
	if err != nil {
		return Session{}, fmt.Errorf("reading a session: %w", err)
	}
	n.AuthTime, n.LastSeenAt, n.ExpiresAt = n.AuthTime.UTC(), n.LastSeenAt.UTC(), n.ExpiresAt.UTC()
	return n, nil
}

// openSession reports whether a session is open that was used since a given time.
func (s *store) openSession(ctx context.Context, sid string, now, idleSince time.Time) (open bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		select exists (select from sessions where sid = $1 and ended_at is null and expires_at > $2 and last_seen_at > greatest($3, $2::timestamptz - idle))`, sid, now, idleSince).Scan(&open)
	return open, err
}

// voids is what else ends with a session, of everything issued in it. Package provider reads it from the view
// session_ends.
type voids string

const (
	voidsOnline voids = "online" // what has no offline_access: the member has signed out
	voidsAll    voids = "all"    // everything: a session that should not have been
)

func (s *store) endSession(ctx context.Context, sid string, owner *uuid.UUID, what voids, now time.Time) (account uuid.UUID, ended bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		with forgotten as (
			delete from remembered_devices where $4 = 'all' and sid = $1 and ($3::uuid is null or account_id = $3)
		), again as (
			update sessions set ended_at = $2, voids = $4, tell_apps = true where sid in (
				select s.sid from sessions n join sessions s on `+sameForm+` and `+neverUsed+`
				where n.sid = $1 and n.ended_at is null and ($3::uuid is null or n.account_id = $3) for update of s skip locked)
		)
		update sessions set ended_at = $2, voids = $4, tell_apps = true
		where sid = $1 and ended_at is null and ($3::uuid is null or account_id = $3) returning account_id`, sid, now, owner, what).Scan(&account)
	if errors.Is(err, pgx.ErrNoRows) {
		return account, false, nil
	}
	return account, err == nil, err
}

// queueEndSessions also ends what was issued in sessions that are over: tokens of a session that its browser has left are no
// safer than those of an open one; nor are browsers that are spared the second step. ended gets those that were open.
func (s *store) queueEndSessions(b *pgx.Batch, account uuid.UUID, except string, now time.Time, ended *[]string) {
	// No sign-in ends between this and what the caller changes. Rows that refer to the account are still made: their writer may have a session.
	queueLock(b, account)
	b.Queue(`
		with open as (
			select sid from sessions where account_id = $1 and sid <> $2 and ended_at is null for update
		), ended as (
			update sessions set ended_at = coalesce(ended_at, $3), voids = 'all', tell_apps = true
			where account_id = $1 and sid <> $2 and voids is distinct from 'all'
		), forgotten as (
			delete from remembered_devices where account_id = $1 and sid <> $2
		)
		select sid from open`, account, except, now).Query(func(rows pgx.Rows) (err error) {
		*ended, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
}

// TakeEnded returns up to most sessions that have ended, other than by time or by another sign-in of the same member, and
// whose apps were not yet notified, each once. It takes part in the transaction of ctx.
func (s *Service) TakeEnded(ctx context.Context, most int) (sids []string, err error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		update sessions set tell_apps = false where sid in (
			select sid from sessions where tell_apps order by ended_at limit $1 for update skip locked)
		returning sid`, most)
	if err != nil {
		return nil, fmt.Errorf("taking ended sessions: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// StatusChange is an account that was closed, or opened again.
type StatusChange struct {
	ID       uuid.UUID
	Disabled bool
}

// TakeStatusChanges returns up to most accounts that were closed or opened again and whose apps were not yet notified, each
// once and as it is now. It takes part in the transaction of ctx.
func (s *Service) TakeStatusChanges(ctx context.Context, most int) ([]StatusChange, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		update accounts set tell_apps = false where id in (select id from accounts where tell_apps limit $1 for update skip locked)
		returning id, status = 'disabled'`, most)
	if err != nil {
		return nil, fmt.Errorf("taking accounts that changed: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[StatusChange])
}

func (s *store) sweep(ctx context.Context, before time.Time) error {
	dayAgo := before.AddDate(0, 0, 29) // S-73
	for _, d := range []struct {
		sql  string
		args []any
	}{
		{`delete from sessions where sid in (
			select sid from sessions where least(ended_at, expires_at) < $1 limit 10000 for update skip locked)`, []any{before}},
		{`delete from sign_in_throttles where key in (
			select key from sign_in_throttles where last_failed_at < $1 and (account_id is null or failures < $2) limit 10000 for update skip locked)`, []any{before, allFailures}},
		{`delete from pending_sign_ins where digest in (select digest from pending_sign_ins where expires_at < $1 limit 10000 for update skip locked)`, []any{dayAgo}},
		{`delete from passkey_ceremonies where digest in (select digest from passkey_ceremonies where expires_at < $1 limit 10000 for update skip locked)`, []any{dayAgo}},
		{`delete from email_proofs where expires_at < $1`, []any{dayAgo}},
		{`delete from account_totp where confirmed_at is null and created_at < $1`, []any{dayAgo}}, // shown, never proven
		{`delete from factor_throttles where last_failed_at < $1 and failures < $2`, []any{before, allFactorTries}},
		{`delete from remembered_devices where id in (select id from remembered_devices where expires_at < $1 limit 10000 for update skip locked)`, []any{dayAgo}},
		{`delete from disown_links where digest in (select digest from disown_links where expires_at < $1 limit 10000 for update skip locked)`, []any{dayAgo}},
		{`delete from former_questions where expires_at < $1`, []any{dayAgo}},
		{`delete from used_disown_links where expires_at < $1`, []any{dayAgo}},
		{`delete from answer_throttles where greatest(began_at, closed_until) < $1`, []any{before}},
	} {
		if _, err := s.db.DeleteBatches(ctx, d.sql, d.args...); err != nil {
			return fmt.Errorf("sweeping accounts: %w", err)
		}
	}
	return nil
}
