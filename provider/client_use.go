package provider

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
)

// Use says whether a client may be used, and what depends on it.
type Use struct {
	Client      *Client
	Changed     bool   // by this call
	By, Reason  string // of its end; "" if it is enabled, or the audit does not say
	Permissions int    // of members, open now
	Tokens      int    // refresh tokens, valid while the client may be used
}

// ReportsEnd reports whether the end of a client's use, and its reason, are part of PatientAccess: the client may be used, and its
// members let it have health data.
func (r *Clients) ReportsEnd(id string) bool {
	client, err := r.Get(id)
	return err == nil && client.Metadata.Profile == ProfileSmart
}

// Disable ends a client's use. The reason is kept in the audit, and in the yearly report for an app of the health record.
func (r *Clients) Disable(ctx context.Context, id, reason string) error {
	_, err := r.SetUse(ctx, id, false, reason, "")
	return err
}

// Enable lets a disabled client be used again.
func (r *Clients) Enable(ctx context.Context, id, reason string) error {
	_, err := r.SetUse(ctx, id, true, reason, "")
	return err
}

// SetUse enables or disables a client. One that is so already is not modified. by is the
// actor; "" means the client itself. The error is ErrNoClient, or the database's.
func (r *Clients) SetUse(ctx context.Context, id string, allow bool, reason, by string) (use Use, err error) {
	old, err := r.registered(ctx, id)
	if err != nil {
		return Use{}, err
	}
	client := *old
	kind := audit.ClientEnabled
	if !allow {
		kind = audit.ClientDisabled
	}
	err = r.DB.InTx(ctx, func(ctx context.Context) error {
		use = Use{Client: &client}
		err := r.DB.From(ctx).QueryRow(ctx, `select disabled_at from clients where client_id = $1 for update`, id).Scan(&client.DisabledAt)
		if err != nil {
			return err
		}
		if use.Changed = (client.DisabledAt == nil) != allow; use.Changed {
			client.UpdatedAt, client.DisabledAt = r.Now(), nil
			if !allow {
				client.DisabledAt = &client.UpdatedAt
			}
			if err := r.update(ctx, &client); err != nil {
				return err
			}
			err := r.Audit.Record(ctx, audit.Event{Kind: kind, At: client.UpdatedAt, ClientID: id, Actor: by, Success: true, Reason: reason})
			if err != nil {
				return err
			}
		}
		return r.readUse(ctx, &use)
	})
	if err != nil {
		return Use{}, fmt.Errorf("changing the use of %s: %w", id, err)
	}
	return use, r.reload(ctx)
}

func (r *Clients) readUse(ctx context.Context, use *Use) error {
	c := use.Client
	now := r.Now()
	b := &pgx.Batch{}
	b.Queue(`select count(*) from consents where client_id = $1 and revoked_at is null and expires_at > $2`, c.ID, now).
		QueryRow(func(row pgx.Row) error { return row.Scan(&use.Permissions) })
	b.Queue(`select count(*) from refresh_tokens t join grants g on g.id = t.grant_id
		where g.client_id = $1 and g.revoked_at is null and g.expires_at > $2 and t.expires_at > $2
			and not exists (select from refresh_tokens later where later.predecessor = t.hash)`, c.ID, now).
		QueryRow(func(row pgx.Row) error { return row.Scan(&use.Tokens) })
	if c.DisabledAt != nil {
		b.Queue(`select actor, reason from audit_events where at = $1 and client_id = $2 and kind = $3`, c.DisabledAt, c.ID, audit.ClientDisabled).
			Query(func(rows pgx.Rows) error {
				_, err := pgx.ForEachRow(rows, []any{&use.By, &use.Reason}, func() error { return nil })
				return err
			})
	}
	return r.DB.From(ctx).SendBatch(ctx, b).Close()
}
