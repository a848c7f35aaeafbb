package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// liveGrants selects the grants, as g, that outlive a sign-out and have tokens; $1 is the account, $2 is now.
const liveGrants = `
	from grants g
	join account_states a on a.account_id = g.account_id
	join code_redemptions d on d.grant_id = g.id and d.succeeded
	where g.account_id = $1 and g.expires_at > $2 and g.revoked_at is null and 'offline_access' = any(g.scopes)
		and a.active and a.credentials_changed_at <= g.created_at
		and not exists (select from session_ends e where e.sid = g.sid and e.voids = 'all')`

// ConnectedApps returns the apps that the member has allowed something, newest first, and the programme's own that may
// act while the member is away. An app was last used when it last redeemed a code or refreshed its tokens.
func (s *Service) ConnectedApps(ctx context.Context, accountID uuid.UUID) ([]accounts.ConnectedApp, error) {
	rows, err := s.store.db.From(ctx).Query(ctx, `
		select c.id, c.client_id, false, c.scopes, c.granted_at, c.expires_at, (
			select greatest(max(d.redeemed_at), max(t.created_at))
			from grants g left join code_redemptions d on d.grant_id = g.id and d.succeeded left join refresh_tokens t on t.grant_id = g.id
			where g.consent_id = c.id)
		from consents c where c.account_id = $1 and c.revoked_at is null and c.expires_at > $2
		union all
		select (array_agg(live.id order by live.created_at))[1], live.client_id, true, array_agg(distinct scope), min(live.created_at), max(live.expires_at), (
			select greatest(max(d.redeemed_at), max(t.created_at))
			from grants g left join code_redemptions d on d.grant_id = g.id and d.succeeded left join refresh_tokens t on t.grant_id = g.id
			where g.account_id = $1 and g.client_id = live.client_id)
		from (select g.* `+liveGrants+` and g.consent_id is null) live, unnest(live.scopes) scope
		group by live.client_id
		order by 5 desc`, accountID, s.now())
	if err != nil {
		return nil, fmt.Errorf("reading the member's apps: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (a accounts.ConnectedApp, err error) {
		var used *time.Time
		var scopes []string
		if err = row.Scan(&a.ID, &a.ClientID, &a.Own, &scopes, &a.GrantedAt, &a.ExpiresAt, &used); err != nil {
			return a, err
		}
		a.Brief = brief(a.GrantedAt, a.ExpiresAt)
		if a.ExpiresAt.Equal(noEnd) {
			a.ExpiresAt = time.Time{}
		}
		if used != nil {
			a.LastUsed = used.UTC()
		}
		for _, g := range groupsOf(scopes) {
			a.Sees = append(a.Sees, accounts.SeenData{Key: g.Key, Name: g.Name, Changes: g.Changes})
		}
		a.Name = s.appName(ctx, a.ClientID)
		if client := s.clients.known(a.ClientID); client != nil {
			a.Operator, a.Suspended = client.Metadata.OperatorName, client.DisabledAt != nil
		}
		return a, nil
	})
}

// Launches returns what is kept of the launches of apps for the member, the newest first.
func (s *Service) Launches(ctx context.Context, accountID uuid.UUID) ([]accounts.AppLaunch, error) {
	rows, err := s.store.db.From(ctx).Query(ctx, `
		select id, client_id, created_at, launch from grants where account_id = $1 and launch is not null order by created_at desc limit 100`, accountID)
	if err != nil {
		return nil, fmt.Errorf("reading launches: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l accounts.AppLaunch, err error) {
		var id uuid.UUID
		var sealed []byte
		if err := row.Scan(&id, &l.App, &l.At, &sealed); err != nil {
			return l, err
		}
		l.App, l.At = s.appName(ctx, l.App), l.At.UTC()
		l.With, err = s.store.keyring.Open(seal.PII, grantLaunchPlace(id), sealed)
		return l, err
	})
}

// EndedWith names the apps that lost their grants because sessions ended after since.
func (s *Service) EndedWith(ctx context.Context, accountID uuid.UUID, since time.Time) ([]string, error) {
	return s.appNames(ctx, `
		select distinct g.client_id from session_ends e join grants g on g.sid = e.sid
		where g.account_id = $1 and e.voids = 'all' and e.ended_at > $2 and g.expires_at > $2`, accountID, since)
}

// staying names the apps that keep the grants of a session when the member signs out.
func (s *Service) staying(ctx context.Context, session *accounts.Session) ([]string, error) {
	return s.appNames(ctx, `select distinct g.client_id `+liveGrants+` and g.sid = $3`, session.AccountID, s.now(), session.SID)
}

// appNames returns the sorted names of the apps whose client IDs a query returns.
func (s *Service) appNames(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.store.db.From(ctx).Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading a session's apps: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for i, id := range names {
		names[i] = s.appName(ctx, id)
	}
	slices.Sort(names)
	return names, err
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
		var apps []sessionApp
		if s.listens(clientID) {
			if apps, err = s.store.appsKnowing(ctx, accountID); err != nil {
				return err
			}
		}
		consent, err := s.store.endConsent(ctx, accountID, clientID, now)
		if err != nil {
			return err
		}
		grants, err := s.store.endGrants(ctx, accountID, clientID, now)
		if err != nil || !consent && !grants {
			return err
		}
		for _, app := range apps {
			if app.ClientID != clientID {
				continue
			}
			if err := s.queueSignal(ctx, signal{ClientID: clientID, Subject: app.Subject, Event: sessionRevoked, OccurredAt: now}); err != nil {
				return err
			}
		}
		b := &pgx.Batch{}
		s.store.audit.Queue(ctx, b, audit.Event{Kind: audit.AppStopped, At: now, AccountID: accountID.String(), ClientID: clientID,
			RequestID: web.RequestID(ctx), Success: true, Data: s.called(clientID)})
		if err := s.accounts.QueueNotice(ctx, b, account, "app_stopped", templates.Args{"at": now, "app": s.appNameIn(account.Language, clientID)}); err != nil {
			return err
		}
		return s.store.db.Finish(ctx, b)
	})
}

// deniedSlack is how much earlier than its notice a permission may have been given.
const deniedSlack = time.Minute

// StopSince ends a member's permissions that were given at an instant or later, as whoever denies an event by the link of its mail
// wishes: a stranger's apps must not stay. It takes part in the transaction of ctx.
func (s *Service) StopSince(ctx context.Context, account accounts.Account, since time.Time) error {
	rows, err := s.store.db.From(ctx).Query(ctx, `
		select client_id from consents where account_id = $1 and revoked_at is null and granted_at >= $2`, account.ID, since.Add(-deniedSlack))
	if err != nil {
		return fmt.Errorf("reading the permissions of a stranger: %w", err)
	}
	apps, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("reading the permissions of a stranger: %w", err)
	}
	for _, clientID := range apps {
		if err := s.StopApp(ctx, account.ID, clientID); err != nil {
			return err
		}
	}
	return nil
}

// StopWatched is StopSince for a member who sets another password: what a stranger allowed with the former one must not stay, and
// nobody can tell it from what the member allowed on a new device.
func (s *Service) StopWatched(ctx context.Context, account accounts.Account) error {
	since, err := s.accounts.WatchedSince(ctx, account.ID)
	if err != nil || since.IsZero() {
		return err
	}
	return s.StopSince(ctx, account, since)
}

// appName returns the name that the member knows a client by, or the ID if the client no longer exists.
func (s *Service) appName(ctx context.Context, clientID string) string {
	return s.appNameIn(web.LangOf(ctx), clientID)
}

// called is that of the client, or its ID if it no longer exists.
func (s *Service) called(clientID string) map[string]string {
	if client := s.clients.known(clientID); client != nil {
		return client.called()
	}
	return map[string]string{"app": clientID}
}

func (s *Service) appNameIn(lang, clientID string) string {
	if client := s.clients.known(clientID); client != nil {
		return client.in(lang).Name
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
