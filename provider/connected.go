package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
)

// ConnectedApps are the apps that the member has allowed something, the newest first. An
// app was last used when it last redeemed a code or renewed its tokens.
func (s *Service) ConnectedApps(ctx context.Context, accountID uuid.UUID) ([]accounts.ConnectedApp, error) {
	rows, err := s.store.db.From(ctx).Query(ctx, `
		select c.id, c.client_id, c.scopes, c.granted_at, c.expires_at, (
			select greatest(max(d.redeemed_at), max(t.created_at))
			from grants g left join code_redemptions d on d.grant_id = g.id and d.succeeded left join refresh_tokens t on t.grant_id = g.id
			where g.consent_id = c.id)
		from consents c where c.account_id = $1 and c.revoked_at is null and c.expires_at > $2
		order by c.granted_at desc`, accountID, s.now())
	if err != nil {
		return nil, fmt.Errorf("reading the member's apps: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (a accounts.ConnectedApp, err error) {
		var used *time.Time
		var scopes []string
		if err = row.Scan(&a.ID, &a.ClientID, &scopes, &a.GrantedAt, &a.ExpiresAt, &used); err != nil {
			return a, err
		}
		if used != nil {
			a.LastUsed = used.UTC()
		}
		for _, g := range groupsOf(scopes) {
			a.Sees = append(a.Sees, accounts.SeenData{Key: g.Key, Name: g.Name, Changes: g.Changes})
		}
		a.Name = s.appName(a.ClientID)
		if client, err := s.clients.Get(a.ClientID); err == nil {
			a.Operator = client.Metadata.OperatorName
		}
		return a, nil
	})
}
