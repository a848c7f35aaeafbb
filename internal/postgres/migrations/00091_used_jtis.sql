-- +goose Up
-- Client assertions and DPoP proofs that were used: a second insert of one changes
-- nothing, which is how a replay is known.
create table used_jtis (
	digest     bytea       constraint used_jtis_pkey primary key, -- SHA-256 of whose it is (client or key) and the jti
	expires_at timestamptz not null -- when it would be too old anyway
);
create index used_jtis_expires_at_idx on used_jtis (expires_at);
