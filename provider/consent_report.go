package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
)

// PatientAccess is how members let apps of their own choice have health data in a span of time: the counts of the yearly
// report under 42 CFR 431.60(h), and of nobody in particular. An app has had data when it was issued tokens under a
// permission with a scope of the health record; what it then read is known to the FHIR server alone.
type PatientAccess struct {
	Members        int       `json:"members"`           // whose data went to an app
	MoreThanOnce   int       `json:"more_than_once"`    // those to whose apps tokens were issued twice or more
	MoreThanOneApp int       `json:"more_than_one_app"` // those with two such apps or more
	Apps           []AppUse  `json:"apps"`              // most members first
	Refused        []Refusal `json:"refused"`           // oldest first
}

// AppUse is one app's part in PatientAccess.
type AppUse struct {
	ClientID string `json:"client_id"`
	Name     string `json:"client_name"`
	Members  int    `json:"members"`
}

// Refusal says that the access to health data of an app that members choose was ended or given back, and why (42 CFR
// 431.60(e)).
type Refusal struct {
	At       time.Time `json:"at"`
	ClientID string    `json:"client_id"`
	Name     string    `json:"client_name"`
	Ended    bool      `json:"ended"` // false: given back
	Reason   string    `json:"reason,omitempty"`
}

// healthUse selects the tokens, per account and client, that were issued from $1 on and before $2 under a permission for
// health data.
const healthUse = `
	with used as (
		select e.account_id, e.client_id, count(*) as times
		from audit_events e
		where e.kind in ($3, $4) and e.success and e.at >= $1 and e.at < $2 and exists (
			select from consents c
			where c.account_id = e.account_id and c.client_id = e.client_id and c.granted_at <= e.at and (c.revoked_at is null or c.revoked_at >= e.at)
				and exists (select from unnest(c.scopes) scope where starts_with(scope, 'patient/')))
		group by e.account_id, e.client_id)`

// PatientAccess counts the use of apps from one instant on and before another.
func (r *Clients) PatientAccess(ctx context.Context, from, to time.Time) (PatientAccess, error) {
	clients := r.seen().byID
	access := PatientAccess{Apps: []AppUse{}, Refused: []Refusal{}}
	args := []any{from, to, audit.TokensIssued, audit.TokensRefreshed}
	err := r.DB.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(healthUse+`
			select count(*), count(*) filter (where times > 1), count(*) filter (where apps > 1)
			from (select sum(times) as times, count(*) as apps from used group by account_id) member`, args...).QueryRow(func(row pgx.Row) error {
			return row.Scan(&access.Members, &access.MoreThanOnce, &access.MoreThanOneApp)
		})
		b.Queue(healthUse+` select client_id, count(*) from used group by client_id order by 2 desc, 1`, args...).Query(func(rows pgx.Rows) error {
			var a AppUse
			_, err := pgx.ForEachRow(rows, []any{&a.ClientID, &a.Members}, func() error {
				a.Name = ""
				if client := clients[a.ClientID]; client != nil {
					a.Name = client.Metadata.ClientName
				}
				access.Apps = append(access.Apps, a)
				return nil
			})
			return err
		})
		b.Queue(`select e.at, e.client_id, e.kind = $3, e.reason, exists (
				select from consents c, unnest(c.scopes) scope where c.client_id = e.client_id and starts_with(scope, 'patient/'))
			from audit_events e
			where e.kind in ($3, $4) and e.at >= $1 and e.at < $2 and e.reason <> $5 order by e.at, e.id`,
			from, to, audit.ClientDisabled, audit.ClientEnabled, deletedByOwner).Query(func(rows pgx.Rows) error {
			var f Refusal
			var had bool // health data, whatever it is registered for now
			_, err := pgx.ForEachRow(rows, []any{&f.At, &f.ClientID, &f.Ended, &f.Reason, &had}, func() error {
				client := clients[f.ClientID]
				if client != nil && client.needsConsent() && (had || client.Metadata.Profile == ProfileSmart) {
					f.At, f.Name = f.At.UTC(), client.Metadata.ClientName
					access.Refused = append(access.Refused, f)
				}
				return nil
			})
			return err
		})
		return r.DB.Finish(ctx, b)
	})
	if err != nil {
		return PatientAccess{}, fmt.Errorf("counting the use of apps: %w", err)
	}
	return access, nil
}
