package provider

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
)

type clientRow struct {
	ClientID        string
	Metadata        Metadata
	SecretMAC       []byte `db:"secret_mac"`
	RegistrationMAC []byte `db:"registration_mac"`
	DisabledAt      *time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
	LogoDigest      []byte
	LanguageLogos   map[string][]byte // digests
}

// reload reads version and clients in one statement each, version first: the next check sees a change in between again.
func (r *Clients) reload(ctx context.Context) error {
	version, err := r.version(ctx)
	if err != nil {
		return err
	}
	rows, err := r.DB.From(ctx).Query(ctx, `
		select c.client_id, c.metadata, c.secret_mac, c.registration_mac, c.disabled_at, c.created_at, c.updated_at, l.digest as logo_digest,
			(select jsonb_object_agg(v.lang, encode(v.digest, 'base64')) from client_language_logos v where v.client_id = c.client_id) as language_logos
		from clients c
		left join client_logos l on l.client_id = c.client_id`)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[clientRow])
	if err != nil {
		return err
	}
	byID, browserApps, fhirServers := make(map[string]*Client, len(all)), map[string]bool{}, map[string]*Client{}
	for _, row := range all {
		client := &Client{ID: row.ClientID, Metadata: row.Metadata, SecretMAC: row.SecretMAC, RegistrationMAC: row.RegistrationMAC,
			DisabledAt: row.DisabledAt, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt}
		client.logos = map[string]*logo{}
		for lang, digest := range row.LanguageLogos {
			client.logos[lang] = &logo{Digest: digest}
		}
		if row.LogoDigest != nil {
			client.logos[""] = &logo{Digest: row.LogoDigest}
		}
		byID[client.ID] = client
		if client.IsPublic() && client.DisabledAt == nil {
			for _, from := range origins(client.Metadata.RedirectURIs) {
				browserApps[from] = true
			}
		}
		if client.Metadata.FHIRServer != "" && client.DisabledAt == nil {
			fhirServers[client.Metadata.FHIRServer] = client
		}
	}
	r.snapshot.Store(&registry{version, byID, browserApps, fhirServers})
	return nil
}

func (r *Clients) version(ctx context.Context) (version int64, err error) {
	err = r.DB.From(ctx).QueryRow(ctx, `select version from client_registry`).Scan(&version)
	return version, err
}

func (c *Client) args() pgx.NamedArgs {
	return pgx.NamedArgs{"client_id": c.ID, "metadata": c.Metadata, "secret_mac": c.SecretMAC, "registration_mac": c.RegistrationMAC,
		"disabled_at": c.DisabledAt, "created_at": c.CreatedAt, "updated_at": c.UpdatedAt}
}

func (r *Clients) insert(ctx context.Context, c *Client) error {
	_, err := r.DB.From(ctx).Exec(ctx, `
		with raised as (update client_registry set version = version + 1)
		insert into clients (client_id, metadata, secret_mac, registration_mac, disabled_at, created_at, updated_at)
		values (@client_id, @metadata, @secret_mac, @registration_mac, @disabled_at, @created_at, @updated_at)`, c.args())
	if postgres.Violated(err) == "clients_pkey" {
		return ErrClientExists
	}
	if err != nil {
		return err
	}
	if err := r.checkServerName(ctx, c); err != nil {
		return err
	}
	return r.storeLogos(ctx, c)
}

// replace is update for new metadata, which includes a FHIR server's name and the logos.
func (r *Clients) replace(ctx context.Context, c *Client) error {
	if err := r.update(ctx, c); err != nil {
		return err
	}
	if err := r.checkServerName(ctx, c); err != nil {
		return err
	}
	return r.storeLogos(ctx, c)
}

func (r *Clients) update(ctx context.Context, c *Client) error {
	tag, err := r.DB.From(ctx).Exec(ctx, `
		with raised as (update client_registry set version = version + 1)
		update clients
		set metadata = @metadata, secret_mac = @secret_mac, disabled_at = @disabled_at, updated_at = @updated_at
		where client_id = @client_id`, c.args())
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNoClient
	}
	return err
}

func cmpText(a, b string) int { return cmp.Compare(a, b) }
