package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/templates"
)

// reminders is the number of accounts per call.
const reminders = 100

// queueReminder has the member reminded half a year after the first app was allowed, and then once a year.
func (s *store) queueReminder(b *pgx.Batch, account uuid.UUID, now time.Time) {
	b.Queue(`insert into app_reminders (account_id, next_at) values ($1, $2) on conflict on constraint app_reminders_pkey do nothing`, account, now.AddDate(0, 6, 0))
}

// RemindApps mails members who have allowed partner apps something, once a year. cmd/idp calls it
// periodically, on any number of instances. Who allows nothing any more is not reminded, until the next app.
func (s *Service) RemindApps(ctx context.Context) error {
	now := s.now()
	for range reminders {
		var done bool
		err := s.store.db.InTx(ctx, func(ctx context.Context) (err error) {
			done, err = s.remindOne(ctx, now)
			return err
		})
		if err != nil || done {
			return err
		}
	}
	return nil
}

// remindOne takes one row that is due; done means that there is none.
func (s *Service) remindOne(ctx context.Context, now time.Time) (done bool, err error) {
	var id uuid.UUID
	var apps int
	err = s.store.db.From(ctx).QueryRow(ctx, `
		select r.account_id, (select count(*) from consents c where c.account_id = r.account_id and c.revoked_at is null and c.expires_at > $1)
		from app_reminders r where r.next_at <= $1 order by r.next_at limit 1 for update skip locked`, now).Scan(&id, &apps)
	if errors.Is(err, pgx.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for reminders: %w", err)
	}
	account, err := s.accounts.Get(ctx, id)
	gone := errors.Is(err, accounts.ErrNotFound)
	if err != nil && !gone {
		return false, err
	}
	b := &pgx.Batch{}
	if gone || apps == 0 || !account.ClosedAt.IsZero() {
		b.Queue(`delete from app_reminders where account_id = $1`, id)
		return false, s.store.db.Finish(ctx, b)
	}
	b.Queue(`update app_reminders set next_at = $2 where account_id = $1`, id, now.AddDate(1, 0, 0))
	if account.Status == accounts.Active {
		if err := s.accounts.QueueNotice(ctx, b, account, "apps_reminder", templates.Args{"n": apps}); err != nil {
			return false, err
		}
	}
	return false, s.store.db.Finish(ctx, b)
}
