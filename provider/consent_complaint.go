package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// complaints bounds what one member writes.
var complaints = ratelimit.Limit{Name: "app_complaints", Count: 5, Per: 24 * time.Hour}

func complaintPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "app_complaints", Column: "text_sealed", Row: id.String()}
}

// Complain stores what a member complains of about an app. The same complaint of the same day is one: its number is the same. The error
// is *ratelimit.Exceeded, or the database's.
func (s *Service) Complain(ctx context.Context, accountID uuid.UUID, c accounts.Complaint) (number uuid.UUID, err error) {
	now := s.now()
	id := uuid.NewSHA1(accountID, fmt.Appendf(nil, "%q %q %q %s", c.ClientID, c.Kind, c.Text, now.Format(time.DateOnly)))
	err = s.store.db.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.store.db.From(ctx).Exec(ctx, `
			insert into app_complaints (id, client_id, account_id, kind, text_sealed, created_at) values ($1, $2, $3, $4, $5, $6)
			on conflict on constraint app_complaints_pkey do nothing`,
			id, c.ClientID, accountID, c.Kind, s.store.keyring.Seal(seal.PII, complaintPlace(id), []byte(c.Text)), now)
		if err != nil {
			return fmt.Errorf("storing a complaint: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
		if err := s.limiter.Take(ctx, complaints, accountID.String(), now); err != nil {
			return err
		}
		return s.store.audit.Record(ctx, audit.Event{Kind: audit.AppComplaint, At: now, AccountID: accountID.String(), ClientID: c.ClientID,
			RequestID: web.RequestID(ctx), Success: true, Data: s.called(c.ClientID)})
	})
	return id, err
}

// Complaints returns what the member has complained of, the newest first.
func (s *Service) Complaints(ctx context.Context, accountID uuid.UUID) ([]accounts.Complaint, error) {
	all, err := complaintsOf(ctx, s.store.db, s.store.keyring, `where account_id = $1`, accountID)
	for i := range all {
		all[i].App = s.appName(ctx, all[i].ClientID)
	}
	return all, err
}

// Complaints returns what members have complained of about a client, the newest first, without who they are.
func (r *Clients) Complaints(ctx context.Context, id string) ([]accounts.Complaint, error) {
	return complaintsOf(ctx, r.DB, r.Keyring, `where client_id = $1`, id)
}

func complaintsOf(ctx context.Context, db *postgres.DB, keyring *seal.Keyring, where string, arg any) ([]accounts.Complaint, error) {
	rows, err := db.From(ctx).Query(ctx, `select id, client_id, kind, text_sealed, created_at from app_complaints `+where+` order by created_at desc, id limit 100`, arg)
	if err != nil {
		return nil, fmt.Errorf("reading complaints: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c accounts.Complaint, err error) {
		var sealed []byte
		if err = row.Scan(&c.ID, &c.ClientID, &c.Kind, &sealed, &c.At); err != nil {
			return c, err
		}
		text, err := keyring.Open(seal.PII, complaintPlace(c.ID), sealed)
		if err != nil {
			return c, fmt.Errorf("opening a complaint: %w", err)
		}
		c.Text, c.At = string(text), c.At.UTC()
		return c, nil
	})
}
