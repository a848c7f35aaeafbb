-- +goose Up
-- What a member allowed a partner app, for how long. Grants made under it end with it.
create table consents (
	id         uuid        constraint consents_pkey primary key,
	account_id uuid        not null,
	client_id  text        not null,
	subject    text        not null, -- sub at this client: pairwise by sector, or public
	scopes     text[]      not null, -- what the member left ticked
	refused    text[]      not null, -- what was asked and unticked, so that it is not asked again as new
	granted_at timestamptz not null,
	expires_at timestamptz not null,
	revoked_at timestamptz
);
create unique index consents_open_key on consents (account_id, client_id) where revoked_at is null;

-- The random sub of a member at the clients of one sector (OpenID Connect Core 8.1).
create table pairwise_subjects (
	account_id uuid not null,
	sector     text not null,
	subject    text not null constraint pairwise_subjects_subject_key unique,
	constraint pairwise_subjects_pkey primary key (account_id, sector)
);

alter table grants add column consent_id uuid;
create index grants_consent_id_idx on grants (consent_id) where consent_id is not null;
