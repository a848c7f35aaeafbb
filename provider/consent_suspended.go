package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/templates"
)

// NotifySuspended mails the members who have allowed a partner app something that was disabled since, once each time it is.
// cmd/idp calls it periodically, on any number of instances.
func (s *Service) NotifySuspended(ctx context.Context) error {
	for _, client := range s.clients.seen().byID {
		if client.DisabledAt == nil || !client.needsConsent() {
			continue
		}
		if at, told := s.suspended.Load(client.ID); told && at == *client.DisabledAt {
			continue
		}
		err := s.drain(ctx, func(ctx context.Context) (int, error) { return s.notifySuspended(ctx, client) })
		if err != nil {
			return err
		}
		s.suspended.Store(client.ID, *client.DisabledAt)
	}
	return nil
}

// notifySuspended takes one batch of permissions, and returns how many there were.
func (s *Service) notifySuspended(ctx context.Context, client *Client) (int, error) {
	rows, err := s.store.db.From(ctx).Query(ctx, `
		update consents set suspension_noticed_at = $2 where id in (
			select id from consents
			where client_id = $1 and revoked_at is null and expires_at > $2 and granted_at <= $3
				and (suspension_noticed_at is null or suspension_noticed_at < $3)
			limit $4 for update skip locked)
		returning account_id`, client.ID, s.now(), *client.DisabledAt, notifyBatch)
	if err != nil {
		return 0, fmt.Errorf("finding the permissions of a suspended app: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, fmt.Errorf("finding the permissions of a suspended app: %w", err)
	}
	b := &pgx.Batch{}
	for _, id := range ids {
		account, err := s.accounts.Get(ctx, id)
		if err != nil {
			return 0, err
		}
		if account.Status != accounts.Active {
			continue
		}
		args := templates.Args{"at": client.DisabledAt.UTC().Truncate(time.Second), "app": client.in(account.Language).Name}
		if err := s.accounts.QueueNotice(ctx, b, account, "app_suspended", args); err != nil {
			return 0, err
		}
	}
	return len(ids), s.store.db.Finish(ctx, b)
}
