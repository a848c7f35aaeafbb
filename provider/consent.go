package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// consent is what a member allowed a client (design.md section 3): a row of its own, with an expiry.
type consent struct {
	ID        uuid.UUID
	Subject   string
	Scopes    []string
	Refused   []string
	GrantedAt time.Time
	ExpiresAt time.Time
}

// covers reports whether the member has already decided on all of the scopes.
func (c *consent) covers(scopes []string) bool {
	for _, scope := range scopes {
		if !decidedOn(c.Scopes, scope) && !c.refuses(scope) {
			return false
		}
	}
	return true
}

// refuses reports whether the member has refused a scope. A scope on all observations that was narrowed to some categories was not
// refused: a part of it that the app asks for later is a new question.
func (c *consent) refuses(scope string) bool {
	record, ok := parseRecordScope(scope)
	if !ok || record.kind != "Observation" || slices.Contains(c.Refused, scope) {
		return decidedOn(c.Refused, scope)
	}
	narrowed := slices.ContainsFunc(c.Scopes, func(one string) bool {
		part, ok := parseRecordScope(one)
		return ok && part.kind == "Observation" && part.category() != ""
	})
	return !narrowed && decidedOn(c.Refused, scope)
}

// decidedOn is coversScope, except that whose record it is is one decision, no matter how the app is launched.
func decidedOn(scopes []string, one string) bool {
	return coversScope(scopes, one) || (one == scopeLaunch || one == scopeLaunchPatient) &&
		(slices.Contains(scopes, scopeLaunch) || slices.Contains(scopes, scopeLaunchPatient))
}

// granted returns the requested scopes that the member left ticked; for a scope on the whole record, the ticked parts.
func (c *consent) granted(scopes []string) []string {
	var granted []string
	for _, scope := range scopes {
		if decidedOn(c.Scopes, scope) {
			granted = append(granted, scope)
			continue
		}
		for _, part := range c.Scopes {
			if coversScope([]string{scope}, part) && !slices.Contains(granted, part) {
				granted = append(granted, part)
			}
		}
	}
	return granted
}

// lockConsent serializes two presses of one button: the second sees what the first did.
func (s *store) lockConsent(ctx context.Context, account uuid.UUID, clientID string) error {
	_, err := s.db.From(ctx).Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('consent ' || $1::text || ' ' || $2, 0))`, account.String(), clientID)
	if err != nil {
		return fmt.Errorf("waiting for another press: %w", err)
	}
	return nil
}

// consentOf reads an account's consent to a client, nil if there is none. It does not rely on the sweep to exclude an
// expired one.
func (s *store) consentOf(ctx context.Context, account uuid.UUID, clientID string, now time.Time) (*consent, error) {
	c := &consent{}
	err := s.db.From(ctx).QueryRow(ctx, `
		select id, subject, scopes, refused, granted_at, expires_at
		from consents where account_id = $1 and client_id = $2 and revoked_at is null and expires_at > $3`, account, clientID, now).
		Scan(&c.ID, &c.Subject, &c.Scopes, &c.Refused, &c.GrantedAt, &c.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the consent: %w", err)
	}
	return c, nil
}

// allow records the member's choice in place of an earlier one, notifies them by mail, and revokes the grants made
// under the earlier one. The same choice for the same request, as from a second press, changes nothing. The error is
// accounts.ErrNoSession if the session has ended meanwhile, or the database's.
func (s *Service) allow(ctx context.Context, session *accounts.Session, r *authorizeRequest, asked, scopes []string, until time.Time) error {
	client := r.client
	account, err := s.accounts.Get(ctx, session.AccountID)
	if err != nil {
		return err
	}
	now := s.now()
	refused := nonNil(slices.DeleteFunc(slices.Clone(asked), func(scope string) bool { return slices.Contains(scopes, scope) }))
	return s.store.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.accounts.StillOpen(ctx, session.AccountID, session.SID); err != nil { // first, as what ends sessions locks
			return err
		}
		if err := s.store.lockConsent(ctx, session.AccountID, client.ID); err != nil {
			return err
		}
		before, err := s.store.consentOf(ctx, session.AccountID, client.ID, now)
		if err != nil {
			return err
		}
		if before != nil && !before.GrantedAt.Before(r.requestedAt) && slices.Equal(before.Scopes, scopes) && slices.Equal(before.Refused, refused) &&
			until.Sub(before.ExpiresAt).Abs() <= now.Sub(before.GrantedAt).Abs()+time.Second { // same duration; the first press may arrive second
			return nil
		}
		subject, err := s.store.subjectAt(ctx, session, client)
		if err != nil {
			return err
		}
		if _, err := s.store.endConsent(ctx, session.AccountID, client.ID, now); err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`insert into consents (id, account_id, client_id, subject, scopes, refused, granted_at, expires_at)
			values (@id, @account_id, @client_id, @subject, @scopes, @refused, @granted_at, @expires_at)`,
			pgx.NamedArgs{"id": uuid.Must(uuid.NewV7()), "account_id": session.AccountID, "client_id": client.ID, "subject": subject,
				"scopes": scopes, "refused": refused, "granted_at": now, "expires_at": until})
		s.store.queueAllowed(ctx, b, session, client, now)
		s.store.queueReminder(b, session.AccountID, now)
		notice := "app_allowed"
		switch {
		case until.Equal(noEnd):
			notice = "app_allowed_no_end"
		case brief(now, until):
			notice = "app_allowed_once"
		}
		if err := s.accounts.QueueNotice(ctx, b, account, notice, templates.Args{"at": now, "until": until, "datetime": until, "app": client.in(account.Language).Name}); err != nil {
			return err
		}
		return s.store.db.Finish(ctx, b)
	})
}

// queueAllowed adds the member's permission to their history.
func (s *store) queueAllowed(ctx context.Context, b *pgx.Batch, session *accounts.Session, client *Client, now time.Time) {
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.AppAllowed, At: now, AccountID: session.AccountID.String(), ClientID: client.ID,
		SessionID: session.SID, RequestID: web.RequestID(ctx), Success: true, Data: client.called()})
}

// needsConsent is false for the programme's own apps.
func (c *Client) needsConsent() bool { return c.Metadata.asksConsent() }

func (m *Metadata) asksConsent() bool {
	return m.Profile == ProfilePartner || m.Profile == ProfileSmart || m.Profile == ProfileCertification
}
