package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
)

// Device is what a User-Agent reveals about a browser; "" if unknown.
type Device struct{ Browser, System string }

// OpenSession is an entry of the list of sessions.
type OpenSession struct {
	SID        string
	AuthTime   time.Time
	LastSeenAt time.Time
	Device
}

// OpenSessions returns the open sessions of an account, the last used first. here is the one that asks. Of those that one
// form opened, sent twice, one is listed: the one in use, and it ends with the others.
func (s *Service) OpenSessions(ctx context.Context, id uuid.UUID, here string) ([]OpenSession, error) {
	now := s.now()
	rows, err := s.db.From(ctx).Query(ctx, `
		with open as (
			select * from sessions
			where account_id = $1 and ended_at is null and expires_at > $2 and last_seen_at > greatest($3, $2::timestamptz - idle)
		)
		select sid, auth_time, last_seen_at, browser, system from open s
		where sid = $4 or not exists (
			select from open n where `+sameForm+` and `+neverUsed+` and (n.sid = $4 or (n.last_seen_at, n.sid) > (s.last_seen_at, s.sid)))
		order by last_seen_at desc, sid`, id, now, now.Add(-s.idle), here)
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[OpenSession])
}

// EndOwnSession ends a session if it is one of the account's, and everything that was issued in it; second steps that it
// has added and that wait for their first use go too.
func (s *Service) EndOwnSession(ctx context.Context, account uuid.UUID, sid string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.dropFactors(ctx, &pgx.Batch{}, account, `usable_from > @now and sid = @sid`, sid, "factor_removed"); err != nil {
			return err
		}
		return s.endSession(ctx, sid, &account, voidsAll, audit.SessionEnded)
	})
}

// EnrolledFactor is an entry of the list of second steps.
type EnrolledFactor struct {
	Factor     Factor
	ID         uuid.UUID // of a passkey
	Label      string    // of a passkey, as the member named it
	Left       int       // remaining saved codes
	Since      time.Time
	UsableFrom time.Time
	LastUsed   time.Time // zero if never
}

// EnrolledFactors lists the app, the passkeys and the saved codes, including those on hold (S-55).
func (s *Service) EnrolledFactors(ctx context.Context, id uuid.UUID) (list []EnrolledFactor, err error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select 'totp', null::uuid, null::bytea, 0, confirmed_at, usable_from, last_used_at from account_totp where account_id = $1 and confirmed_at is not null
		union all
		select 'passkey', id, label_sealed, 0, created_at, usable_from, last_used_at from account_passkeys where account_id = $1
		union all
		select 'saved_codes', null, null, count(*) filter (where used_at is null), min(made_at), min(made_at), max(used_at)
			from account_saved_codes where account_id = $1 having count(*) > 0
		order by 5`, id)
	if err != nil {
		return nil, fmt.Errorf("listing factors: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f EnrolledFactor, err error) {
		var key *uuid.UUID
		var label []byte
		var used *time.Time
		if err = row.Scan(&f.Factor, &key, &label, &f.Left, &f.Since, &f.UsableFrom, &used); err != nil {
			return f, err
		}
		if used != nil {
			f.LastUsed = used.UTC()
		}
		if key != nil {
			f.ID = *key
			var plain []byte
			plain, err = s.keyring.Open(seal.PII, labelPlace(f.ID), label)
			f.Label = string(plain)
		}
		return f, err
	})
}

// historyPage is the number of events per page.
const historyPage = 25

// Occurrence is an event of the account's history, with the device of its session if still known.
type Occurrence struct {
	audit.Event
	Device
	Again bool // a sign-in by a form that was sent again; the browser kept the session of another one
}

// History returns a page of the account's events, the newest first; more reports whether there are older ones.
func (s *Service) History(ctx context.Context, id uuid.UUID, page int) (list []Occurrence, more bool, err error) {
	return s.history(ctx, id, (page-1)*historyPage, historyPage)
}

// history returns at most limit events from an offset on.
func (s *Service) history(ctx context.Context, id uuid.UUID, offset, limit int) (list []Occurrence, more bool, err error) {
	events, err := s.audit.MemberHistory(ctx, id, offset, limit+1)
	if err != nil {
		return nil, false, fmt.Errorf("reading the history: %w", err)
	}
	if more = len(events) > limit; more {
		events = events[:limit]
	}
	sids := make([]string, 0, len(events))
	for _, e := range events {
		sids = append(sids, e.SessionID)
	}
	rows, err := s.db.From(ctx).Query(ctx, `
		select sid, browser, system, `+neverUsed+` and exists (
			select from sessions n where `+openedTogether+` and (n.last_seen_at, n.sid) > (s.last_seen_at, s.sid))
		from sessions s where account_id = $1 and sid = any($2)`, id, sids)
	if err != nil {
		return nil, false, fmt.Errorf("reading devices: %w", err)
	}
	sessions := map[string]Occurrence{}
	var sid string
	var known Occurrence
	if _, err = pgx.ForEachRow(rows, []any{&sid, &known.Browser, &known.System, &known.Again}, func() error { sessions[sid] = known; return nil }); err != nil {
		return nil, false, err
	}
	for _, e := range events {
		if known := sessions[e.SessionID]; known.Again && e.Kind != audit.SignedIn && e.Kind != audit.NewDevice {
			known.Again = false // it was signed out of, say
			sessions[e.SessionID] = known
		}
	}
	for _, e := range events {
		known := sessions[e.SessionID]
		known.Event = e
		list = append(list, known)
	}
	return list, more, nil
}
