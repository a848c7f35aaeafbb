-- +goose Up
-- Opaque access tokens, for clients that ask for them; the default are JWTs, which have
-- no row. grant_id is null for a service's own token.
create table access_tokens (
	hash       bytea       constraint access_tokens_pkey primary key, -- SHA-256
	grant_id   uuid        constraint access_tokens_grant_id_fkey references grants (id) on delete cascade,
	claims     jsonb       not null, -- as a JWT would carry them
	expires_at timestamptz not null
);
create index access_tokens_grant_id_idx on access_tokens (grant_id);
create index access_tokens_expires_at_idx on access_tokens (expires_at);

-- Access tokens that were revoked one by one (RFC 7009) before they expired.
create table revoked_access_tokens (
	jti        text        constraint revoked_access_tokens_pkey primary key,
	expires_at timestamptz not null
);
create index revoked_access_tokens_expires_at_idx on revoked_access_tokens (expires_at);
