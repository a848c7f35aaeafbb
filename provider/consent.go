package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
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
		if !coversScope(c.Scopes, scope) && !coversScope(c.Refused, scope) {
			return false
		}
	}
	return true
}

// granted returns the requested scopes that the member left ticked; for a scope on the whole record, the ticked parts.
func (c *consent) granted(scopes []string) []string {
	var granted []string
	for _, scope := range scopes {
		if coversScope(c.Scopes, scope) {
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
// under the earlier one. The same choice for the same request, as from a second press, changes nothing.
func (s *Service) allow(ctx context.Context, session *accounts.Session, r *authorizeRequest, asked, scopes []string, until time.Time) error {
	client := r.client
	account, err := s.accounts.Get(ctx, session.AccountID)
	if err != nil {
		return err
	}
	now := s.now()
	refused := nonNil(slices.DeleteFunc(slices.Clone(asked), func(scope string) bool { return slices.Contains(scopes, scope) }))
	return s.store.db.InTx(ctx, func(ctx context.Context) error {
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
		s.store.queueAllowed(b, ctx, session, client, now)
		s.store.queueReminder(b, session.AccountID, now)
		if err := s.accounts.QueueNotice(ctx, b, account, "app_allowed", templates.Args{"at": now, "until": until}); err != nil {
			return err
		}
		return s.store.db.Finish(ctx, b)
	})
}

// queueAllowed adds the member's permission to their history.
func (s *store) queueAllowed(b *pgx.Batch, ctx context.Context, session *accounts.Session, client *Client, now time.Time) {
	s.audit.Queue(b, ctx, audit.Event{Kind: audit.AppAllowed, At: now, AccountID: session.AccountID.String(), ClientID: client.ID,
		SessionID: session.SID, RequestID: web.RequestID(ctx), Success: true, Data: map[string]string{"app": client.in(web.LangOf(ctx)).Name}})
}

// StopApp ends a member's consent to a client, and every grant: codes, refresh tokens and access tokens are void at
// once. A second click notifies nobody.
func (s *Service) StopApp(ctx context.Context, accountID uuid.UUID, clientID string) error {
	account, err := s.accounts.Get(ctx, accountID)
	if err != nil {
		return err
	}
	now := s.now()
	return s.store.db.InTx(ctx, func(ctx context.Context) error {
		consent, err := s.store.endConsent(ctx, accountID, clientID, now)
		if err != nil {
			return err
		}
		grants, err := s.store.endGrants(ctx, accountID, clientID, now)
		if err != nil || !consent && !grants {
			return err
		}
		b := &pgx.Batch{}
		s.store.audit.Queue(b, ctx, audit.Event{Kind: audit.AppStopped, At: now, AccountID: accountID.String(), ClientID: clientID,
			RequestID: web.RequestID(ctx), Success: true, Data: map[string]string{"app": s.appName(ctx, clientID)}})
		if err := s.accounts.QueueNotice(ctx, b, account, "app_stopped", templates.Args{"at": now}); err != nil {
			return err
		}
		return s.store.db.Finish(ctx, b)
	})
}

// appName returns the name that the member knows a client by, or the ID if the client no longer exists.
func (s *Service) appName(ctx context.Context, clientID string) string {
	if client, err := s.clients.Get(clientID); err == nil {
		return client.in(web.LangOf(ctx)).Name
	}
	return clientID
}

// endConsent reports whether there was one.
func (s *store) endConsent(ctx context.Context, accountID uuid.UUID, clientID string, now time.Time) (ended bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		with ended as (
			update consents set revoked_at = @now
			where account_id = @account_id and client_id = @client_id and revoked_at is null
			returning id
		), void as (
			update grants set revoked_at = @now
			where revoked_at is null and consent_id in (select id from ended)
		)
		select exists (select from ended)`,
		pgx.NamedArgs{"now": now, "account_id": accountID, "client_id": clientID}).Scan(&ended)
	return ended, err
}

// endGrants reports whether there were any.
func (s *store) endGrants(ctx context.Context, accountID uuid.UUID, clientID string, now time.Time) (ended bool, err error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		update grants set revoked_at = $3 where account_id = $1 and client_id = $2 and revoked_at is null and expires_at > $3`, accountID, clientID, now)
	return tag.RowsAffected() > 0, err
}

// subjectAt returns the member's sub at a client: the public one, or one per sector that is random, never derived, and
// never reused (S-42).
func (s *store) subjectAt(ctx context.Context, session *accounts.Session, client *Client) (string, error) {
	if !client.pairwise() {
		return session.Subject, nil
	}
	var subject string
	err := s.db.From(ctx).QueryRow(ctx, `
		insert into pairwise_subjects (account_id, sector, subject) values ($1, $2, $3)
		on conflict on constraint pairwise_subjects_pkey do update set sector = excluded.sector
		returning subject`, session.AccountID, client.sector(), rand.Text()).Scan(&subject)
	if postgres.Violated(err) != "" {
		return "", fmt.Errorf("drawing a pairwise subject: %w", err)
	}
	return subject, err
}

// The values of subject_type, OpenID Connect Core 8.
const (
	subjectPublic   = "public"
	subjectPairwise = "pairwise"
)

// sector returns the group with which the client shares its pairwise subjects: clients with the same redirect host or
// the same sector file (OpenID Connect Core 8.1). A redirect URI with a private-use scheme or on this machine proves no
// host, so that such a client shares them with none.
func (c *Client) sector() string {
	if host := c.Metadata.sector(); host != "" {
		return host
	}
	return "client:" + c.ID
}

// sector returns a host, or "" for a client by itself.
func (m *Metadata) sector() string {
	if m.SectorIdentifierURI != "" {
		return hostOf(m.SectorIdentifierURI)
	}
	if len(m.RedirectURIs) == 0 || slices.ContainsFunc(m.RedirectURIs, func(uri string) bool { return hostOf(uri) == "" }) {
		return ""
	}
	return hostOf(m.RedirectURIs[0])
}

// hostOf returns the host of an address on the network, "" for this machine and for schemes without one.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || isLoopback(u.Hostname()) || isLocalhost(u.Hostname()) {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// needsConsent is false for the programme's own apps.
func (c *Client) needsConsent() bool { return c.Metadata.asksConsent() }

func (m *Metadata) asksConsent() bool {
	return m.Profile == ProfilePartner || m.Profile == ProfileSmart || m.Profile == ProfileCertification
}
