package partners

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
)

const (
	sessionIdle = 15 * time.Minute // as the desk's (S-23)
	sessionLife = 8 * time.Hour
)

// Person is somebody of an organisation, signed in.
type Person struct {
	ID           uuid.UUID
	Organisation uuid.UUID
	Name         string // of the organisation
	Email        string
	Session      uuid.UUID
	EndsAt       time.Time // of the session, unless it is used
}

// Who is the one check of every request: the session is open, and its person is one of the organisation at this moment. use extends the
// session. The error is ErrNoSession, or the database's.
func (s *Service) Who(ctx context.Context, token string, use bool) (p Person, err error) {
	if !seal.IsToken(token) {
		return p, ErrNoSession
	}
	now := s.Now()
	var sealed []byte
	err = s.DB.From(ctx).QueryRow(ctx, `
		with seen as (
			update partner_sessions set last_seen_at = @now
			where @use and digest = @digest and expires_at > @now and last_seen_at > @idle and last_seen_at <= @now::timestamptz - interval '1 minute'
		)
		select p.id, o.id, o.name, p.email_sealed, s.id, least(s.expires_at, s.last_seen_at + make_interval(secs => @idle_seconds))
		from partner_sessions s join partner_people p on p.id = s.person_id join partner_organisations o on o.id = p.organisation_id
		where s.digest = @digest and s.expires_at > @now and s.last_seen_at > @idle and p.removed_at is null`,
		pgx.NamedArgs{"digest": seal.Digest(token), "now": now, "idle": now.Add(-sessionIdle), "idle_seconds": sessionIdle.Seconds(), "use": use}).
		Scan(&p.ID, &p.Organisation, &p.Name, &sealed, &p.Session, &p.EndsAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, ErrNoSession
	}
	if err != nil {
		return p, fmt.Errorf("reading a partner's session: %w", err)
	}
	p.Email, err = s.openEmail("partner_people", p.ID.String(), sealed)
	return p, err
}

// SignIn opens a session for the owner of the passkey that answered. The browser's former session ends. The error is ErrPasskey, or
// the database's.
func (s *Service) SignIn(ctx context.Context, browser []byte, former, answer string) (token string, err error) {
	var refused error
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		owner, err := s.provePasskey(ctx, browser, answer)
		if refused = nil; errors.Is(err, ErrPasskey) { // its ceremony is over all the same
			refused = err
			return s.note(ctx, audit.Event{Kind: audit.PartnerRefused, Reason: "passkey"})
		}
		if err != nil {
			return err
		}
		if token, err = s.openSession(ctx, owner, former); err != nil {
			return err
		}
		return s.note(ctx, audit.Event{Kind: audit.PartnerEntered, Actor: owner.String(), Success: true})
	})
	return token, cmp.Or(err, refused)
}

func (s *Service) openSession(ctx context.Context, person uuid.UUID, former string) (token string, err error) {
	token = seal.NewToken()
	now := s.Now()
	_, err = s.DB.From(ctx).Exec(ctx, `
		with former as (delete from partner_sessions where digest = @former returning person_id, draft)
		insert into partner_sessions (digest, id, person_id, last_seen_at, expires_at, draft)
		values (@digest, @id, @person, @now, @ends, (select draft from former where person_id = @person))`,
		pgx.NamedArgs{"former": seal.Digest(former), "digest": seal.Digest(token), "id": uuid.Must(uuid.NewV7()), "person": person, "now": now, "ends": now.Add(sessionLife)})
	if err != nil {
		return "", fmt.Errorf("opening a partner's session: %w", err)
	}
	return token, nil
}

// SignOut ends the session.
func (s *Service) SignOut(ctx context.Context, token string) error {
	_, err := s.DB.From(ctx).Exec(ctx, `update partner_sessions set expires_at = least(expires_at, $2) where digest = $1`, seal.Digest(token), s.Now())
	return err
}

// Sweep deletes ceremonies after their end, links after a day, sessions after a week, removed people without a trace elsewhere after a
// year, and requests that were never sent and are untouched for a year (S-73).
func (s *Service) Sweep(ctx context.Context) error {
	now := s.Now()
	b := &pgx.Batch{}
	b.Queue(`delete from partner_ceremonies where expires_at < $1`, now)
	b.Queue(`delete from partner_links where expires_at < $1`, now.AddDate(0, 0, -1))
	b.Queue(`delete from partner_sessions where expires_at < $1 or last_seen_at < $1`, now.AddDate(0, 0, -7))
	b.Queue(`delete from partner_people where removed_at < $1`, now.AddDate(-1, 0, 0))
	b.Queue(`delete from partner_applications a where state = 'draft' and changed_at < $1 and not exists (select from partner_clients c where c.application_id = a.id)`, now.AddDate(-1, 0, 0))
	return s.DB.From(ctx).SendBatch(ctx, b).Close()
}

// note writes an audit event of the area, now.
func (s *Service) note(ctx context.Context, e audit.Event) error {
	e.At = s.Now()
	return s.Audit.Record(ctx, e)
}
