package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"huskyidp/internal/audit"
)

// What the partner area does with clients, by the rules of every other way in.

// Prepare checks a registration, as Create does, and that its names are not those of another app or of the programme. It fetches
// documents, so it is not for a transaction; what it returns registers the client in one. own are the clients of the same organisation.
func (r *Clients) Prepare(ctx context.Context, m Metadata, brands, own []string) (register func(ctx context.Context, id string) error, err error) {
	pictures, err := r.check(ctx, &m)
	if err == nil {
		err = r.checkOwnNames(&m, brands, own...)
	}
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, id string) error {
		now := r.Now()
		client := &Client{ID: id, Metadata: m, CreatedAt: now, UpdatedAt: now, logos: pictures}
		r.newSecret(client) // known to nobody: the partner makes the first one that is shown
		if err := r.insert(ctx, client); err != nil {
			return err
		}
		return r.Audit.Record(ctx, audit.Event{Kind: audit.ClientCreated, At: now, ClientID: id, Success: true})
	}, nil
}

// FHIRServers are the addresses of the FHIR servers that are registered.
func (r *Clients) FHIRServers() (bases []string) {
	servers := r.seen().fhirServers
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		bases = append(bases, servers[name].Metadata.ResourceServer...)
	}
	return bases
}

// Known returns a client, disabled or not. The error is ErrNoClient, or the database's.
func (r *Clients) Known(ctx context.Context, id string) (*Client, error) {
	return r.registered(ctx, id)
}

// SetKeys replaces the keys by which a client authenticates. The error is *MetadataError, ErrNoClient, or the database's.
func (r *Clients) SetKeys(ctx context.Context, id string, keys KeyMetadata) error {
	old, err := r.registered(ctx, id)
	if err != nil {
		return err
	}
	client := *old
	client.Metadata.JWKS, client.Metadata.JWKSURI, client.UpdatedAt = keys.JWKS, keys.JWKSURI, r.Now()
	if err := client.Metadata.checkKeys(); err != nil {
		return err
	}
	if err := r.checkCalled(&client.Metadata); err != nil {
		return err
	}
	return r.change(ctx, audit.ClientUpdated, &client, r.update)
}

// ClientUsage counts members' permissions for a client.
type ClientUsage struct {
	Permissions int // open now
	Recent      int // of them, given within 30 days
}

// Usage counts by an index: a partner may ask often.
func (r *Clients) Usage(ctx context.Context, id string) (u ClientUsage, err error) {
	now := r.Now()
	err = r.DB.From(ctx).QueryRow(ctx, `
		select count(*), count(*) filter (where granted_at > $3) from consents where client_id = $1 and revoked_at is null and expires_at > $2`,
		id, now, now.AddDate(0, 0, -30)).Scan(&u.Permissions, &u.Recent)
	if err != nil {
		return u, fmt.Errorf("counting a client's permissions: %w", err)
	}
	return u, nil
}
